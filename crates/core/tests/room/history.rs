//! A room whose history is in the broker: nothing is heard before that has given it a number.

#![expect(clippy::expect_used, reason = "what a test writes itself is right, or the test is wrong")]

use roomful_core::Dialect::V1;
use roomful_core::cluster::{Change, HistoryNews, Incarnation, News, NodeName, Numbered, Page, Present, Word};
use roomful_core::room::{Effect, Input};
use roomful_core::session::To;
use roomful_core::{Generation, History, Limits};

use crate::script::{NOTHING, Script, id, json};

fn node(start: u64) -> Incarnation {
    let name = NodeName::parse(&format!("n{start}")).expect("the tests name nodes by letters");
    Incarnation { start, name, random: start }
}

fn limits() -> Limits {
    Limits::default().history(History::Broker)
}

fn word(of: u64, number: u64, from: &str, msg: &str) -> Word {
    let from = Some(id(from)).filter(|from| from.as_str() != "app");
    Word { node: node(of), number, to: To::Everybody, from, is_last: false, msg: json(msg) }
}

fn numbered(seq: u64, word: Word) -> Numbered {
    Numbered { seq, after: seq - 1, word: Some(word) }
}

fn page(floor: u64, top: u64, words: Vec<Numbered>) -> HistoryNews {
    HistoryNews::Page(Page { epoch: "b".into(), floor, top, words })
}

fn comes(seq: u64, word: Word) -> HistoryNews {
    HistoryNews::Word { epoch: "b".into(), numbered: numbered(seq, word) }
}

fn joined(member: &str) -> Change {
    let generation = Generation(0);
    Change::Joined(Present {
        member: id(member),
        generation,
        user: None,
        away: false,
        info: None,
        state: None,
        session: None,
    })
}

trait Broker {
    fn broker(&mut self, news: HistoryNews) -> Vec<String>;
    fn hear(&mut self, changes: Vec<Change>) -> Vec<String>;
}

impl Broker for Script {
    /// Without what is told to the other nodes.
    fn broker(&mut self, news: HistoryNews) -> Vec<String> {
        heard(self.tell(Input::History(news)))
    }

    fn hear(&mut self, changes: Vec<Change>) -> Vec<String> {
        heard(self.tell(Input::Remote { node: node(50), news: News::Changes(changes) }))
    }
}

/// What is no wake, and is told to nobody else.
fn heard(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().filter(|line| !line.starts_with("wake") && !line.starts_with("publish")).collect()
}

/// What is to be said, as the broker is given it.
fn appended(room: &mut Script, input: Input) -> Vec<(u64, String)> {
    let effects = room.effects(input);
    effects.into_iter().filter_map(given).collect()
}

fn given(effect: Effect) -> Option<(u64, String)> {
    match effect {
        Effect::Append { word, .. } => Some((word.number, word.msg.as_str().to_owned())),
        _ => None,
    }
}

fn says(from: &str, msg: &str) -> Input {
    Input::Broadcast { from: Some(id(from)), to: roomful_core::room::Audience::Everybody, msg: json(msg) }
}

/// A room where the broker has said that it has nothing, up to 100.
fn with(members: &[&str]) -> Script {
    let mut room = Script::in_cluster(limits(), node(100));
    room.broker(HistoryNews::Missed);
    room.broker(page(100, 100, Vec::new()));
    members.iter().for_each(|member| drop(room.join(member, V1, None)));
    room
}

#[test]
fn nobody_is_let_in_before_it_is_known_what_was_said() {
    let mut room = Script::in_cluster(limits(), node(100));
    assert_eq!(heard(room.join("ann", V1, None)), NOTHING);
    assert_eq!(room.broker(HistoryNews::Missed), ["ReadHistory { after: 0 }"]);
    let said =
        room.broker(page(7, 9, vec![numbered(8, word(50, 1, "eve", "1")), numbered(9, word(50, 2, "eve", "2"))]));
    assert_eq!(
        said,
        [
            r#"v1: all <- {"t":"gap","epoch":"b","seq":7}"#,
            r#"Recalled { seq: 8, from: Some(MemberId("eve")), to: Everybody, msg: 1 }"#,
            r#"Recalled { seq: 9, from: Some(MemberId("eve")), to: Everybody, msg: 2 }"#,
            "in is ann",
            concat!(
                r#"ann <- {"t":"snapshot","self":"ann","members":[{"id":"ann","n":0}],"#,
                r#""seq":9,"epoch":"b","heartbeat":25000,"limits":{"frame":65536}}"#
            ),
        ]
    );
}

#[test]
fn a_broker_that_cannot_be_asked_keeps_nobody_waiting() {
    let mut room = Script::in_cluster(limits(), node(100));
    room.broker(HistoryNews::Missed);
    assert_eq!(heard(room.join("ann", V1, None)), NOTHING);
    assert_eq!(room.broker(HistoryNews::Unread)[0], "in is ann");
    assert_eq!(room.broker(HistoryNews::Missed), ["ReadHistory { after: 0 }"], "there is a link again");
    let late = room.broker(page(7, 9, vec![numbered(8, word(50, 1, "eve", "1"))]));
    assert_eq!(late, [r#"v1: all <- {"t":"gap","epoch":"b","seq":9}"#], "it goes on from what is said from here on");
    let silent = &mut Script::in_cluster(limits(), node(100));
    silent.broker(HistoryNews::Missed);
    silent.join("ann", V1, None);
    assert_eq!(heard(silent.at(3_000).wake())[..2], ["ReadHistory { after: 0 }".to_owned(), "in is ann".to_owned()]);
}

#[test]
fn what_is_said_is_heard_when_it_comes_back_with_the_brokers_number() {
    let mut room = with(&["ann", "bob"]);
    assert_eq!(appended(&mut room, says("ann", "1")), [(1, "1".to_owned())]);
    assert_eq!(room.broker(HistoryNews::Taken { number: 1, seq: 102 }), NOTHING);
    assert_eq!(
        room.broker(comes(101, word(50, 1, "app", "0"))),
        [r#"v1: all <- {"from":"","t":"msg","msg":0,"seq":101}"#]
    );
    assert_eq!(
        room.broker(comes(102, word(100, 1, "ann", "1"))),
        [r#"v1: all <- {"from":"ann","t":"msg","msg":1,"seq":102}"#, "Settled { number: 1, is_taken: true }"]
    );
    assert_eq!(room.broker(comes(102, word(100, 1, "ann", "1"))), NOTHING, "once");
    assert_eq!(room.broker(comes(103, word(100, 1, "ann", "1"))), NOTHING, "captured, and said again");
    assert_eq!(room.room().seq(), 103);
    let private = appended(&mut room, Input::Send { to: id("bob"), msg: json("2") });
    assert_eq!(private, [(2, "2".to_owned())]);
    let private = Word { to: To::Only(id("bob")), ..word(100, 2, "app", "2") };
    assert_eq!(room.broker(comes(104, private))[0], r#"bob <- {"from":"bob","t":"msg","msg":2,"seq":104}"#);
}

#[test]
fn what_is_not_taken_in_time_was_said_to_nobody() {
    let mut room = with(&["ann"]);
    appended(&mut room, says("ann", "1"));
    appended(&mut room, says("ann", "2"));
    assert_eq!(room.broker(HistoryNews::Refused { number: 1 }), ["Settled { number: 1, is_taken: false }"]);
    assert_eq!(heard(room.at(3_249).wake()), NOTHING);
    assert_eq!(heard(room.at(3_250).wake()), ["Settled { number: 2, is_taken: false }"]);
    let few = &mut Script::in_cluster(limits().log_frames(2), node(100));
    few.broker(HistoryNews::Missed);
    few.broker(page(0, 0, Vec::new()));
    few.join("ann", V1, None);
    (0..2).for_each(|_| drop(few.broadcast_all(Some("ann"), "1")));
    assert!(few.broadcast_all(Some("ann"), "1")[0].contains("the cluster's broker is behind: 2 messages"));
}

#[test]
fn what_is_missing_is_read() {
    let mut room = with(&["ann"]);
    assert_eq!(room.broker(comes(103, word(50, 3, "app", "3"))), ["ReadHistory { after: 100 }"]);
    assert_eq!(room.broker(comes(104, word(50, 4, "app", "4"))), NOTHING);
    let words = (1..=3).map(|nth| numbered(100 + nth, word(50, nth, "app", &nth.to_string()))).collect();
    let all = room.broker(page(100, 104, words));
    let due: Vec<_> =
        (1..=4).map(|nth| format!(r#"v1: all <- {{"from":"","t":"msg","msg":{nth},"seq":{}}}"#, 100 + nth)).collect();
    assert_eq!(all, due);
    appended(&mut room, says("ann", "5"));
    room.broker(HistoryNews::Taken { number: 1, seq: 105 });
    assert_eq!(heard(room.at(1_250).wake()), ["ReadHistory { after: 104 }"], "it was taken, and does not come");
    assert_eq!(
        room.broker(page(110, 111, vec![numbered(111, word(50, 11, "app", "11"))])),
        [r#"v1: all <- {"t":"gap","epoch":"b","seq":110}"#, r#"v1: all <- {"from":"","t":"msg","msg":11,"seq":111}"#],
        "and what cannot be had any more is told"
    );
}

#[test]
fn what_finds_no_room_while_somebody_is_waited_for_is_read_again() {
    let mut room = Script::in_cluster(limits().log_frames(2), node(100));
    room.broker(HistoryNews::Missed);
    room.broker(page(100, 100, Vec::new()));
    room.join("ann", V1, None);
    room.broker(comes(101, word(50, 1, "eve", "1")));
    (2..=3).for_each(|nth| drop(room.broker(comes(100 + nth, word(50, nth, "app", &nth.to_string())))));
    let heard = room.hear(vec![joined("eve")]);
    assert_eq!(heard.len(), 4, "{heard:?}");
    assert_eq!(heard[3], "ReadHistory { after: 102 }");
}

#[test]
fn what_somebody_else_wrote_has_a_number_and_is_nothing() {
    let mut room = with(&["ann"]);
    let forged = Numbered { seq: 101, after: 100, word: None };
    assert_eq!(room.broker(HistoryNews::Word { epoch: "b".into(), numbered: forged }), NOTHING);
    assert_eq!(room.broker(comes(102, word(50, 1, "app", "1"))).len(), 1);
}

#[test]
fn a_broker_that_lost_its_memory_begins_another_run() {
    let mut room = with(&["ann"]);
    let other = |seq| HistoryNews::Word { epoch: "c".into(), numbered: numbered(seq, word(50, 1, "app", "1")) };
    assert_eq!(room.broker(other(201)), ["ReadHistory { after: 100 }"]);
    let words = vec![numbered(201, word(50, 1, "app", "1"))];
    let page = Page { epoch: "c".into(), floor: 200, top: 201, words };
    assert_eq!(
        room.broker(HistoryNews::Page(page)),
        [r#"v1: all <- {"t":"gap","epoch":"c","seq":200}"#, r#"v1: all <- {"from":"","t":"msg","msg":1,"seq":201}"#]
    );
    assert_eq!(room.room().epoch(), "c");
}

#[test]
fn a_members_state_and_its_leave_wait_for_its_words() {
    let mut room = with(&["ann", "bob"]);
    appended(&mut room, says("ann", "1"));
    assert_eq!(heard(room.set("ann", Some("1"))), NOTHING);
    assert_eq!(heard(room.set("ann", Some("2"))), NOTHING);
    assert_eq!(appended(&mut room, says("ann", "2")), [], "behind its state");
    assert_eq!(heard(room.leave("ann")), NOTHING);
    assert_eq!(heard(room.last_words("ann", "3")), NOTHING);
    assert_eq!(heard(room.set("bob", Some("7"))).len(), 1, "others do not wait");
    assert!(heard(room.leave("ann"))[0].contains("not in"));
    let came = room.at(1_100).broker(comes(101, word(100, 1, "ann", "1")));
    assert_eq!(
        came[..4],
        [
            r#"v1: all <- {"from":"ann","t":"msg","msg":1,"seq":101}"#,
            "Settled { number: 1, is_taken: true }",
            r#"v1: update <- {"t":"updates","of":[[0,2]]}"#,
            came[3].as_str(),
        ]
    );
    assert!(came[3].starts_with("Append { word: Word {") && came[3].contains("number: 2"), "{came:?}");
    let came = room.broker(comes(102, word(100, 2, "ann", "2")));
    assert_eq!(came[2], r#"all <- {"from":"ann","t":"presence","op":"leave"}"#);
    assert!(came[3].contains("is_last: true"), "{came:?}");
    let last = Word { is_last: true, ..word(100, 3, "ann", "3") };
    assert_eq!(room.broker(comes(103, last))[0], r#"v1: all <- {"from":"ann","t":"msg","msg":3,"seq":103}"#);
}

#[test]
fn who_comes_again_while_its_leave_waits_has_left() {
    let mut room = with(&["ann", "bob"]);
    appended(&mut room, says("ann", "1"));
    room.leave("ann");
    let joined = heard(room.join("ann", V1, None));
    assert_eq!(
        joined[..2],
        ["Settled { number: 1, is_taken: false }", r#"all <- {"from":"ann","t":"presence","op":"leave"}"#]
    );
    assert!(!room.is_empty());
}

#[test]
fn a_room_where_a_word_is_on_its_way_is_not_empty() {
    let mut room = with(&["ann"]);
    appended(&mut room, says("ann", "1"));
    room.leave("ann");
    assert!(!room.is_empty());
    room.broker(comes(101, word(100, 1, "ann", "1")));
    assert!(room.is_empty());
}

#[test]
fn a_word_waits_for_the_join_of_who_says_it_and_not_for_ever() {
    let mut room = with(&["ann"]);
    assert_eq!(room.broker(comes(101, word(50, 1, "eve", "1"))), NOTHING);
    assert_eq!(room.broker(comes(102, word(50, 2, "app", "2"))), NOTHING, "in one order");
    let heard_now = room.hear(vec![Change::UpTo { seq: 100 }, joined("eve")]);
    assert_eq!(
        heard_now,
        [
            r#"v1: all <- {"from":"eve","t":"presence","op":"join","n":1}"#,
            r#"v1: all <- {"from":"eve","t":"msg","msg":1,"seq":101}"#,
            r#"v1: all <- {"from":"","t":"msg","msg":2,"seq":102}"#,
        ]
    );
    assert_eq!(room.broker(comes(103, word(50, 3, "cat", "3"))), NOTHING);
    assert_eq!(heard(room.at(4_999).wake()), NOTHING);
    assert_eq!(heard(room.at(5_000).wake()), [r#"v1: all <- {"t":"gap","epoch":"b","seq":103}"#]);
    let last = Word { is_last: true, ..word(50, 4, "dan", "4") };
    assert_eq!(room.broker(comes(104, last)).len(), 1, "who has left is in nobody's roster");
    assert_eq!(room.broker(comes(105, word(50, 5, "cat", "5"))).len(), 1, "it was waited for once");
    room.broker(comes(106, word(50, 6, "fay", "6")));
    room.broker(comes(107, word(50, 7, "gus", "7")));
    assert_eq!(heard(room.at(9_000).wake()).len(), 2, "and for both at once");
}

#[test]
fn a_word_of_who_has_left_is_missed_and_keeps_nobody_waiting() {
    let mut room = with(&["ann", "bob"]);
    room.hear(vec![joined("eve")]);
    room.hear(vec![Change::Left { member: id("eve") }]);
    let gap = |seq: u64| format!(r#"v1: all <- {{"t":"gap","epoch":"b","seq":{seq}}}"#);
    assert_eq!(room.broker(comes(101, word(50, 1, "eve", "1"))), [gap(101)]);
    assert_eq!(room.broker(comes(102, word(51, 1, "eve", "2"))), NOTHING, "it may be in at another node");
    room.hear(vec![joined("eve")]);
    appended(&mut room, says("bob", "3"));
    assert_eq!(heard(room.at(3_250).wake()), ["Settled { number: 1, is_taken: false }"]);
    room.leave("bob");
    assert_eq!(room.broker(comes(103, word(100, 1, "bob", "3"))), [gap(103)], "it was taken after all");
}

#[test]
fn what_was_taken_is_settled_so_though_it_is_not_heard() {
    let mut room = with(&["ann"]);
    appended(&mut room, says("ann", "1"));
    room.broker(HistoryNews::Taken { number: 1, seq: 101 });
    let settled = (1..6).flat_map(|nth| heard(room.at(1_000 + nth * 1_000).wake()));
    let settled: Vec<_> = settled.filter(|line| line.starts_with("Settled")).collect();
    assert_eq!(settled, ["Settled { number: 1, is_taken: true }"]);
}

#[test]
fn what_a_node_says_of_its_members_waits_for_the_words_before_it() {
    let mut room = with(&["ann"]);
    room.hear(vec![joined("eve")]);
    let left = Change::Left { member: id("eve") };
    assert_eq!(room.hear(vec![Change::UpTo { seq: 101 }, left]), ["ReadHistory { after: 100 }"]);
    assert_eq!(room.hear(vec![joined("fay")]), NOTHING, "in its order");
    assert_eq!(
        room.broker(comes(101, word(50, 1, "eve", "1"))),
        [
            r#"v1: all <- {"from":"eve","t":"msg","msg":1,"seq":101}"#,
            concat!(
                r#"v1: all <- [{"from":"eve","t":"presence","op":"leave"},"#,
                r#"{"from":"fay","t":"presence","op":"join","n":1}]"#
            ),
        ]
    );
    let away = Change::Away { member: id("fay") };
    assert_eq!(room.hear(vec![Change::UpTo { seq: 107 }, away]), NOTHING, "it is read already");
    assert_eq!(heard(room.at(6_999).wake()), ["ReadHistory { after: 101 }"], "and again");
    assert_eq!(
        heard(room.at(7_000).wake()).last().map(String::as_str),
        Some(r#"v1: all <- {"from":"fay","t":"presence","op":"away"}"#)
    );
}

#[test]
fn others_are_told_what_was_heard_before_something_became_of_a_member() {
    let mut room = with(&["ann"]);
    room.broker(comes(101, word(50, 1, "app", "1")));
    let published = |lines: Vec<String>| lines.into_iter().find(|line| line.starts_with("publish"));
    assert_eq!(published(room.set("ann", Some("1"))).as_deref(), Some("publish UpTo { seq: 101 }; ann shows 1"));
    assert_eq!(published(room.away("ann")).as_deref(), Some("publish ann is away"), "and once");
}
