//! A live value, driven as a runtime drives it, in virtual time.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test writes itself is right, or the test is wrong"
)]

use bytes::Bytes;
use proptest::prelude::*;
use roomful_core::feed::{Effect, FeedEpoch, Input, LiveTerms, LiveValue, LoadId, Position};
use roomful_core::{Json, Limits, Millis};

const EPOCH: FeedEpoch = FeedEpoch(1);
const TERMS: LiveTerms = LiveTerms { timeout_ms: 100, retry_ms: 10, longest_retry_ms: 45 };

/// A value, and what it did last.
struct Driven {
    value: LiveValue,
    now: Millis,
    effects: Vec<Effect>,
}

impl Driven {
    fn new() -> Self {
        Self { value: LiveValue::new(EPOCH, TERMS), now: 0, effects: Vec::new() }
    }

    fn handle(&mut self, input: Input) -> String {
        self.effects.clear();
        self.value.handle(input, self.now, &mut self.effects);
        self.effects.iter().map(said).collect::<Vec<_>>().join(", ")
    }

    fn listen(&mut self) -> String {
        self.handle(Input::Listen { heard: None })
    }

    fn listen_from(&mut self, epoch: FeedEpoch, seq: u64) -> String {
        self.handle(Input::Listen { heard: Some(Position { epoch, seq }) })
    }

    fn loaded(&mut self, load: LoadId, value: &str) -> String {
        self.handle(Input::Loaded { load, value: Json::encode(value).unwrap() })
    }

    fn wake(&mut self) -> String {
        self.handle(Input::Wake)
    }

    fn after(&mut self, ms: Millis) -> String {
        self.now += ms;
        self.handle(Input::Due)
    }

    /// The load that has just begun.
    fn load(&self) -> LoadId {
        let begun = self.effects.iter().find_map(|effect| match effect {
            Effect::Load { load, .. } => Some(*load),
            _ => None,
        });
        begun.expect("a load begins")
    }
}

fn said(effect: &Effect) -> String {
    let frame = |frame: &Option<Bytes>| frame.as_ref().map(|frame| String::from_utf8(frame.to_vec()).unwrap());
    match effect {
        Effect::Welcome(welcome) => {
            let value = welcome.value.as_ref().and_then(|frames| frame(&frames.plain));
            let kind = if welcome.resumed { "resumed" } else { "new" };
            let failing = if welcome.is_failing { " failing" } else { "" };
            format!("{kind} at {}{failing} {}", welcome.seq, value.as_deref().map_or("-", payload))
        }
        Effect::Load { .. } => "load".to_owned(),
        Effect::Value { frames } => {
            let to = if frames.plain.is_some() { "all" } else { "v1" };
            format!("{} to {to}", payload(&frame(&frames.v1).unwrap()))
        }
        Effect::Failing => "failing".to_owned(),
    }
}

/// The text within a frame.
fn payload(frame: &str) -> &str {
    frame.split('"').nth(7).unwrap()
}

#[test]
fn it_is_loaded_once_for_all_who_listen() {
    let mut value = Driven::new();
    assert_eq!(value.listen(), "new at 0 -, load");
    let load = value.load();
    assert_eq!(value.listen(), "new at 0 -");
    assert_eq!(value.loaded(load, "a"), "a to all");
    assert_eq!(value.listen(), "new at 0 a");
    assert_eq!(value.value.due(), None);
}

#[test]
fn one_that_another_process_had_is_loaded_for_who_listened_there() {
    let mut value = Driven { value: LiveValue::restore(EPOCH, 1_000, TERMS), ..Driven::new() };
    assert_eq!(value.listen(), "new at 1000 -, load");
    let load = value.load();
    assert_eq!(value.listen_from(EPOCH, 7), "resumed at 1000 -", "the latest follows");
    assert_eq!(value.loaded(load, "a"), "a to all");
    let Effect::Value { frames } = &value.effects[0] else { unreachable!("it was sent") };
    assert_eq!(frames.v1.as_ref().and_then(seq_of), Some(1_001));
}

#[test]
fn however_often_it_is_woken_while_it_is_loaded_one_more_load_follows() {
    let mut value = Driven::new();
    value.listen();
    let first = value.load();
    assert_eq!((value.wake(), value.wake(), value.wake()), Default::default());
    assert_eq!(value.loaded(first, "a"), "a to all, load");
    let second = value.load();
    assert_eq!(value.loaded(first, "late"), "", "an answer that comes twice");
    assert_eq!(value.loaded(second, "b"), "b to all");
    assert_eq!(value.wake(), "load");
    let third = value.load();
    assert_eq!(value.loaded(third, "b"), "", "the same bytes are not sent again");
    assert_eq!(value.listen(), "new at 1 b");
}

#[test]
fn who_comes_back_is_told_the_latest_unless_it_has_it() {
    let mut value = Driven::new();
    value.listen();
    let load = value.load();
    value.loaded(load, "a");
    for (epoch, seq, welcome) in [
        (EPOCH, 1, "resumed at 1 -"),
        (EPOCH, 0, "resumed at 0 a"),
        (EPOCH, 2, "new at 0 a"),
        (FeedEpoch(2), 1, "new at 0 a"),
    ] {
        assert_eq!(value.listen_from(epoch, seq), welcome, "{epoch} {seq}");
    }
}

#[test]
fn what_nobody_listens_to_is_not_loaded_and_no_stale_value_is_kept() {
    let mut value = Driven::new();
    assert_eq!((value.wake(), value.value.is_idle()), (String::new(), true));
    value.listen();
    let load = value.load();
    value.loaded(load, "a");
    value.handle(Input::Leave);
    assert!(value.value.is_idle() && value.value.held_bytes() > 0);
    assert_eq!(value.listen_from(EPOCH, 1), "resumed at 1 -", "nobody woke it meanwhile");
    value.handle(Input::Leave);
    assert_eq!((value.wake(), value.value.held_bytes()), (String::new(), 0));
    assert_eq!(value.listen_from(EPOCH, 1), "resumed at 1 -, load");
    let load = value.load();
    assert_eq!(value.loaded(load, "a"), "a to all", "nobody knows any more what it was");
}

#[test]
fn a_load_that_nobody_waits_for_any_more_is_not_for_nothing() {
    let mut value = Driven::new();
    value.listen();
    let load = value.load();
    value.handle(Input::Leave);
    assert!(!value.value.is_idle());
    assert_eq!(value.listen(), "new at 0 -", "it waits for the one that runs");
    value.handle(Input::Leave);
    assert_eq!(value.loaded(load, "a"), "");
    assert_eq!(value.listen(), "new at 0 a");

    value.wake();
    let load = value.load();
    value.wake();
    value.handle(Input::Leave);
    assert_eq!((value.loaded(load, "b"), value.value.held_bytes()), (String::new(), 0), "it is stale already");
}

#[test]
fn where_it_cannot_be_loaded_the_last_value_stays_and_it_is_tried_again() {
    let mut value = Driven::new();
    value.listen();
    let load = value.load();
    value.loaded(load, "a");
    value.wake();
    let load = value.load();
    assert_eq!(value.handle(Input::Failed { load }), "failing");
    assert_eq!(value.listen(), "new at 0 failing a");
    assert_eq!((value.wake(), value.after(9)), Default::default(), "a wake does not hurry it");
    for wait in [1, 20, 40, 45, 45] {
        assert_eq!(value.after(wait), "load");
        let load = value.load();
        assert_eq!(value.handle(Input::Failed { load }), "", "told once");
    }
    assert_eq!((value.after(44), value.after(1)), (String::new(), "load".to_owned()));
    let load = value.load();
    assert_eq!(value.loaded(load, "a"), "a to v1", "it can be loaded again");
    value.wake();
    let load = value.load();
    assert_eq!(value.handle(Input::Failed { load }), "failing");
    assert_eq!(value.after(10), "load", "from the beginning");
    let load = value.load();
    assert_eq!(value.loaded(load, "b"), "b to all");
}

#[test]
fn a_load_has_a_deadline() {
    let mut value = Driven::new();
    value.now = 7;
    value.listen();
    let Some(Effect::Load { load, deadline }) = value.effects.last().cloned() else { panic!("it is loaded") };
    assert_eq!(deadline, 7 + TERMS.timeout_ms);
    value.now = deadline;
    assert_eq!(value.handle(Input::Failed { load }), "failing");
    assert_eq!((value.loaded(load, "late"), value.handle(Input::Failed { load })), Default::default());
    assert_eq!(value.after(10), "load");
}

#[test]
fn who_gave_up_on_one_that_fails_leaves_nothing_behind() {
    let mut value = Driven::new();
    value.listen();
    let load = value.load();
    value.handle(Input::Failed { load });
    value.handle(Input::Leave);
    assert_eq!((value.value.due(), value.value.is_idle()), (None, true));
    assert_eq!(value.listen(), "new at 0 -, load");
}

#[test]
fn the_waits_have_an_end() {
    let limits = Limits::default();
    let mut value = LiveValue::new(EPOCH, LiveTerms::of(&limits));
    let mut effects = Vec::new();
    value.handle(Input::Listen { heard: None }, 0, &mut effects);
    let mut waits = Vec::new();
    for now in (0..100_u64).map(|n| n * limits.load_longest_retry_ms) {
        for effect in std::mem::take(&mut effects) {
            if let Effect::Load { load, .. } = effect {
                value.handle(Input::Failed { load }, now, &mut Vec::new());
                waits.push(value.due().unwrap() - now);
            }
        }
        value.handle(Input::Due, now + limits.load_longest_retry_ms, &mut effects);
    }
    assert_eq!(waits[..4], [250, 500, 1_000, 2_000]);
    assert_eq!((waits.len(), waits.last()), (100, Some(&30_000)));
}

#[derive(Debug, Clone)]
enum Step {
    Change,
    Listen { plain: bool },
    ComeBack(usize, bool),
    Leave(usize),
    Finish,
    Fail,
    Pass(Millis),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Change),
        2 => any::<bool>().prop_map(|plain| Step::Listen { plain }),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(nth, cut_off)| Step::ComeBack(nth, cut_off)),
        2 => any::<usize>().prop_map(Step::Leave),
        4 => Just(Step::Finish),
        1 => Just(Step::Fail),
        2 => (0..60_u64).prop_map(Step::Pass),
    ]
}

#[derive(Debug)]
struct Listener {
    is_on: bool,
    plain: bool,
    at: Option<Position>,
    has: Option<u64>,
    told_failing: bool,
    /// It is back, and what it has may have been forgotten: then nobody knows that it is the same.
    is_back: bool,
}

/// The app's database, and everybody who ever listened.
struct World {
    value: LiveValue,
    now: Millis,
    /// What the app would find now. Few values, so that it is often what it was.
    truth: u64,
    /// The load that runs, and what it has found: as early as a load can look.
    load: Option<(LoadId, u64)>,
    listeners: Vec<Listener>,
}

impl World {
    fn handle(&mut self, input: Input, newcomer: Option<(usize, bool)>) -> Result<(), TestCaseError> {
        let mut effects = Vec::new();
        self.value.handle(input, self.now, &mut effects);
        for effect in effects {
            match effect {
                Effect::Welcome(welcome) => {
                    let (newcomer, cut_off) = newcomer.unwrap();
                    let listener = &mut self.listeners[newcomer];
                    let missed = welcome.value.and_then(|frames| if listener.plain { frames.plain } else { frames.v1 });
                    let mut seq = welcome.seq;
                    // Some are cut off before the value comes.
                    if let Some(frame) = missed.filter(|_| !cut_off) {
                        listener.has = Some(read(&frame));
                        seq = seq_of(&frame).unwrap_or(seq);
                    }
                    listener.told_failing = welcome.is_failing && !listener.plain;
                    listener.at = Some(Position { epoch: EPOCH, seq });
                }
                Effect::Load { load, .. } => {
                    prop_assert!(self.load.is_none(), "two loads overlap");
                    prop_assert!(self.listeners.iter().any(|listener| listener.is_on), "nobody listens");
                    self.load = Some((load, self.truth));
                }
                Effect::Value { frames } => {
                    for listener in self.listeners.iter_mut().filter(|listener| listener.is_on) {
                        let Some(frame) = (if listener.plain { &frames.plain } else { &frames.v1 }) else { continue };
                        let value = read(frame);
                        let may_be_same = listener.told_failing || listener.is_back;
                        prop_assert!(listener.has != Some(value) || may_be_same, "sent again");
                        let seq = listener.at.map_or(0, |at| at.seq) + u64::from(!listener.told_failing);
                        prop_assert!(seq_of(frame).is_none_or(|sent| sent >= seq));
                        listener.has = Some(value);
                        (listener.told_failing, listener.is_back) = (false, false);
                        listener.at =
                            Some(Position { epoch: EPOCH, seq: seq_of(&frames.v1.clone().unwrap()).unwrap() });
                    }
                }
                Effect::Failing => {
                    let on = self.listeners.iter_mut().filter(|listener| listener.is_on && !listener.plain);
                    on.for_each(|listener| listener.told_failing = true);
                }
            }
        }
        Ok(())
    }

    fn play(&mut self, step: Step) -> Result<(), TestCaseError> {
        let at = |nth: usize, all: usize| if all == 0 { None } else { Some(nth % all) };
        match step {
            Step::Change => {
                self.truth = (self.truth + 1) % 3;
                self.handle(Input::Wake, None)
            }
            Step::Listen { plain } => {
                let (at, has, told_failing, is_back) = (None, None, false, false);
                self.listeners.push(Listener { is_on: true, plain, at, has, told_failing, is_back });
                self.handle(Input::Listen { heard: None }, Some((self.listeners.len() - 1, false)))
            }
            Step::ComeBack(nth, cut_off) => {
                let Some(nth) = at(nth, self.listeners.len()).filter(|nth| !self.listeners[*nth].is_on) else {
                    return Ok(());
                };
                let listener = &mut self.listeners[nth];
                (listener.is_on, listener.is_back) = (true, true);
                let heard = listener.at.filter(|_| !listener.plain);
                if listener.plain {
                    listener.has = None;
                }
                self.handle(Input::Listen { heard }, Some((nth, cut_off)))?;
                if cut_off { self.play(Step::Leave(nth)) } else { Ok(()) }
            }
            Step::Leave(nth) => {
                let Some(nth) = at(nth, self.listeners.len()).filter(|nth| self.listeners[*nth].is_on) else {
                    return Ok(());
                };
                self.listeners[nth].is_on = false;
                self.handle(Input::Leave, None)
            }
            Step::Finish => match self.load.take() {
                Some((load, found)) => self.handle(Input::Loaded { load, value: Json::encode(&found).unwrap() }, None),
                None => Ok(()),
            },
            Step::Fail => match self.load.take() {
                Some((load, _)) => self.handle(Input::Failed { load }, None),
                None => Ok(()),
            },
            Step::Pass(ms) => {
                self.now += ms;
                self.handle(Input::Due, None)
            }
        }
    }

    /// Lets everything come to its end.
    fn settle(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..10 {
            self.play(Step::Finish)?;
            self.play(Step::Pass(TERMS.longest_retry_ms))?;
        }
        Ok(())
    }
}

fn read(frame: &Bytes) -> u64 {
    serde_json::from_slice::<serde_json::Value>(frame).unwrap()["value"].as_u64().unwrap()
}

fn seq_of(frame: &Bytes) -> Option<u64> {
    serde_json::from_slice::<serde_json::Value>(frame).unwrap()["seq"].as_u64()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whoever listens has in the end what the app would find, whatever came in between: no load that began before the last
    /// change is the last that anybody hears of.
    #[test]
    fn everybody_has_the_truth_in_the_end(steps in prop::collection::vec(step(), 0..60)) {
        let value = LiveValue::new(EPOCH, TERMS);
        let mut world = World { value, now: 0, truth: 0, load: None, listeners: Vec::new() };
        for step in steps {
            world.play(step)?;
        }
        world.settle()?;
        for listener in world.listeners.iter().filter(|listener| listener.is_on) {
            prop_assert_eq!(listener.has, Some(world.truth));
            prop_assert!(!listener.told_failing, "it can be loaded again");
        }
        prop_assert_eq!(world.value.due(), None);
        if world.listeners.iter().all(|listener| !listener.is_on) {
            prop_assert!(world.value.is_idle());
        }
    }
}
