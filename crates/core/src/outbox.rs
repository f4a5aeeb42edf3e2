//! What waits for one client to read it.
//!
//! A slow reader hurts only itself: its presence is conflated to the latest state a member, its messages wait up to a
//! bound of bytes, and past that bound it is given up.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use crate::MemberId;
use crate::frame::updates;

/// States that waited are told together up to about so many bytes: much more than what is around them, and little that
/// could still have been replaced.
const TOGETHER_BYTES: usize = 4 << 10;

/// The frames of one connection that its socket has not taken yet, in order.
#[derive(Debug)]
pub struct Outbox {
    queue: VecDeque<Queued>,
    /// Where in the whole stream a member's waiting update stands: `queue[n - taken]`.
    updates: HashMap<MemberId, u64>,
    taken: u64,
    bytes: usize,
    /// What was taken and is still to be written, as it counts.
    ahead: usize,
    limit: usize,
}

#[derive(Debug)]
struct Queued {
    bytes: Bytes,
    form: Form,
    /// Whether it says what the server says of a member. Whatever takes its place has to say that, too.
    informs: bool,
    update_of: Option<MemberId>,
    /// Whether nobody needs it once there is a newer one.
    is_newest: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A message of its own.
    Frame,
    /// A part of a frame, with those next to it.
    Entry,
}

/// More waits than may wait. The connection is to be closed 1013.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client reads too slowly: over {limit} bytes wait for it (`Limits::outbox_bytes`)")]
pub struct Overflow {
    /// The bound.
    pub limit: usize,
}

impl Outbox {
    /// An empty outbox for at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { queue: VecDeque::new(), updates: HashMap::new(), taken: 0, bytes: 0, ahead: 0, limit }
    }

    /// A frame that must arrive, in its place.
    ///
    /// # Errors
    ///
    /// [`Overflow`] when it does not fit; an empty outbox takes any one frame, or a large room could not be joined.
    pub fn push(&mut self, frame: Bytes) -> Result<(), Overflow> {
        self.push_queued(Queued { bytes: frame, form: Form::Frame, informs: false, update_of: None, is_newest: false })
    }

    /// A frame of which nobody needs those before it: what a live value is now. It takes the place of the one that waits, where
    /// nothing stands behind that. What does, it must not overtake: that the value could not be loaded.
    ///
    /// `Ok(true)` says that an older one was replaced.
    ///
    /// # Errors
    ///
    /// [`Overflow`] when it does not fit.
    pub fn push_newest(&mut self, frame: Bytes) -> Result<bool, Overflow> {
        let before = self.queue.pop_back_if(|queued| queued.is_newest);
        self.bytes -= before.as_ref().map_or(0, |before| before.bytes.len());
        let (form, informs, update_of, is_newest) = (Form::Frame, false, None, true);
        self.push_queued(Queued { bytes: frame, form, informs, update_of, is_newest })?;
        Ok(before.is_some())
    }

    /// A member's latest state, as a frame. Where an older one still waits it takes that one's place: a client that reads slowly
    /// sees fewer states, and none of them later than it would have seen the first.
    ///
    /// `Ok(true)` says that an older one was replaced.
    ///
    /// # Errors
    ///
    /// [`Overflow`] when it does not fit.
    pub fn push_update(&mut self, member: &MemberId, frame: Bytes) -> Result<bool, Overflow> {
        self.push_latest(member, frame, Form::Frame, false)
    }

    /// The same as an [entry](updates::entry), which is told with those next to it in one frame (v1). Where the one that waits
    /// says what the server says of the member, `informing` says both in one frame: of that nothing is lost.
    ///
    /// # Errors
    ///
    /// [`Overflow`] when it does not fit.
    pub fn push_entry(
        &mut self,
        member: &MemberId,
        entry: Bytes,
        informing: impl FnOnce() -> Bytes,
    ) -> Result<bool, Overflow> {
        if self.waiting(member).is_some_and(|queued| queued.informs) {
            return self.push_informing(member, informing());
        }
        self.push_latest(member, entry, Form::Entry, false)
    }

    /// The same as a frame that says what the server says of the member, too (v1).
    ///
    /// # Errors
    ///
    /// [`Overflow`] when it does not fit.
    pub fn push_informing(&mut self, member: &MemberId, frame: Bytes) -> Result<bool, Overflow> {
        self.push_latest(member, frame, Form::Frame, true)
    }

    /// An update of this member that waits stays as it is: what it shows later comes behind what is pushed from here on.
    /// For what is said of a member beside its updates, that it is away, is back (in the state that it had then) or left:
    /// pin it before that is pushed, or a later update would overtake it.
    pub fn pin(&mut self, member: &MemberId) {
        let waiting = self.updates.remove(member).and_then(|at| at.checked_sub(self.taken));
        if let Some(queued) = waiting.and_then(|at| self.queue.get_mut(at as usize)) {
            queued.update_of = None;
        }
    }

    /// The frame that is next.
    pub fn pop(&mut self) -> Option<Bytes> {
        let frame = match self.pop_queued()? {
            Queued { bytes, form: Form::Frame, .. } => bytes,
            Queued { bytes, form: Form::Entry, .. } => self.pop_entries(bytes),
        };
        if self.queue.is_empty() {
            self.release();
        }
        Some(frame)
    }

    /// So many bytes of what was taken are still to be written. They count too, but never as more than half of the bound:
    /// the rest of one large frame, a snapshot, must leave room for what comes behind it.
    pub fn set_unwritten(&mut self, bytes: usize) {
        self.ahead = bytes.min(self.limit / 2);
    }

    /// Forgets everything that waits.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.bytes = 0;
        self.release();
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Bytes that wait.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of memory that it takes: what waits, and the places that it waits in. Frames that others wait for too count
    /// as if they were its own.
    #[must_use]
    pub fn memory(&self) -> usize {
        let places = self.queue.capacity() * size_of::<Queued>();
        let updates = self.updates.capacity() * size_of::<(MemberId, u64)>();
        self.bytes + places + updates
    }

    /// The update of this member that another may replace.
    fn waiting(&mut self, member: &MemberId) -> Option<&mut Queued> {
        let at = self.updates.get(member)?.checked_sub(self.taken)?;
        self.queue.get_mut(at as usize)
    }

    fn push_latest(&mut self, member: &MemberId, bytes: Bytes, form: Form, informs: bool) -> Result<bool, Overflow> {
        let (held, ahead, limit) = (self.bytes, self.ahead, self.limit);
        if let Some(queued) = self.waiting(member) {
            let held = held - queued.bytes.len() + bytes.len();
            if held.saturating_add(ahead) > limit && bytes.len() > queued.bytes.len() {
                return Err(Overflow { limit });
            }
            (queued.bytes, queued.form, queued.informs) = (bytes, form, informs);
            self.bytes = held;
            return Ok(true);
        }
        let at = self.taken + self.queue.len() as u64;
        self.push_queued(Queued { bytes, form, informs, update_of: Some(member.clone()), is_newest: false })?;
        self.updates.insert(member.clone(), at);
        Ok(false)
    }

    fn pop_queued(&mut self) -> Option<Queued> {
        let queued = self.queue.pop_front()?;
        self.bytes -= queued.bytes.len();
        self.taken += 1;
        if let Some(member) = &queued.update_of {
            self.updates.remove(member);
        }
        Some(queued)
    }

    /// One frame of this entry and of those behind it.
    fn pop_entries(&mut self, first: Bytes) -> Bytes {
        let mut bytes = first.len();
        let mut entries = vec![first];
        while bytes < TOGETHER_BYTES
            && self.queue.front().is_some_and(|queued| queued.form == Form::Entry)
            && let Some(Queued { bytes: entry, .. }) = self.pop_queued()
        {
            bytes += entry.len();
            entries.push(entry);
        }
        updates::frame_of(&entries)
    }

    fn push_queued(&mut self, queued: Queued) -> Result<(), Overflow> {
        let bytes = self.bytes + queued.bytes.len();
        if bytes.saturating_add(self.ahead) > self.limit && !self.queue.is_empty() {
            return Err(Overflow { limit: self.limit });
        }
        self.bytes = bytes;
        self.queue.push_back(queued);
        Ok(())
    }

    /// An idle connection keeps no buffer.
    fn release(&mut self) {
        self.queue = VecDeque::new();
        self.updates = HashMap::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn member(id: &str) -> MemberId {
        MemberId::parse(id).unwrap()
    }

    fn no_info() -> Bytes {
        panic!("no info waits")
    }

    fn drain(outbox: &mut Outbox) -> Vec<String> {
        std::iter::from_fn(|| outbox.pop()).map(|frame| String::from_utf8(frame.to_vec()).unwrap()).collect()
    }

    /// A frame of entries as its entries, any other as itself.
    fn split(frame: &str) -> Vec<String> {
        let entries = frame.strip_prefix(r#"{"t":"updates","of":["#).and_then(|rest| rest.strip_suffix("]}"));
        entries.unwrap_or(frame).split(',').map(str::to_owned).collect()
    }

    #[test]
    fn an_update_takes_the_place_of_the_one_that_waits() {
        let mut outbox = Outbox::new(100);
        outbox.push("m1".into()).unwrap();
        assert!(!outbox.push_update(&member("a"), "a1".into()).unwrap());
        assert!(!outbox.push_update(&member("b"), "b1".into()).unwrap());
        outbox.push("m2".into()).unwrap();
        assert!(outbox.push_update(&member("a"), "a2".into()).unwrap());
        assert_eq!(drain(&mut outbox), ["m1", "a2", "b1", "m2"]);
        assert!(!outbox.push_update(&member("a"), "a3".into()).unwrap());
        assert_eq!(drain(&mut outbox), ["a3"]);
    }

    #[test]
    fn what_is_newer_takes_the_place_of_what_nobody_needs_and_overtakes_nothing() {
        let mut outbox = Outbox::new(20);
        outbox.push("m1".into()).unwrap();
        for (frame, replaces) in [("v1", false), ("value2", true), ("v3", true)] {
            assert_eq!(outbox.push_newest(frame.into()), Ok(replaces), "{frame}");
        }
        assert_eq!(outbox.bytes(), 4);
        outbox.push("failing".into()).unwrap();
        assert_eq!((outbox.push_newest("v4".into()), outbox.push_newest("v5".into())), (Ok(false), Ok(true)));
        assert_eq!(outbox.push_newest("x".repeat(10).into()), Err(Overflow { limit: 20 }));
        let mut outbox = Outbox::new(20);
        for frame in ["m1", "v3", "failing", "v5"] {
            if frame.starts_with('v') { outbox.push_newest(frame.into()).map(drop) } else { outbox.push(frame.into()) }
                .unwrap();
        }
        assert_eq!(drain(&mut outbox), ["m1", "v3", "failing", "v5"]);
        assert_eq!((outbox.push_newest("v6".into()), drain(&mut outbox)), (Ok(false), vec!["v6".to_owned()]));
    }

    #[test]
    fn a_pinned_update_is_replaced_no_more_and_nothing_overtakes_what_came_after_it() {
        let mut outbox = Outbox::new(100);
        outbox.pin(&member("a"));
        outbox.push("m1".into()).unwrap();
        outbox.push_update(&member("a"), "a1".into()).unwrap();
        outbox.push_update(&member("b"), "b1".into()).unwrap();
        outbox.pin(&member("a"));
        outbox.push("away".into()).unwrap();
        assert!(!outbox.push_update(&member("a"), "a2".into()).unwrap());
        assert_eq!(outbox.pop().as_deref(), Some(&b"m1"[..]));
        assert_eq!(outbox.pop().as_deref(), Some(&b"a1"[..]));
        assert!(outbox.push_update(&member("a"), "a3".into()).unwrap(), "the later one still waits where it is");
        assert!(outbox.push_update(&member("b"), "b2".into()).unwrap(), "others are replaced");
        assert_eq!(drain(&mut outbox), ["b2", "away", "a3"]);
    }

    #[test]
    fn entries_that_wait_next_to_each_other_are_one_frame_in_their_order() {
        let mut outbox = Outbox::new(1_000);
        let push = |outbox: &mut Outbox, who: &str, entry: &'static str| {
            outbox.push_entry(&member(who), entry.into(), no_info).unwrap()
        };
        push(&mut outbox, "a", "[0,1]");
        push(&mut outbox, "b", "[1]");
        assert!(push(&mut outbox, "a", "[0,2]"), "in the place of the first");
        outbox.pin(&member("a"));
        outbox.push("left".into()).unwrap();
        assert!(!push(&mut outbox, "c", "[0,3]"), "who has that number now");
        outbox.push_update(&member("d"), "u".into()).unwrap();
        assert!(!push(&mut outbox, "a", "[9]"), "pinned");
        let of = |entries: &str| format!(r#"{{"t":"updates","of":[{entries}]}}"#);
        assert_eq!(drain(&mut outbox), [of("[0,2],[1]"), "left".into(), of("[0,3]"), "u".into(), of("[9]")]);
        assert_eq!((outbox.bytes(), outbox.updates.len()), (0, 0));
    }

    #[test]
    fn an_info_is_conflated_and_never_lost() {
        let mut outbox = Outbox::new(1_000);
        let (a, b, c) = (member("a"), member("b"), member("c"));
        outbox.push_entry(&a, "[0,1]".into(), no_info).unwrap();
        outbox.push("m".into()).unwrap();
        assert!(outbox.push_informing(&a, "a: x, 1".into()).unwrap(), "in the place of what waits");
        assert!(
            outbox.push_entry(&a, "[0,2]".into(), || "a: x, 2".into()).unwrap(),
            "and is said with what comes later"
        );
        assert!(outbox.push_informing(&a, "a: y, 2".into()).unwrap());
        assert!(!outbox.push_informing(&c, "c: w, 1".into()).unwrap());
        assert!(outbox.push_entry(&c, "[2,2]".into(), || "c: w, 2".into()).unwrap());
        assert!(!outbox.push_informing(&b, "b: z".into()).unwrap());
        outbox.pin(&b);
        assert!(!outbox.push_entry(&b, "[1,1]".into(), no_info).unwrap(), "what is pinned is said as it is");
        let entry = r#"{"t":"updates","of":[[1,1]]}"#;
        assert_eq!(drain(&mut outbox), ["a: y, 2", "m", "c: w, 2", "b: z", entry]);
        assert!(!outbox.push_entry(&a, "[0,3]".into(), no_info).unwrap(), "it was said");
        assert_eq!(outbox.bytes(), "[0,3]".len());
    }

    #[test]
    fn what_is_not_in_the_next_frame_can_still_be_replaced() {
        let mut outbox = Outbox::new(usize::MAX);
        let long = |number: usize, state: char| format!("[{number},\"{}\"]", String::from(state).repeat(1_000));
        for number in 0..9 {
            outbox.push_entry(&member(&format!("m{number}")), long(number, 'x').into(), no_info).unwrap();
        }
        let first = outbox.pop().unwrap();
        assert!((TOGETHER_BYTES..TOGETHER_BYTES + 2_000).contains(&first.len()), "{}", first.len());
        assert!(!outbox.push_entry(&member("m0"), long(0, 'y').into(), no_info).unwrap(), "that is on its way");
        assert!(outbox.push_entry(&member("m8"), long(8, 'y').into(), no_info).unwrap());
        let rest = drain(&mut outbox).concat();
        assert_eq!((rest.matches('y').count(), rest.matches("updates").count()), (2_000, 1));
    }

    #[test]
    fn the_bound_holds_save_for_one_frame() {
        let mut outbox = Outbox::new(4);
        outbox.push("longer than four".into()).unwrap();
        assert_eq!(outbox.push("x".into()), Err(Overflow { limit: 4 }));
        outbox.pop();
        outbox.push("1234".into()).unwrap();
        assert!(outbox.push_update(&member("a"), "5".into()).is_err());
        outbox.clear();
        assert_eq!(outbox.bytes(), 0);
        assert!(outbox.is_empty());
    }

    #[test]
    fn what_is_still_to_be_written_counts_up_to_half() {
        let mut outbox = Outbox::new(10);
        outbox.set_unwritten(4);
        outbox.push("longer than ten".into()).unwrap();
        outbox.pop();
        outbox.push("123456".into()).unwrap();
        assert_eq!(outbox.push("7".into()), Err(Overflow { limit: 10 }));
        assert!(!outbox.push_update(&member("a"), "".into()).unwrap());
        assert!(outbox.push_update(&member("a"), "7".into()).is_err());
        outbox.clear();
        outbox.set_unwritten(1_000);
        outbox.push("123".into()).unwrap();
        outbox.push("45".into()).unwrap();
        assert!(outbox.push("6".into()).is_err());
        outbox.set_unwritten(0);
        outbox.push("67890".into()).unwrap();
    }

    #[test]
    fn an_empty_one_takes_no_memory() {
        let mut outbox = Outbox::new(100);
        assert_eq!(outbox.memory(), 0);
        outbox.push_update(&member("a"), "12345".into()).unwrap();
        assert!(outbox.memory() > 5 + size_of::<Queued>());
        outbox.pop();
        assert_eq!(outbox.memory(), 0);
        outbox.push("m".into()).unwrap();
        outbox.clear();
        assert_eq!(outbox.memory(), 0);
    }

    proptest! {
        /// Whatever is pushed and popped: messages come out all, in order; of each member's updates the last comes out;
        /// and the count of bytes is what the queue holds.
        #[test]
        fn nothing_is_lost_but_stale_updates(
            entries in any::<bool>(), steps in proptest::collection::vec((0u8..4, 0u8..3), 0..200),
        ) {
            let mut outbox = Outbox::new(usize::MAX);
            let (mut pushed, mut popped) = (Vec::new(), Vec::new());
            let mut latest = HashMap::new();
            for (i, (kind, who)) in steps.into_iter().enumerate() {
                match kind {
                    0 => {
                        pushed.push(format!("m{i}"));
                        outbox.push(format!("m{i}").into()).unwrap();
                    }
                    1 | 2 => {
                        let frame = format!("u{who}:{i}");
                        latest.insert(who, frame.clone());
                        let who = member(&format!("u{who}"));
                        if entries {
                            outbox.push_entry(&who, frame.into(), no_info).unwrap();
                        } else {
                            outbox.push_update(&who, frame.into()).unwrap();
                        }
                    }
                    _ => popped.extend(outbox.pop().map(|frame| String::from_utf8(frame.to_vec()).unwrap())),
                }
                let held: usize = outbox.queue.iter().map(|queued| queued.bytes.len()).sum();
                prop_assert_eq!(outbox.bytes(), held);
            }
            popped.extend(drain(&mut outbox));
            let popped: Vec<_> = popped.iter().flat_map(|frame| split(frame)).collect();
            let messages: Vec<_> = popped.iter().filter(|frame| frame.starts_with('m')).cloned().collect();
            prop_assert_eq!(messages, pushed);
            for (who, frame) in latest {
                let last = popped.iter().rfind(|popped| popped.starts_with(&format!("u{who}:")));
                prop_assert_eq!(last, Some(&frame));
            }
        }
    }
}
