//! Who comes to the rooms of a process and who goes, one after the other, with what the app is told of it.

#![expect(clippy::expect_used, reason = "what a test writes itself is right, or the test is wrong")]

use roomful_core::UserId;
use roomful_core::key::Params;
use roomful_core::pattern::{Pattern, Topic};
use roomful_core::users::{Effect, News, Users};

const NOTHING: [&str; 0] = [];
const LINGER_MS: u64 = 2_000;

fn topic(id: &str) -> Topic {
    let pattern = Pattern::parse(":id").expect("it is a pattern");
    pattern.topic(&Params::from_iter([("id", id)])).expect("it has its param")
}

fn id(user: &str) -> UserId {
    UserId::new(user).expect("the tests name users by letters")
}

/// Says of each effect what it asks for, and which visit it names.
struct Script {
    users: Users<u32>,
    now: u64,
}

impl Script {
    fn new(most_lingering: usize) -> Self {
        Self { users: Users::new(most_lingering), now: 1_000 }
    }

    fn at(&mut self, now: u64) -> &mut Self {
        self.now = now;
        self
    }

    fn came(&mut self, room: &str, user: &str, visit: u32) -> Vec<String> {
        self.lines(|users, _, effects| users.came(&topic(room), &id(user), visit, effects))
    }

    fn restored(&mut self, room: &str, user: &str, visit: u32) -> Vec<String> {
        self.lines(|users, _, effects| users.restored(&topic(room), &id(user), visit, effects))
    }

    fn went(&mut self, room: &str, user: &str) -> Vec<String> {
        self.went_for(room, user, LINGER_MS)
    }

    fn went_for(&mut self, room: &str, user: &str, linger_ms: u64) -> Vec<String> {
        self.lines(|users, now, effects| {
            users.went(&topic(room), &id(user), now, linger_ms, effects);
        })
    }

    fn wake(&mut self) -> Vec<String> {
        self.lines(Users::wake)
    }

    fn told(&mut self, room: &str, user: &str) -> Vec<String> {
        self.lines(|users, _, effects| users.told(&topic(room), &id(user), effects))
    }

    fn here(&mut self, room: &str, user: &str, visit: u32) -> Vec<String> {
        self.lines(|users, _, effects| users.here(&topic(room), &id(user), visit, effects))
    }

    fn tell_came(&mut self, room: &str, user: &str) -> Vec<String> {
        self.lines(|users, _, effects| users.tell_came(&topic(room), &id(user), effects))
    }

    fn moved(&mut self, room: &str, user: &str) -> Vec<String> {
        self.lines(|users, _, effects| users.moved(&topic(room), &id(user), effects))
    }

    fn lines(&mut self, call: impl FnOnce(&mut Users<u32>, u64, &mut Vec<Effect<u32>>)) -> Vec<String> {
        let mut effects = Vec::new();
        call(&mut self.users, self.now, &mut effects);
        let line = |effect| match effect {
            Effect::Tell { topic, user, news: News::Came, visit } => format!("{user} came to {topic} by {visit}"),
            Effect::Tell { topic, user, news: News::Gone, visit } => format!("{user} went from {topic} by {visit}"),
            Effect::Drop(visit) => format!("drop {visit}"),
        };
        effects.into_iter().map(line).collect()
    }

    fn lingering(&self) -> Vec<&str> {
        self.users.lingering().map(UserId::as_str).collect()
    }
}

#[test]
fn who_is_back_in_time_never_went() {
    let mut play = Script::new(10);
    assert_eq!(play.came("a", "ann", 1), ["ann came to a by 1"]);
    assert_eq!(play.told("a", "ann"), NOTHING);
    assert_eq!(play.went("a", "ann"), NOTHING);
    assert_eq!((play.users.next_wake(), play.lingering()), (Some(3_000), vec!["ann"]));
    assert_eq!(play.at(2_999).wake(), NOTHING);
    assert_eq!(play.came("a", "ann", 2), ["drop 1"], "the newest is kept");
    assert_eq!((play.users.next_wake(), play.lingering()), (None, vec![]));
    assert_eq!(play.at(9_000).wake(), NOTHING);
    play.went("a", "ann");
    assert_eq!(play.at(11_000).wake(), ["ann went from a by 2"]);
    assert_eq!((play.users.gone(), play.users.is_empty()), (1, false));
    assert_eq!(play.told("a", "ann"), ["drop 2"]);
    assert_eq!((play.users.gone(), play.users.is_empty()), (0, true));
    assert_eq!(play.came("a", "ann", 3), ["ann came to a by 3"]);
}

#[test]
fn each_room_and_each_user_is_for_itself() {
    let mut play = Script::new(10);
    play.came("a", "ann", 1);
    assert_eq!(play.came("b", "ann", 2), ["ann came to b by 2"]);
    assert_eq!(play.came("a", "bob", 3), ["bob came to a by 3"]);
    for (room, user) in [("a", "ann"), ("b", "ann"), ("a", "bob")] {
        play.told(room, user);
    }
    play.went("a", "ann");
    play.went_for("a", "bob", 5_000);
    let in_room = |play: &Script, room| play.users.lingering_in(&topic(room)).count();
    assert_eq!((in_room(&play, "a"), in_room(&play, "b"), in_room(&play, "c")), (2, 0, 0));
    assert_eq!(play.at(3_000).wake(), ["ann went from a by 1"]);
    assert_eq!(play.lingering(), ["bob"]);
    assert_eq!(play.at(u64::MAX).wake(), ["bob went from a by 3"]);
    assert_eq!(play.went_for("b", "ann", 0), ["ann went from b by 2"], "nobody lingers where nobody may");
}

#[test]
fn what_a_slow_hook_does_not_wait_for_is_told_after_it_each_once() {
    let mut play = Script::new(10);
    play.came("a", "ann", 1);
    for visit in [2, 3] {
        play.went_for("a", "ann", 0);
        assert_eq!(play.came("a", "ann", visit), [format!("drop {}", visit - 1)], "a hook runs");
    }
    play.went_for("a", "ann", 0);
    assert_eq!(play.users.gone(), 1);
    for line in ["went from", "came to", "went from", "came to", "went from"] {
        assert_eq!(play.told("a", "ann"), [format!("ann {line} a by 3")]);
    }
    assert_eq!(play.told("a", "ann"), ["drop 3"]);
    assert!(play.users.is_empty());
    assert_eq!(play.told("a", "ann"), NOTHING, "nobody is there");
}

#[test]
fn of_too_many_who_linger_the_one_with_the_least_time_left_has_gone() {
    let mut play = Script::new(2);
    for (user, visit, linger_ms) in [("ann", 1, 3_000), ("bob", 2, 1_000), ("cat", 3, 2_000)] {
        play.came("a", user, visit);
        play.told("a", user);
        let gone = play.went_for("a", user, linger_ms);
        assert_eq!(gone, if user == "cat" { vec!["bob went from a by 2"] } else { vec![] });
    }
    let mut lingering = play.lingering();
    lingering.sort_unstable();
    assert_eq!(lingering, ["ann", "cat"]);
    let mut nobody_may = Script::new(0);
    nobody_may.came("a", "ann", 1);
    nobody_may.told("a", "ann");
    assert_eq!(nobody_may.went("a", "ann"), ["ann went from a by 1"]);
}

#[test]
fn who_is_not_waited_for_any_more_has_gone() {
    let mut play = Script::new(10);
    for (room, user, visit) in [("a", "ann", 1), ("b", "ann", 2), ("a", "bob", 3), ("c", "ann", 4)] {
        play.came(room, user, visit);
        play.told(room, user);
    }
    for (room, user) in [("a", "ann"), ("b", "ann"), ("a", "bob")] {
        play.went(room, user);
    }
    let mut forgo = |room: Option<&str>, user: &str| {
        let mut lingered = false;
        let lines = play.lines(|users, _, effects| {
            lingered = users.forgo(room.map(topic).as_ref(), &id(user), effects);
        });
        (lingered, lines)
    };
    assert_eq!(forgo(Some("b"), "ann"), (true, vec!["ann went from b by 2".to_owned()]));
    assert_eq!(forgo(Some("c"), "ann"), (false, vec![]), "she is there");
    assert_eq!(forgo(None, "ann"), (true, vec!["ann went from a by 1".to_owned()]));
    assert_eq!(forgo(None, "eve"), (false, vec![]));
    assert_eq!(play.lingering(), ["bob"]);
}

#[test]
fn a_process_that_stops_waits_for_nobody() {
    let mut play = Script::new(10);
    for (user, visit) in [("ann", 1), ("bob", 2)] {
        play.came("a", user, visit);
        play.told("a", user);
    }
    play.went("a", "ann");
    assert_eq!(play.lines(|users, _, effects| users.drain(effects)), ["ann went from a by 1"]);
    assert_eq!(play.went("a", "bob"), ["bob went from a by 2"]);
    assert_eq!(play.users.next_wake(), None);
}

#[test]
fn who_was_there_before_is_not_told_to_come_again() {
    let mut play = Script::new(10);
    assert_eq!(play.restored("a", "ann", 1), NOTHING);
    assert_eq!(play.restored("a", "ann", 2), ["drop 2"], "another of her members");
    play.went("a", "ann");
    assert_eq!(play.at(3_000).wake(), ["ann went from a by 1"]);
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let mut play = Script::new(10);
    assert_eq!(play.went("a", "ann"), NOTHING);
    play.came("a", "ann", 1);
    assert_eq!(play.went("b", "ann"), NOTHING);
    play.went("a", "ann");
    assert_eq!(play.went("a", "ann"), NOTHING);
    assert_eq!(play.lingering(), ["ann"]);
}

#[test]
fn who_is_here_is_told_of_where_this_process_is_the_one_that_tells() {
    let mut play = Script::new(10);
    assert_eq!(play.here("a", "ann", 1), NOTHING);
    assert_eq!(play.tell_came("a", "ann"), ["ann came to a by 1"]);
    assert_eq!(play.here("a", "ann", 2), ["drop 1"], "the newest is kept");
    play.told("a", "ann");
    assert_eq!(play.went_for("a", "ann", 0), ["ann went from a by 2"]);
    assert_eq!(play.here("a", "ann", 3), ["drop 2"], "while a hook runs");
    assert_eq!(play.tell_came("a", "ann"), NOTHING);
    assert_eq!(play.told("a", "ann"), ["ann came to a by 3"]);
    assert_eq!(play.tell_came("a", "ann"), NOTHING, "it is being told");
    assert_eq!(play.told("a", "ann"), NOTHING);
    assert_eq!((play.users.gone(), play.users.is_empty()), (0, false));
    assert_eq!(play.tell_came("b", "ann"), NOTHING, "who is not here");
}

#[test]
fn who_is_here_and_told_of_elsewhere_goes_in_silence_or_is_told_to_go() {
    let mut play = Script::new(10);
    play.here("a", "ann", 1);
    assert_eq!(play.moved("a", "ann"), ["drop 1"]);
    assert!(play.users.is_empty());
    assert_eq!(play.moved("a", "ann"), NOTHING);
    play.here("a", "ann", 2);
    assert_eq!(play.went_for("a", "ann", 0), ["ann went from a by 2"], "its stay was handed over to here");
    assert_eq!(play.moved("a", "ann"), NOTHING, "it has gone");
    play.here("a", "ann", 3);
    assert_eq!(play.went_for("a", "ann", 0), NOTHING, "it is being told to be gone");
    assert_eq!(play.told("a", "ann"), ["drop 3"]);
    assert!(play.users.is_empty());
    play.came("a", "bob", 4);
    assert_eq!(play.moved("a", "bob"), NOTHING, "while a hook runs");
    assert_eq!(play.users.gone(), 1);
    assert_eq!(play.told("a", "bob"), ["drop 4"]);
    assert_eq!((play.users.gone(), play.users.is_empty()), (0, true));
}

#[test]
fn who_lingers_and_is_here_again_lingers_no_more() {
    let mut play = Script::new(10);
    play.came("a", "ann", 1);
    play.told("a", "ann");
    play.went("a", "ann");
    assert_eq!(play.here("a", "ann", 2), ["drop 1"]);
    assert_eq!(play.at(9_000).wake(), NOTHING);
    assert_eq!(play.lingering(), Vec::<&str>::new());
}
