//! What rooms say to the cluster, until it is taken.

use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Poll;

use futures_channel::oneshot;
use futures_util::FutureExt as _;
use futures_util::task::AtomicWaker;
use roomful_core::cluster::{Change, Command, Input, Subject};
use roomful_core::{Limits, MemberId};

use super::{Append, ReadHistory};
use crate::lock::lock;

/// What the rooms of a process say to the cluster, in one order. A room pushes under its own lock, so that what it says stands in
/// the order in which it happened there; nobody takes a room's lock while this one is held.
///
/// Where too much waits, of what a member shows the newest is kept alone; and where that is too much, too, what is pushed next is
/// dropped, and a [number](Input::Skip) stands in its place, so that other nodes notice and ask.
#[derive(Debug)]
pub struct ClusterQueue {
    waiting: Mutex<Waiting>,
    most_bytes: usize,
    /// What rooms say in those that wait.
    bytes: AtomicUsize,
    /// How many changes were dropped and are not counted yet.
    dropped: AtomicU64,
    taker: AtomicWaker,
}

#[derive(Debug)]
struct Waiting {
    handed: VecDeque<Handed>,
    /// Over so many bytes it is looked for what nobody needs any more.
    conflate_over: usize,
    /// The rooms of which it stands in there that something is missing, behind their last roster.
    skipped: HashSet<Subject>,
}

/// What is taken from the queue.
#[derive(Debug)]
#[non_exhaustive]
pub enum Handed {
    /// For the node's engine.
    Input(Input),
    /// Somebody waits until all that was handed over before is given to the broker.
    Receipt(Receipt),
    /// For the broker, which numbers and keeps it.
    Append(Box<Append>),
    /// A question to the broker.
    ReadHistory(ReadHistory),
}

/// Says that the broker has what was said before. Dropped, it says that it has not: that is late, or lost.
#[derive(Debug)]
pub struct Receipt(oneshot::Sender<()>);

impl Receipt {
    /// The broker has it.
    pub fn give(self) {
        // Whoever asked may not wait any more.
        let _ = self.0.send(());
    }
}

impl Default for ClusterQueue {
    fn default() -> Self {
        Self::of(Limits::default().cluster_queue_bytes)
    }
}

impl ClusterQueue {
    /// So many bytes may wait.
    #[must_use]
    pub fn of(most_bytes: usize) -> Self {
        let waiting = Waiting { handed: VecDeque::new(), conflate_over: most_bytes, skipped: HashSet::new() };
        let (bytes, dropped, taker) = Default::default();
        Self { waiting: Mutex::new(waiting), most_bytes, bytes, dropped, taker }
    }

    /// One more. It never waits.
    pub fn push(&self, input: Input) {
        self.hand_over(Handed::Input(input));
    }

    /// Something that the broker is to number and to keep, behind all that was pushed before.
    pub(crate) fn append(&self, append: Append) {
        self.hand_over(Handed::Append(Box::new(append)));
    }

    /// A question to the broker.
    pub(crate) fn read_history(&self, read: ReadHistory) {
        self.hand_over(Handed::ReadHistory(read));
    }

    /// Whether all that was pushed before is given to the broker, once that is known. If not it comes late, or not at all.
    pub fn given(&self) -> impl Future<Output = bool> + use<> {
        let (receipt, given) = oneshot::channel();
        self.hand_over(Handed::Receipt(Receipt(receipt)));
        given.map(|given| given.is_ok())
    }

    /// How many changes were dropped since this was asked for the last time.
    pub fn take_dropped(&self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed)
    }

    fn hand_over(&self, handed: Handed) {
        let bytes = handed.bytes();
        let mut waiting = lock(&self.waiting);
        let all = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        waiting.push(handed);
        if all > self.most_bytes && bytes > 0 {
            let left = self.make_room(&mut waiting, all);
            self.bytes.fetch_sub(all - left, Ordering::Relaxed);
        }
        drop(waiting);
        self.taker.wake();
    }

    /// Gives how many bytes wait then.
    fn make_room(&self, waiting: &mut Waiting, mut bytes: usize) -> usize {
        if bytes > waiting.conflate_over {
            bytes -= waiting.conflate();
            waiting.conflate_over = self.most_bytes.max(bytes + self.most_bytes / 8);
        }
        if bytes > self.most_bytes {
            let (dropped, less) = waiting.drop_last_shown();
            self.dropped.fetch_add(dropped, Ordering::Relaxed);
            bytes -= less;
        }
        bytes
    }

    /// The next, when it comes. Only one may take.
    pub async fn next(&self) -> Handed {
        poll_fn(|cx| {
            self.taker.register(cx.waker());
            self.try_next().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// The next, where there is one.
    pub fn try_next(&self) -> Option<Handed> {
        let handed = lock(&self.waiting).pop()?;
        self.bytes.fetch_sub(handed.bytes(), Ordering::Relaxed);
        Some(handed)
    }

    /// Bytes of what rooms have said that waits. Who comes and goes is in it: whoever keeps this bounded says no more and lets nobody in.
    /// Who is in goes, and that is never refused.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Waiting {
    fn push(&mut self, handed: Handed) {
        if let Handed::Input(Input::Roster { subject, .. }) = &handed {
            // What is dropped from here on is not in it.
            self.skipped.remove(subject);
        }
        self.handed.push_back(handed);
    }

    fn pop(&mut self) -> Option<Handed> {
        let handed = self.handed.pop_front()?;
        if let Handed::Input(Input::Skip(subject)) = &handed {
            self.skipped.remove(subject);
        }
        Some(handed)
    }

    /// Takes out of it what a member has shown before what it shows last. Gives how many bytes that were.
    fn conflate(&mut self) -> usize {
        let (mut newer, mut less) = (HashSet::new(), 0);
        for handed in self.handed.iter_mut().rev() {
            let Handed::Input(Input::Publish { subject, changes }) = handed else { continue };
            let mut kept: Vec<_> = std::mem::take(changes).into_iter().rev().collect();
            kept.retain(|change| {
                let is_needed =
                    shown(change).is_none_or(|(member, what)| newer.insert((*subject, member.clone(), what)));
                less += if is_needed { 0 } else { change.held_bytes() };
                is_needed
            });
            kept.reverse();
            *changes = kept;
        }
        self.handed
            .retain(|handed| !matches!(handed, Handed::Input(Input::Publish { changes, .. }) if changes.is_empty()));
        less
    }

    /// Takes what members show out of what was pushed last. Gives how much that was, and how many bytes.
    fn drop_last_shown(&mut self) -> (u64, usize) {
        let Some(Handed::Input(Input::Publish { subject, changes })) = self.handed.back_mut() else { return (0, 0) };
        let (subject, before) = (*subject, changes.len());
        let mut less = 0;
        changes.retain(|change| {
            let is_kept = shown(change).is_none();
            less += if is_kept { 0 } else { change.held_bytes() };
            is_kept
        });
        let dropped = (before - changes.len()) as u64;
        if changes.is_empty() {
            self.handed.pop_back();
        }
        if dropped > 0 && self.skipped.insert(subject) {
            self.handed.push_back(Handed::Input(Input::Skip(subject)));
        }
        (dropped, less)
    }
}

/// Whose it is, and what of it, where a newer one says all that it says.
fn shown(change: &Change) -> Option<(&MemberId, bool)> {
    match change {
        Change::State { member, .. } => Some((member, true)),
        Change::Info { member, .. } => Some((member, false)),
        _ => None,
    }
}

impl Handed {
    fn bytes(&self) -> usize {
        match self {
            Self::Input(Input::Publish { changes, .. }) => changes.iter().map(Change::held_bytes).sum(),
            Self::Input(Input::Ask { command, .. }) => asked_bytes(command),
            Self::Append(append) => size_of::<Append>() + append.word.msg.size(),
            Self::Input(_) | Self::Receipt(_) | Self::ReadHistory(_) => 0,
        }
    }
}

/// Bytes of what is not short in any case.
pub(super) fn asked_bytes(command: &Command) -> usize {
    let said = match command {
        Command::Say { msg, .. } | Command::Send { msg, .. } | Command::SendUser { msg, .. } => msg.size(),
        _ => 0,
    };
    said + command.topic().map_or(0, |topic| topic.len())
}

#[cfg(test)]
mod tests {
    use roomful_core::Json;
    use roomful_core::room::Audience;

    use super::*;

    #[test]
    fn what_is_said_first_is_taken_first_and_wakes_who_waits() {
        let queue = ClusterQueue::default();
        assert!(queue.next().now_or_never().is_none());
        let subjects = ["a", "b"].map(|topic| Subject::of("app", topic));
        subjects.into_iter().for_each(|subject| queue.push(Input::Close(subject)));
        for subject in subjects {
            let next = queue.next().now_or_never();
            assert!(matches!(next, Some(Handed::Input(Input::Close(closed))) if closed == subject), "{next:?}");
        }
        assert!(queue.try_next().is_none());
    }

    #[test]
    fn what_waits_is_counted_until_it_is_taken() {
        let queue = ClusterQueue::default();
        let said = |bytes: usize| Change::Said {
            from: None,
            to: Audience::Everybody,
            msg: Json::encode(&"x".repeat(bytes)).unwrap(),
        };
        let publish =
            |bytes| Input::Publish { subject: Subject::of("app", "a"), changes: vec![said(bytes), said(bytes)] };
        queue.push(publish(1_000));
        queue.push(Input::Drain);
        queue.push(publish(10));
        let waits = queue.bytes();
        assert!((2_000 + 20..4_000).contains(&waits), "{waits}");
        queue.try_next();
        queue.try_next();
        assert!((20..1_000).contains(&queue.bytes()));
        queue.try_next();
        assert_eq!(queue.bytes(), 0);
        let msg = Json::encode(&"x".repeat(500)).unwrap();
        queue.push(Input::Ask { number: 1, node: None, command: Command::Say { topic: "a".into(), msg } });
        assert!((500..1_000).contains(&queue.bytes()), "{}", queue.bytes());
        queue.try_next();
        assert_eq!(queue.bytes(), 0);
    }

    fn shows(room: &str, member: &str, state: usize) -> Input {
        let state = Json::encode(&"x".repeat(state)).ok();
        let change = Change::State { member: MemberId::parse(member).unwrap(), state };
        Input::Publish { subject: Subject::of("app", room), changes: vec![change] }
    }

    fn leaves(member: &str) -> Input {
        let change = Change::Left { member: MemberId::parse(member).unwrap() };
        Input::Publish { subject: Subject::of("app", "a"), changes: vec![change] }
    }

    /// Whose and how long what it shows is, who leaves, and where something is missing.
    fn all(queue: &ClusterQueue) -> Vec<String> {
        let told = |handed| match handed {
            Handed::Input(Input::Publish { changes, .. }) => match &changes[..] {
                [Change::State { member, state }] => format!("{member} {}", state.as_ref().map_or(0, Json::size) - 2),
                [Change::Left { member }] => format!("-{member}"),
                other => panic!("{other:?}"),
            },
            Handed::Input(Input::Skip(_)) => "skip".to_owned(),
            Handed::Input(Input::Roster { .. }) => "roster".to_owned(),
            other => panic!("{other:?}"),
        };
        std::iter::from_fn(|| queue.try_next()).map(told).collect()
    }

    #[test]
    fn where_too_much_waits_of_what_a_member_shows_the_newest_is_kept() {
        let queue = ClusterQueue::of(10_000);
        queue.push(leaves("bob"));
        for state in 100..200 {
            queue.push(shows("a", "ann", state));
            queue.push(shows("b", "ann", state));
            assert!(queue.bytes() <= 10_000, "{}", queue.bytes());
        }
        let told = all(&queue);
        assert!(told.contains(&"-bob".to_owned()) && told.len() < 60, "{told:?}");
        assert_eq!(told[told.len() - 2..], ["ann 199", "ann 199"]);
        assert_eq!((queue.bytes(), queue.take_dropped()), (0, 0));
    }

    #[test]
    fn where_the_newest_of_all_is_too_much_it_is_dropped_and_missed() {
        let queue = ClusterQueue::of(10_000);
        for member in 0..50 {
            queue.push(shows("a", &format!("m{member}"), 1_000));
            assert!(queue.bytes() <= 10_000, "{}", queue.bytes());
        }
        queue.push(leaves("m3"));
        let roster = || Input::Roster { subject: Subject::of("app", "a"), members: Vec::new(), is_open: true };
        queue.push(roster());
        queue.push(shows("a", "late", 1_000));
        queue.push(shows("a", "later", 1_000));
        let told = all(&queue);
        let fit = told.iter().take_while(|told| told.starts_with('m')).count();
        let mut due: Vec<_> = (0..fit).map(|member| format!("m{member} 1000")).collect();
        due.extend(["skip", "-m3", "roster", "skip"].map(str::to_owned));
        assert!(told == due && (5..10).contains(&fit), "{told:?}");
        assert_eq!((queue.take_dropped(), queue.take_dropped(), queue.bytes()), (50 - fit as u64 + 2, 0, 0));
        queue.push(shows("a", "ann", 1_000));
        assert_eq!(all(&queue), ["ann 1000"]);
    }

    #[test]
    fn a_receipt_says_whether_what_stands_before_it_is_given() {
        let queue = ClusterQueue::default();
        for is_given in [true, false] {
            queue.push(Input::Drain);
            let mut given = queue.given();
            assert!(matches!(queue.try_next(), Some(Handed::Input(Input::Drain))));
            assert!((&mut given).now_or_never().is_none());
            let Some(Handed::Receipt(receipt)) = queue.try_next() else { panic!("it stands behind") };
            if is_given {
                receipt.give();
            } else {
                drop(receipt);
            }
            assert_eq!(given.now_or_never(), Some(is_given));
        }
    }
}
