//! A room that other nodes have, too: what this one tells them of its members, and what becomes here of what they say of theirs.

#![expect(clippy::expect_used, reason = "what a test writes itself is right, or the test is wrong")]

use roomful_core::Dialect::V1;
use roomful_core::cluster::{Change, Heard, Incarnation, News, NodeName, Present, StayAnswer, StayWord, Words};
use roomful_core::room::{Audience, Input, Newcomer};
use roomful_core::session::{SessionHash, Token};
use roomful_core::{Generation, Limits, NodeId, UserId};

use crate::script::{NOTHING, Script, id, json};

const GRACE_MS: u64 = 30_000;

/// A run that began then. This node's began at 100.
fn node(start: u64) -> Incarnation {
    let name = NodeName::parse(&format!("n{start}")).expect("the tests name nodes by letters");
    Incarnation { start, name, random: start }
}

fn present(member: &str) -> Present {
    let generation = Generation(0);
    Present { member: id(member), generation, user: None, away: false, info: None, state: None, session: None }
}

fn taken_over(member: &str, times: u32) -> Present {
    Present { generation: Generation(times), ..present(member) }
}

fn of_user(member: &str, user: &str) -> Present {
    let user = UserId::new(user).expect("the tests name users by letters");
    Present { user: Some(user), ..present(member) }
}

fn said(from: &str, msg: &str) -> Change {
    Change::Said { from: Some(id(from)), to: Audience::AllBut(id(from)), msg: json(msg) }
}

fn left(member: &str) -> Change {
    Change::Left { member: id(member) }
}

/// What the other nodes are told.
fn published(lines: Vec<String>) -> String {
    let mut published = lines.into_iter().filter_map(|line| line.strip_prefix("publish ").map(str::to_owned));
    let first = published.next().unwrap_or_default();
    assert_eq!(published.next(), None, "what one input leads to is one");
    first
}

trait Cluster {
    fn hear(&mut self, from: u64, changes: Vec<Change>) -> Vec<String>;
    fn hear_roster(&mut self, from: u64, members: Vec<Present>, missed: u64) -> Vec<String>;
    fn news(&mut self, from: u64, news: News) -> Vec<String>;
    fn mourned(&mut self, members: &[&str]) -> Vec<String>;
}

impl Cluster for Script {
    fn hear(&mut self, from: u64, changes: Vec<Change>) -> Vec<String> {
        self.news(from, News::Changes(changes))
    }

    fn hear_roster(&mut self, from: u64, members: Vec<Present>, missed: u64) -> Vec<String> {
        self.news(from, News::Roster { members, is_open: true, missed, late: Vec::new(), words: Words::default() })
    }

    fn news(&mut self, from: u64, news: News) -> Vec<String> {
        self.tell(Input::Remote { node: node(from), news })
    }

    fn mourned(&mut self, members: &[&str]) -> Vec<String> {
        self.tell(Input::Mourned { members: members.iter().map(|member| id(member)).collect() })
    }
}

fn with(members: &[&str]) -> Script {
    let mut room = Script::in_cluster(Limits::default(), node(100));
    members.iter().for_each(|member| drop(room.join(member, V1, None)));
    room
}

#[test]
fn whoever_comes_waits_until_all_others_have_said_who_is_in() {
    let mut room = Script::awaiting(Limits::default(), node(100));
    assert_eq!(room.join("ann", V1, Some("1")), NOTHING);
    assert_eq!(room.join("bob", V1, None), NOTHING);
    assert!(room.is_waiting("ann") && !room.is_empty());
    assert_eq!(room.leave("bob"), NOTHING);
    assert_eq!(room.hear_roster(50, vec![present("eve")], 0), NOTHING, "nobody hears it yet");
    assert_eq!(room.wake(), NOTHING);
    assert_eq!(
        room.tell(Input::Ready),
        [
            "in is ann",
            concat!(
                r#"ann <- {"t":"snapshot","self":"ann","members":[{"id":"eve","n":0},{"id":"ann","n":1,"state":1}],"#,
                r#""seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
            ),
            "publish +ann 1",
        ]
    );
    assert_eq!(published(room.join("cat", V1, None)), "+cat", "from here on at once");
}

#[test]
fn what_becomes_of_members_here_is_published_where_it_is_told() {
    let mut room = with(&["ann"]);
    assert_eq!(published(room.join("bob", V1, Some("1"))), "+bob 1");
    assert_eq!(published(room.set("bob", Some("2"))), "bob shows 2");
    assert_eq!(published(room.set("bob", None)), "", "it waits for the tick");
    assert_eq!(published(room.broadcast("bob", "3")), "bob shows; bob says 3");
    room.at(2_000);
    assert_eq!(published(room.inform("bob", Some("7"))), "bob is 7");
    assert_eq!(published(room.away("bob")), "bob is away");
    assert_eq!(published(room.back("bob", V1)), "bob is back");
    assert_eq!(published(room.back("bob", V1)), "", "it was");
    assert_eq!(published(room.leave("bob")), "-bob");
    assert_eq!(published(room.last_words("bob", "0")), "bob says 0");
    assert_eq!(published(room.broadcast_all(None, "1")), "says 1");
    assert_eq!(published(room.send("ann", "1")), "", "nobody else hears it");
}

#[test]
fn it_is_published_too_where_nobody_here_hears_it() {
    let mut room = with(&["ann", "bob"]);
    room.away("bob");
    assert_eq!(room.away("ann"), ["publish ann is away"]);
    room.at(2_000);
    assert_eq!(room.set("ann", Some("1")), ["publish ann shows 1"]);
    assert_eq!(room.leave("ann"), ["publish -ann"]);
    assert_eq!(room.leave("bob"), ["publish -bob; Closed"]);
}

#[test]
fn who_has_left_in_this_tick_and_is_in_at_another_node_is_told_to_have_left_before() {
    let limits = Limits::default().announce_at_once(0);
    let mut room = Script::in_cluster(limits, node(100));
    ["ann", "bob"].iter().for_each(|member| drop(room.join(member, V1, None)));
    room.at(2_000).wake();
    assert_eq!(published(room.leave("bob")), "", "it waits for the tick");
    assert_eq!(
        room.hear(50, vec![Change::Joined(taken_over("bob", 1))]),
        [
            concat!(
                r#"v1: all <- [{"from":"bob","t":"presence","op":"leave"},"#,
                r#"{"from":"bob","t":"presence","op":"join","n":1}]"#
            ),
            "publish -bob",
        ]
    );
}

#[test]
fn leaves_that_wait_for_the_tick_are_published_before_the_last_one() {
    let limits = Limits::default().announce_at_once(0);
    let mut room = Script::in_cluster(limits, node(100));
    ["ann", "bob", "cat"].iter().for_each(|member| drop(room.join(member, V1, None)));
    room.at(2_000).wake();
    assert_eq!(published(room.leave("ann")), "", "it waits for the tick");
    room.join("dan", V1, None);
    room.leave("dan");
    assert_eq!(published(room.leave("bob")), "");
    assert_eq!(published(room.leave("cat")), "-ann; -bob; -cat; Closed", "dan was never in");
}

#[test]
fn a_tick_of_who_comes_and_goes_is_published_as_one() {
    let limits = Limits::default().announce_at_once(0);
    let mut room = Script::in_cluster(limits, node(100));
    ["ann", "bob", "cat"].iter().for_each(|member| drop(room.join(member, V1, None)));
    assert_eq!(published(room.at(2_000).wake()), "+bob; +cat");
    room.leave("bob");
    room.join("dan", V1, None);
    assert_eq!(published(room.at(3_000).wake()), "-bob; +dan");
    room.leave("cat");
    room.leave("dan");
    assert_eq!(published(room.tell(Input::Drain)), "-cat; -dan");
    assert_eq!(room.leave("ann"), ["publish -ann; Closed"], "from here on no leave is told here");
}

#[test]
fn what_a_node_says_of_its_members_is_told_as_of_those_here() {
    let mut room = with(&["ann"]);
    assert_eq!(
        room.hear(200, vec![Change::Joined(present("eve")), said("eve", "1")]),
        [
            r#"v1: all <- {"from":"eve","t":"presence","op":"join","n":1}"#,
            r#"v1: all but eve <- {"from":"eve","t":"msg","msg":1,"seq":1}"#,
        ]
    );
    let state = |state: &str| Change::State { member: id("eve"), state: Some(json(state)) };
    assert_eq!(room.hear(200, vec![state("1")]), [r#"v1: update <- {"t":"updates","of":[[1,1]]}"#,]);
    assert_eq!(room.hear(200, vec![state("2")]), ["wake at 1033"], "once a tick");
    assert_eq!(
        room.hear(200, vec![said("eve", "2")]),
        [
            r#"v1: update <- {"t":"updates","of":[[1,2]]}"#,
            r#"v1: all but eve <- {"from":"eve","t":"msg","msg":2,"seq":2}"#
        ],
        "what it showed before it said that"
    );
    room.at(2_000);
    let info = Change::Info { member: id("eve"), info: Some(json("7")) };
    assert_eq!(
        room.hear(200, vec![info]),
        [r#"v1: update <- {"from":"eve","t":"presence","op":"update","info":7,"state":2}"#]
    );
    assert_eq!(
        room.hear(200, vec![Change::Away { member: id("eve") }]),
        [r#"v1: all <- {"from":"eve","t":"presence","op":"away"}"#]
    );
    assert_eq!(room.hear(200, vec![Change::Away { member: id("eve") }]), NOTHING);
    assert_eq!(
        room.hear(200, vec![Change::Back { member: id("eve") }]),
        [r#"v1: all <- {"from":"eve","t":"presence","op":"update","state":2}"#]
    );
    assert_eq!(
        room.hear(200, vec![left("eve"), Change::Joined(present("fay")), left("fay"), said("fay", "3")]),
        [
            concat!(
                r#"v1: all <- [{"from":"eve","t":"presence","op":"leave"},{"from":"fay","t":"presence","op":"join","n":1},"#,
                r#"{"from":"fay","t":"presence","op":"leave"}]"#
            ),
            r#"v1: all but fay <- {"from":"fay","t":"msg","msg":3,"seq":3}"#,
        ],
        "and its last words"
    );
}

#[test]
fn who_is_not_in_at_a_node_is_not_what_that_node_says_it_is() {
    let mut room = with(&["ann"]);
    room.hear(200, vec![Change::Joined(present("eve"))]);
    for from in [200, 300] {
        for member in ["ann", "bob", "eve"].into_iter().filter(|member| from == 300 || *member != "eve") {
            let (state, info) = (Some(json("1")), Some(json("1")));
            let changes = vec![
                Change::State { member: id(member), state },
                Change::Info { member: id(member), info },
                Change::Away { member: id(member) },
                Change::Back { member: id(member) },
                left(member),
                Change::Ceded { member: id(member) },
                Change::Mourned { member: id(member) },
                Change::Unknown,
            ];
            assert_eq!(room.hear(from, changes), NOTHING, "{member} of {from}");
        }
    }
    assert_eq!(room.roster(), ["ann", "eve"]);
    assert_eq!(room.hear(100, vec![left("ann")]), NOTHING, "and of itself it hears nothing");
    assert_eq!(room.hear_roster(100, vec![], 9), NOTHING);
}

#[test]
fn a_roster_is_told_as_what_is_new_in_it() {
    let mut room = with(&["ann"]);
    let members = ["eve", "fay", "gil"].map(present);
    assert_eq!(room.hear_roster(200, members.to_vec(), 0).len(), 1, "in one frame");
    let fay = Present { away: true, ..present("fay") };
    let gil = Present { state: Some(json("1")), info: Some(json("2")), ..present("gil") };
    let hal = Present { away: true, state: Some(json("3")), ..present("hal") };
    assert_eq!(
        room.hear_roster(200, vec![fay.clone(), gil.clone(), hal.clone()], 0),
        [
            concat!(
                r#"v1: all <- [{"from":"eve","t":"presence","op":"leave"},{"from":"fay","t":"presence","op":"away"},"#,
                r#"{"from":"hal","t":"presence","op":"join","n":1,"state":3},{"from":"hal","t":"presence","op":"away"}]"#
            ),
            r#"v1: update <- {"from":"gil","t":"presence","op":"update","info":2,"state":1}"#,
        ]
    );
    room.at(2_000);
    assert_eq!(room.hear_roster(200, vec![fay, gil, hal], 0), NOTHING, "nothing is");
}

#[test]
fn what_is_missing_has_a_number() {
    let mut room = with(&["ann"]);
    room.broadcast_all(None, "1");
    assert_eq!(room.hear_roster(200, vec![], 5), [r#"v1: all <- {"t":"gap","epoch":"e","seq":2}"#]);
    assert_eq!(room.broadcast_all(None, "1")[0], r#"v1: all <- {"from":"","t":"msg","msg":1,"seq":3}"#);
}

#[test]
fn what_comes_late_is_told_behind_who_came_and_before_who_went() {
    let mut room = with(&["ann"]);
    room.hear(200, ["eve", "fay", "ida"].map(|member| Change::Joined(present(member))).to_vec());
    let shown = Present { state: Some(json("9")), ..present("gus") };
    let late = vec![
        vec![said("fay", "1"), said("who", "2"), Change::Joined(present("hal")), Change::Joined(present("gus"))],
        vec![said("hal", "3"), said("gus", "4")],
        vec![],
    ];
    let members = vec![present("eve"), shown];
    let words = Words { since: 7, said: 20 };
    let gap = |seq: u64| format!(r#"v1: all <- {{"t":"gap","epoch":"e","seq":{seq}}}"#);
    let word = |from: &str, msg: u64, seq: u64| {
        format!(r#"v1: all but {from} <- {{"from":"{from}","t":"msg","msg":{msg},"seq":{seq}}}"#)
    };
    let told = room.news(200, News::Roster { members, is_open: true, missed: 2, late, words });
    let due = [
        concat!(
            r#"v1: all <- [{"from":"ida","t":"presence","op":"leave"},"#,
            r#"{"from":"gus","t":"presence","op":"join","n":3,"state":9}]"#
        )
        .to_owned(),
        gap(1),
        word("fay", 1, 2),
        gap(3),
        r#"v1: all <- {"from":"hal","t":"presence","op":"join","n":4}"#.to_owned(),
        gap(4),
        word("hal", 3, 5),
        word("gus", 4, 6),
        gap(7),
        concat!(
            r#"v1: all <- [{"from":"fay","t":"presence","op":"leave"},"#,
            r#"{"from":"hal","t":"presence","op":"leave"}]"#
        )
        .to_owned(),
    ];
    assert_eq!(told, due);
    assert!(room.room().has_heard(&[Heard { node: node(200).node(), words }]));
    assert_eq!(room.roster(), ["ann", "eve", "gus 9"]);
}

/// What it says at its new node may have been told already.
#[test]
fn what_a_member_said_before_it_changed_its_node_does_not_come_late() {
    let mut room = with(&["ann"]);
    room.hear(200, vec![Change::Joined(present("eve"))]);
    room.hear(300, vec![Change::Joined(taken_over("eve", 1)), said("eve", "2")]);
    let late = vec![vec![said("eve", "1")]];
    let roster = News::Roster { members: vec![], is_open: true, missed: 0, late, words: Words::default() };
    assert_eq!(room.news(200, roster), [r#"v1: all <- {"t":"gap","epoch":"e","seq":2}"#]);
    assert_eq!(room.roster(), ["ann", "eve"]);
}

#[test]
fn what_cannot_be_told_here_is_missing_and_counted() {
    let mut room = with(&["ann"]);
    room.news(200, News::Opened { words: Some(Words { since: 7, said: 0 }) });
    room.hear(200, vec![Change::Joined(present("eve")), said("eve", "1")]);
    assert_eq!(room.news(200, News::Unheard { messages: 3 }), [r#"v1: all <- {"t":"gap","epoch":"e","seq":2}"#]);
    assert!(room.room().has_heard(&[Heard { node: node(200).node(), words: Words { since: 7, said: 4 } }]));
}

#[test]
fn what_another_run_of_a_node_said_before_it_was_heard_may_be_missing() {
    let mut room = with(&["ann"]);
    let gap = |seq: u64| format!(r#"v1: all <- {{"t":"gap","epoch":"e","seq":{seq}}}"#);
    assert!(!room.hear_roster(200, vec![present("eve")], 0).contains(&gap(1)), "eve came, and has said nothing");
    assert_eq!(room.hear_roster(200, vec![present("eve")], 0), NOTHING);
    assert_eq!(room.hear_roster(300, vec![present("eve")], 0), [gap(1)], "eve was in, and may have spoken");
    assert_eq!(room.hear_roster(300, vec![present("eve"), present("fay")], 0).len(), 1, "once");
}

#[test]
fn the_members_of_a_lost_node_are_away_for_their_grace_and_leave_in_one_frame() {
    let mut room = with(&["ann"]);
    room.hear(200, vec![Change::Joined(present("eve")), Change::Joined(present("fay"))]);
    room.hear(200, vec![Change::Away { member: id("fay") }]);
    assert_eq!(
        room.news(200, News::Lost),
        [r#"v1: all <- {"from":"eve","t":"presence","op":"away"}"#, "wake at 31000"],
        "who was away is told once"
    );
    assert_eq!(room.at(30_999).wake(), ["wake at 31000"]);
    assert_eq!(
        room.at(31_000).wake(),
        [
            r#"v1: all <- [{"from":"eve","t":"presence","op":"leave"},{"from":"fay","t":"presence","op":"leave"}]"#,
            "lost are eve, fay"
        ]
    );
    assert_eq!(room.mourned(&["eve"]), ["publish Mourned { member: MemberId(\"eve\") }"]);
    assert_eq!(room.mourned(&["eve", "bob"]), NOTHING, "once");
}

#[test]
fn a_lost_node_that_is_heard_again_has_its_members_back() {
    let mut room = with(&["ann"]);
    room.hear(200, vec![Change::Joined(present("eve")), Change::Joined(present("fay"))]);
    room.news(200, News::Lost);
    assert_eq!(
        room.at(20_000).hear_roster(200, vec![present("fay"), present("gil")], 0),
        [concat!(
            r#"v1: all <- [{"from":"eve","t":"presence","op":"leave"},{"from":"fay","t":"presence","op":"update"},"#,
            r#"{"from":"gil","t":"presence","op":"join","n":1}]"#
        )]
    );
    assert_eq!(room.at(40_000).wake(), NOTHING);
    assert_eq!(room.roster(), ["ann", "fay", "gil"]);
}

#[test]
fn where_there_is_no_grace_they_leave_at_once() {
    let mut room = Script::in_cluster(Limits::default().grace_ms(0), node(100));
    room.join("ann", V1, None);
    room.hear(200, vec![Change::Joined(present("eve"))]);
    assert_eq!(room.news(200, News::Lost), [r#"all <- {"from":"eve","t":"presence","op":"leave"}"#, "lost are eve"]);
}

#[test]
fn the_members_of_a_node_that_parts_leave_at_once_and_are_not_lost() {
    let mut room = with(&["ann"]);
    room.hear(200, vec![Change::Joined(present("eve"))]);
    room.hear(300, vec![Change::Joined(present("fay"))]);
    assert_eq!(room.news(200, News::Parted), [r#"all <- {"from":"eve","t":"presence","op":"leave"}"#]);
    assert_eq!(room.news(200, News::Parted), NOTHING);
    assert_eq!(room.news(400, News::Lost), NOTHING, "it had nobody in");
    assert_eq!(room.roster(), ["ann", "fay"]);
}

/// The oldest of the nodes that have somebody in; the others where that takes too long, or comes to nothing.
#[test]
fn the_app_is_told_of_the_lost_by_one_node_and_where_that_fails_by_another() {
    let lost = |older: &dyn Fn(&mut Script)| {
        let mut room = with(&["ann"]);
        room.hear(50, vec![Change::Joined(present("bob"))]);
        room.hear(300, vec![Change::Joined(present("cat"))]);
        room.hear(200, vec![Change::Joined(present("eve"))]);
        room.news(200, News::Lost);
        let lines = room.at(1_000 + GRACE_MS).wake();
        assert_eq!(lines[1..], ["wake at 41000"], "n50 does it");
        older(&mut room);
        room
    };
    let mut room = lost(&|room| assert_eq!(room.hear(50, vec![Change::Mourned { member: id("eve") }]), NOTHING));
    assert_eq!(room.at(50_000).wake(), NOTHING);
    let mut room = lost(&|_| {});
    assert_eq!(room.at(40_999).wake(), ["wake at 41000"]);
    assert_eq!(room.at(41_000).wake(), ["lost are eve"], "n50 did not say so");
    lost(&|room| assert_eq!(room.news(50, News::Parted)[1..], ["lost are eve"]));
    lost(&|room| assert_eq!(room.hear(50, vec![left("bob")])[1..], ["lost are eve"], "it has nobody in"));
    lost(&|room| assert_eq!(room.news(50, News::Lost)[1..], ["lost are eve", "wake at 61000"]));
    let mut room = lost(&|room| drop(room.hear_roster(200, vec![present("eve")], 0)));
    assert_eq!(room.at(50_000).wake(), NOTHING, "it is in again");
}

#[test]
fn a_room_is_not_empty_while_it_owes_something_to_the_lost() {
    let mut room = with(&["ann"]);
    room.hear(200, vec![Change::Joined(present("eve"))]);
    room.news(200, News::Lost);
    room.leave("ann");
    assert!(!room.is_empty());
    assert_eq!(room.at(1_000 + GRACE_MS).wake(), ["lost are eve"]);
    assert!(!room.is_empty());
    room.mourned(&["eve"]);
    assert!(room.is_empty());
    let mut room = with(&["ann"]);
    room.hear(200, vec![Change::Joined(present("eve"))]);
    room.leave("ann");
    assert!(room.is_empty(), "of a node that lives nothing is owed");
    assert_eq!(room.hear(200, vec![Change::Joined(present("fay"))]), NOTHING, "that nobody is in is said once");
    room.news(200, News::Lost);
    assert!(!room.is_empty());
    room.tell(Input::Drain);
    assert!(room.is_empty(), "whoever stops waits for nothing");
}

#[test]
fn of_two_claims_the_higher_has_the_member_and_nobody_hears_of_it() {
    let mut room = with(&["ann", "bob"]);
    assert_eq!(room.hear(200, vec![Change::Joined(taken_over("bob", 1))])[..1], ["taken over is bob"]);
    assert_eq!(room.roster(), ["ann", "bob"], "where it was");
    assert_eq!(room.hear(300, vec![Change::Joined(taken_over("bob", 1))]), NOTHING, "n300 is newer");
    assert_eq!(room.hear(200, vec![left("bob")]), NOTHING, "who has it no more");
    assert_eq!(room.hear(200, vec![Change::Joined(taken_over("bob", 1))]), NOTHING);
    assert_eq!(room.hear_roster(200, vec![taken_over("bob", 1)], 0), NOTHING);
    assert_eq!(room.hear(200, vec![left("bob")]), NOTHING);
    assert_eq!(room.hear(300, vec![left("bob")]), [r#"all <- {"from":"bob","t":"presence","op":"leave"}"#]);
    assert_eq!(room.hear(50, vec![Change::Joined(present("ann"))]), NOTHING, "n50 is older");
    assert_eq!(room.hear(200, vec![Change::Joined(present("ann"))])[0], "taken over is ann");
    assert!(room.is_empty());
}

#[test]
fn who_takes_a_member_over_shows_what_it_shows_there() {
    let mut room = with(&["ann", "bob"]);
    room.away("bob");
    let bob = Present { state: Some(json("5")), ..taken_over("bob", 1) };
    assert_eq!(
        room.at(2_000).hear(200, vec![Change::Joined(bob)]),
        [
            "taken over is bob",
            r#"v1: all <- {"from":"bob","t":"presence","op":"update","state":5}"#,
            r#"v1: update <- {"t":"updates","of":[[1,5]]}"#,
            "publish Ceded { member: MemberId(\"bob\") }",
        ]
    );
    let mut room = Script::awaiting(Limits::default(), node(100));
    room.join("ann", V1, None);
    assert_eq!(room.hear(200, vec![Change::Joined(taken_over("ann", 1))]), ["taken over is ann", "publish Closed"]);
    assert!(room.is_empty(), "it waited to be let in");
}

fn session(token: u128) -> SessionHash {
    SessionHash { newest: Token::new(NodeId(7), token).hash(), presented: None, entered: 0 }
}

/// Whose session takes that token.
fn holder(room: &Script, token: u128) -> Option<&str> {
    room.room().holder_of(Token::new(NodeId(7), token).hash()).map(|entry| entry.member.as_str())
}

fn coming_back(member: &str, times: u32, state: Option<&str>) -> Newcomer {
    Newcomer { generation: Generation(times), state: state.map(json), ..Newcomer::new(id(member)) }
}

#[test]
fn who_comes_here_and_is_in_elsewhere_is_taken_over_in_its_place_and_nobody_hears_more_than_is_new() {
    let mut room = with(&["ann"]);
    let state = Some(json("1"));
    room.hear(200, vec![Change::Joined(Present { state: state.clone(), ..present("eve") })]);
    room.hear(200, vec![Change::Joined(Present { state, ..present("fay") }), Change::Away { member: id("fay") }]);
    assert_eq!(room.join_as(coming_back("eve", 0, None), V1), ["refused: already in the room"], "n200 is newer");
    assert_eq!(
        room.join_as(coming_back("eve", 1, Some("1")), V1),
        [
            r#"eve <- {"t":"snapshot","self":"eve","members":[{"id":"ann","n":0},{"id":"eve","n":1,"state":1},{"id":"fay","n":2,"away":true,"state":1}],"seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#,
            "publish +eve 1",
        ]
    );
    let back = room.at(5_000).join_as(coming_back("fay", 1, Some("2")), V1);
    assert_eq!(
        back[1..],
        [
            r#"v1: all but fay <- {"from":"fay","t":"presence","op":"update","state":2}"#,
            r#"v1: update <- {"t":"updates","of":[[2,2]]}"#,
            "publish +fay 2; fay shows 2",
        ]
    );
    assert_eq!(room.hear(200, vec![left("eve"), Change::Away { member: id("fay") }]), NOTHING, "it speaks for neither");
    assert_eq!(room.hear_roster(200, vec![present("eve")], 0), NOTHING);
    assert_eq!(room.roster(), ["ann", "eve 1", "fay 2"]);
    assert_eq!(room.join_as(coming_back("eve", 2, None), V1), ["refused: already in the room"], "it is this node's");
    let of_another = Newcomer { user: UserId::new("u").ok(), ..coming_back("gil", 1, None) };
    room.hear(200, vec![Change::Joined(present("gil"))]);
    assert_eq!(room.join_as(of_another, V1), ["refused: already in the room"], "another user is another member");
}

#[test]
fn who_is_taken_over_adds_nobody_to_a_full_room_and_waits_its_turn_in_a_large_one() {
    let mut room = Script::in_cluster(Limits::default().members(3).announce_at_once(1), node(100));
    ["ann", "bob"].iter().for_each(|member| drop(room.join(member, V1, None)));
    room.hear(200, vec![Change::Joined(present("eve"))]);
    assert_eq!(room.at(1_010).join_as(coming_back("eve", 1, None), V1), ["wake at 1033"]);
    assert_eq!(room.hear(50, vec![Change::Joined(present("eve"))]), NOTHING, "it waits with a higher claim");
    let entered = room.at(1_033).wake();
    assert_eq!((entered[0].as_str(), entered.last().map(String::as_str)), ("in is eve", Some("publish +eve")));
    let refused = room.at(2_000).join("fay", V1, None);
    assert_eq!(refused, ["refused: the room is full: 3 members (`Limits::members`)"]);
    // Of two who take one over at once the higher claim has it, whoever was told first.
    let mut room = Script::in_cluster(Limits::default().announce_at_once(1), node(100));
    ["ann", "bob"].iter().for_each(|member| drop(room.join(member, V1, None)));
    room.hear(200, vec![Change::Joined(present("eve"))]);
    room.at(1_010).join_as(coming_back("eve", 1, None), V1);
    assert_eq!(room.hear(300, vec![Change::Joined(taken_over("eve", 1))])[0], "taken over is eve");
    assert!(!room.is_waiting("eve"));
    assert_eq!(room.roster(), ["ann", "bob", "eve"]);
}

#[test]
fn a_user_who_comes_with_a_member_of_another_node_has_neither_come_nor_gone() {
    let mut room = with(&["ann"]);
    room.hear(200, vec![Change::Joined(of_user("eve", "u"))]);
    let lines = room.join_as(Newcomer { user: UserId::new("u").ok(), ..coming_back("eve", 1, None) }, V1);
    assert_eq!(words(lines)[0], "user u is here by eve");
    assert_eq!(words(room.hear(200, vec![answers(1, StayAnswer::Tells)])), NOTHING);
}

#[test]
fn who_is_given_up_is_told_to_other_nodes_alone_and_stays_until_one_of_them_has_it() {
    let mut room = with(&["ann", "bob"]);
    room.set("bob", Some("1"));
    room.set("bob", Some("2"));
    let release = || Input::Release { member: id("bob") };
    let ceded = "Ceded { member: MemberId(\"bob\") }";
    assert_eq!(
        room.tell(release()),
        [r#"v1: update <- {"t":"updates","of":[[1,2]]}"#.to_owned(), format!("publish bob shows 2; {ceded}")]
    );
    assert_eq!(room.tell(release()), [format!("publish {ceded}")], "it is asked again");
    assert_eq!(room.room().own().len(), 2);
    assert_eq!(
        room.hear(200, vec![Change::Joined(Present { state: Some(json("2")), ..taken_over("bob", 1) })])[0],
        "taken over is bob"
    );
    assert_eq!(room.tell(release()), ["refused: not in the room"]);
    // One that no node takes is back here as from any loss, or leaves.
    let mut room = with(&["ann", "bob"]);
    room.tell(release());
    assert_eq!(published(room.back("bob", V1)), "+bob");
    room.tell(release());
    assert_eq!(room.leave("bob")[0], r#"all <- {"from":"bob","t":"presence","op":"leave"}"#);
}

#[test]
fn who_was_given_up_says_nothing_more_here_and_what_it_is_told_waits_for_it() {
    let mut room = with(&["ann", "bob"]);
    room.tell(Input::Release { member: id("bob") });
    for refused in [room.broadcast("bob", "1"), room.set("bob", Some("1")), room.inform("bob", Some("1"))] {
        assert_eq!(refused, ["refused: not in the room"]);
    }
    assert_eq!(room.send("bob", "1")[0], r#"bob <- {"from":"bob","t":"msg","msg":1,"seq":1}"#);
    assert_eq!(room.away("bob"), ["refused: not in the room"], "nobody is told that its socket is gone");
}

#[test]
fn each_node_that_is_given_a_member_claims_more_than_the_one_before_and_so_does_its_own_where_it_comes_back() {
    let mut room = with(&["ann", "bob"]);
    let given = |room: &Script| room.room().given(&id("bob")).map(|present| present.generation);
    assert_eq!(given(&room), None);
    for times in 0..3 {
        room.tell(Input::Release { member: id("bob") });
        assert_eq!(given(&room), Some(Generation(times)), "who is given it has one more");
    }
    room.back("bob", V1);
    let own = room.room().own();
    let bob = own.iter().find(|present| present.member == id("bob")).map(|present| (present.generation, present.away));
    assert_eq!((bob, given(&room)), (Some((Generation(4), false)), None));
    assert_eq!(room.hear(200, vec![Change::Joined(taken_over("bob", 3))]), NOTHING, "it came too late");
    assert_eq!(published(room.broadcast("bob", "1")), "bob says 1");
    room.tell(Input::Release { member: id("bob") });
    assert_eq!(given(&room), Some(Generation(4)));
    assert_eq!(room.hear(200, vec![Change::Joined(taken_over("bob", 5))])[0], "taken over is bob");
    assert_eq!(given(&room), None);
}

/// Bob was at n200, has said `last` there, and is at n300, which n100 hears first.
fn moved(room: &mut Script, last: u64) -> Vec<String> {
    room.news(200, News::Opened { words: Some(Words { since: 7, said: 0 }) });
    room.hear(200, vec![Change::Joined(present("bob"))]);
    let behind = Heard { node: node(200).node(), words: Words { since: 7, said: last } };
    let moved = vec![said("fay", "1"), Change::Behind(behind), Change::Joined(taken_over("bob", 1)), said("bob", "9")];
    room.hear(300, vec![Change::Joined(present("fay"))]);
    room.hear(300, moved)
}

fn word(from: &str, msg: &str, seq: u64) -> String {
    format!(r#"v1: all but {from} <- {{"from":"{from}","t":"msg","msg":{msg},"seq":{seq}}}"#)
}

#[test]
fn what_a_member_says_at_its_next_node_waits_for_what_it_said_at_the_one_before_and_nothing_overtakes_it() {
    let mut room = with(&["ann"]);
    assert_eq!(moved(&mut room, 2), [word("fay", "1", 1), "wake at 1250".to_owned()]);
    assert_eq!(room.hear(300, vec![said("bob", "10"), said("fay", "2")]), NOTHING);
    assert_eq!(room.hear(200, vec![said("bob", "7")]), [word("bob", "7", 2)]);
    let due = [("bob", "8", 3), ("bob", "9", 4), ("bob", "10", 5), ("fay", "2", 6)];
    assert_eq!(room.hear(200, vec![said("bob", "8")]), due.map(|(from, msg, seq)| word(from, msg, seq)));
    assert_eq!(room.hear(300, vec![said("bob", "11")]), [word("bob", "11", 7)]);
    assert_eq!(room.room().next_wake(), None);
}

#[test]
fn what_is_not_heard_in_time_or_will_not_be_is_not_waited_for() {
    let nine = || word("bob", "9", 2);
    let mut room = with(&["ann"]);
    assert_eq!(moved(&mut room, 0), [word("fay", "1", 1), nine()], "it is here already");
    let mut room = with(&["ann"]);
    moved(&mut room, 2);
    assert_eq!(room.at(1_250).wake(), [nine()]);
    for lost in [News::Lost, News::Parted] {
        let mut room = with(&["ann"]);
        moved(&mut room, 2);
        assert_eq!(room.news(200, lost.clone()).last(), Some(&nine()), "nothing more comes of n200");
    }
    let mut room = with(&["ann"]);
    moved(&mut room, 2);
    let words = Words { since: 7, said: 2 };
    let roster = News::Roster { members: vec![], is_open: true, missed: 2, late: vec![vec![]], words };
    assert_eq!(room.news(200, roster).last(), Some(&word("bob", "9", 3)), "what was missed is told as a gap");
    let mut room = with(&["ann"]);
    moved(&mut room, 2);
    assert_eq!(room.news(300, News::Lost)[0], nine(), "it has said it, and says nothing more");
}

#[test]
fn what_waits_for_another_node_is_bounded() {
    let mut room = Script::in_cluster(Limits::default().log_bytes(2_000), node(100));
    room.join("ann", V1, None);
    moved(&mut room, 2);
    let much = format!("{:?}", "x".repeat(3_000));
    assert_eq!(room.hear(300, vec![said("bob", &much)]), [word("bob", "9", 2), word("bob", &much, 3)]);
}

#[test]
fn where_something_was_relayed_of_late_it_is_known() {
    let mut room = with(&["ann"]);
    assert!(!room.room().has_relayed(1_000));
    room.tell(Input::Relayed { msg: json("1") });
    assert_eq!([1_000, 3_499, 3_500].map(|now| room.room().has_relayed(now)), [true, true, false]);
}

#[test]
fn who_is_taken_over_says_what_is_to_be_heard_before() {
    let mut room = with(&["ann"]);
    room.hear(200, vec![Change::Joined(present("eve"))]);
    let behind = Heard { node: node(200).node(), words: Words { since: 7, said: 2 } };
    let eve = Newcomer { behind: Some(behind), ..coming_back("eve", 1, None) };
    assert_eq!(published(room.join_as(eve, V1)), format!("{:?}; +eve", Change::Behind(behind)));
}

#[test]
fn who_was_given_up_and_is_back_at_its_node_stays() {
    let mut room = with(&["ann"]);
    room.hear(200, vec![Change::Joined(present("eve")), Change::Ceded { member: id("eve") }]);
    assert_eq!(room.hear(200, vec![Change::Back { member: id("eve") }]), NOTHING);
    assert_eq!((room.room().next_wake(), room.at(100_000).wake().len()), (None, 0));
    assert_eq!(room.roster(), ["ann", "eve"]);
}

#[test]
fn what_each_node_has_said_is_counted_where_it_is_heard() {
    let heard = |from: u64, since, said| Heard { node: node(from).node(), words: Words { since, said } };
    let own = |words| Input::Remote { node: node(100), news: News::Own { words } };
    let mut room = with(&["ann"]);
    room.broadcast("ann", "1");
    assert_eq!(room.tell(own(Words { since: 4, said: 9 })), NOTHING);
    room.broadcast("ann", "2");
    room.news(200, News::Opened { words: Some(Words { since: 7, said: 0 }) });
    room.hear(200, vec![Change::Joined(present("eve")), said("eve", "3")]);
    let mut due = vec![heard(100, 4, 11), heard(200, 7, 1)];
    due.sort_by_key(|heard| heard.node);
    assert_eq!(room.room().heard(), due);
    assert!(room.room().has_heard(&due) && room.room().has_heard_of(node(200).node()));
    assert_eq!(room.room().heard_beyond(&due), Some(vec![]));
    assert_eq!(room.room().heard_beyond(&[heard(100, 4, 10), heard(200, 7, 0)]), Some(vec![2, 3]));
    assert!(!room.room().has_heard(&[heard(200, 7, 2)]), "that is still to come");
    room.news(
        200,
        News::Roster {
            members: vec![],
            is_open: true,
            missed: 4,
            late: Vec::new(),
            words: Words { since: 7, said: 6 },
        },
    );
    assert!(room.room().has_heard(&[heard(100, 4, 11), heard(200, 7, 5)]));
    assert_eq!(room.room().heard_beyond(&[heard(100, 4, 11), heard(200, 7, 5)]), None, "it is missing here, too");
    room.news(200, News::Lost);
    assert_eq!(room.room().heard(), [heard(100, 4, 11)]);
}

#[test]
fn numbers_go_on_above_those_that_a_member_knows_from_elsewhere() {
    let mut room = with(&["ann"]);
    room.hear(200, vec![Change::Joined(present("eve"))]);
    let eve = Newcomer { seq_above: 700, ..coming_back("eve", 1, None) };
    assert!(room.join_as(eve, V1)[0].contains(r#""seq":700,"#));
    let heard = r#"v1: all but ann <- {"from":"ann","t":"msg","msg":1,"seq":701}"#;
    assert_eq!(room.broadcast("ann", "1")[0], heard);
    let fay = Newcomer { seq_above: 5, ..coming_back("fay", 1, None) };
    assert!(room.join_as(fay, V1)[0].contains(r#""seq":701,"#), "they are above it");
}

#[test]
fn whoever_is_away_while_its_node_stops_is_told_to_other_nodes_alone_and_whoever_leaves_too() {
    let mut room = with(&["ann", "bob", "cat"]);
    room.tell(Input::Drain);
    assert_eq!(room.away("bob"), ["publish bob is away"]);
    assert_eq!(room.leave("cat"), ["publish -cat"]);
    assert_eq!(room.roster(), ["ann", "bob"]);
    assert_eq!(room.hear(200, vec![Change::Joined(taken_over("bob", 1))])[0], "taken over is bob");
    assert_eq!(room.leave("ann"), ["publish -ann; Closed"]);
}

#[test]
fn every_node_knows_which_member_a_token_is_of_until_it_leaves() {
    let mut room = with(&["ann"]);
    let told = |token| Change::Session { member: id("eve"), session: Some(session(token)) };
    assert_eq!(
        room.tell(Input::Session { member: id("ann"), session: Some(session(1)) }),
        [format!("publish {:?}", Change::Session { member: id("ann"), session: Some(session(1)) })]
    );
    assert_eq!(room.tell(Input::Session { member: id("ann"), session: Some(session(1)) }), NOTHING);
    assert_eq!(room.tell(Input::Session { member: id("eve"), session: None }), ["refused: not in the room"]);
    assert_eq!(room.room().own(), [Present { session: Some(session(1)), ..present("ann") }]);
    room.hear(200, vec![told(2), Change::Joined(present("eve"))]);
    assert_eq!(holder(&room, 2), None, "nobody was in");
    room.hear(200, vec![told(2)]);
    room.hear(300, vec![told(9)]);
    assert_eq!([1, 2, 9].map(|token| holder(&room, token)), [Some("ann"), Some("eve"), None], "n300 does not have her");
    room.hear(200, vec![told(3)]);
    assert_eq!([2, 3].map(|token| holder(&room, token)), [None, Some("eve")]);
    room.hear(300, vec![Change::Joined(Present { session: Some(session(4)), ..taken_over("eve", 1) })]);
    assert_eq!([3, 4].map(|token| holder(&room, token)), [None, Some("eve")]);
    room.hear(300, vec![left("eve")]);
    room.leave("ann");
    assert_eq!([1, 4].map(|token| holder(&room, token)), [None, None]);
}

#[test]
fn who_was_given_up_by_its_node_and_turns_up_nowhere_leaves_at_the_end_of_its_grace() {
    let mut room = with(&["ann"]);
    let ceded = || Change::Ceded { member: id("eve") };
    room.hear(200, vec![Change::Joined(present("eve"))]);
    assert_eq!(room.hear(200, vec![ceded()]), ["wake at 31000"]);
    assert_eq!(room.hear_roster(200, vec![], 0), NOTHING, "its new node is not heard yet");
    assert_eq!(room.at(31_000).wake(), [r#"all <- {"from":"eve","t":"presence","op":"leave"}"#]);
    room.hear(200, vec![Change::Joined(present("fay")), Change::Ceded { member: id("fay") }]);
    assert_eq!(room.hear(300, vec![Change::Joined(taken_over("fay", 1))]), NOTHING);
    assert_eq!(room.room().next_wake(), None, "it has turned up");
    assert_eq!(room.at(100_000).wake(), NOTHING);
    assert_eq!(room.roster(), ["ann", "fay"]);
}

#[test]
fn another_run_of_this_node_speaks_for_the_same_members() {
    let mut room = with(&["ann"]);
    assert_eq!(room.tell(Input::Reborn { node: node(400) }), NOTHING);
    assert_eq!(room.room().own()[0].member, id("ann"));
    assert_eq!(room.hear(300, vec![Change::Joined(present("ann"))]), NOTHING, "that one is older now");
    assert_eq!(published(room.set("ann", Some("1"))), "ann shows 1");
    assert_eq!(room.leave("ann"), ["publish -ann; Closed"]);
}

#[test]
fn what_another_node_is_told_at_once_is_who_is_in_here() {
    let mut room = with(&["ann"]);
    room.join_of("bob", "u", V1);
    room.set("bob", Some("1"));
    room.away("bob");
    room.hear(200, vec![Change::Joined(present("eve"))]);
    let bob = Present { away: true, state: Some(json("1")), ..of_user("bob", "u") };
    assert_eq!(room.room().own(), [present("ann"), bob]);
}

#[test]
fn of_members_of_other_nodes_only_those_say_what_they_do() {
    let mut room = with(&["ann"]);
    room.hear(200, vec![Change::Joined(present("eve"))]);
    assert_eq!(room.broadcast("eve", "1"), ["refused: not in the room"]);
    assert_eq!(room.send("eve", "1"), ["refused: not in the room"]);
}

fn stay(word: StayWord) -> Change {
    Change::Stay { user: UserId::new("u").expect("it is a user"), word }
}

/// An answer to this node.
fn answers(number: u64, answer: StayAnswer) -> Change {
    stay(StayWord::Answers { to: node(100).node(), number, answer })
}

fn words(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().filter(|line| line.starts_with("user") || line.contains("Stay")).collect()
}

/// What is published of a stay, in the words that its test says.
fn says(word: StayWord) -> String {
    format!("{:?}", stay(word))
}

fn node_id(start: u64) -> NodeId {
    node(start).node()
}

/// Where others have the room, too, and are no longer new.
fn with_others() -> Script {
    let mut room = with(&["ann"]);
    room.hear(50, vec![Change::Joined(present("eve"))]);
    room.hear(200, vec![Change::Joined(present("fay"))]);
    room.at(10_000);
    room
}

#[test]
fn of_a_user_the_app_is_told_at_once_where_no_other_node_has_the_room() {
    let mut room = with(&["ann"]);
    assert_eq!(words(room.join_of("bob", "u", V1)), ["user u is here by bob", "user u came by bob"]);
    assert_eq!(words(room.join_of("cat", "u", V1)), NOTHING);
    room.leave("bob");
    assert_eq!(words(room.leave("cat")), NOTHING, "it lingers");
    assert_eq!(words(room.at(2_999).wake()), NOTHING);
    assert_eq!(words(room.at(3_000).wake()), ["user u went"]);
}

#[test]
fn of_a_user_the_app_is_told_when_all_others_have_said_that_they_do_not() {
    let nothing = |number| answers(number, StayAnswer::Nothing);
    let mut room = with_others();
    let lines = room.join_of("bob", "u", V1);
    assert_eq!(words(lines)[0], "user u is here by bob");
    assert_eq!(words(room.hear(50, vec![nothing(1)])), NOTHING);
    assert_eq!(words(room.hear(50, vec![nothing(1)])), NOTHING, "twice is not both");
    assert_eq!(words(room.hear(200, vec![nothing(7)])), NOTHING, "that was another question");
    assert_eq!(words(room.hear(200, vec![nothing(1)])), ["user u came by bob"]);
    for gone in [vec![Change::Closed], vec![answers(1, StayAnswer::Nothing)]] {
        let mut room = with_others();
        room.join_of("bob", "u", V1);
        room.hear(50, vec![nothing(1)]);
        assert_eq!(words(room.hear(200, gone)), ["user u came by bob"]);
    }
    let mut room = with_others();
    room.join_of("bob", "u", V1);
    room.hear(50, vec![nothing(1)]);
    assert_eq!(words(room.news(200, News::Lost)), ["user u came by bob"], "nobody waits for it");
    let mut room = with_others();
    room.join_of("bob", "u", V1);
    room.at(20_000).news(200, News::Parted);
    assert_eq!(words(room.at(20_000).wake()), ["user u came by bob"], "and n50 took too long");
}

#[test]
fn a_user_of_whom_another_node_tells_comes_and_goes_in_silence() {
    let mut room = with_others();
    room.join_of("bob", "u", V1);
    assert_eq!(words(room.hear(50, vec![answers(1, StayAnswer::Tells)])), NOTHING);
    room.hear(200, vec![answers(1, StayAnswer::Nothing)]);
    let releases = says(StayWord::Releases { number: 2 });
    assert_eq!(words(room.leave("bob")), [format!("publish -bob; {releases}")]);
    room.hear(200, vec![answers(2, StayAnswer::Nothing)]);
    assert!(!room.is_empty());
    assert_eq!(words(room.hear(50, vec![answers(2, StayAnswer::Nothing)])), ["user u is elsewhere"]);
}

#[test]
fn the_older_of_two_who_ask_at_once_tells() {
    let asks = || stay(StayWord::Asks { number: 3 });
    let answer = |to, answer| says(StayWord::Answers { to: node_id(to), number: 3, answer });
    let mut room = with_others();
    room.join_of("bob", "u", V1);
    let lines = words(room.hear(200, vec![asks()]));
    assert_eq!(lines, [format!("publish {}", answer(200, StayAnswer::Asks))], "n200 is newer");
    let lines = words(room.hear(50, vec![asks()]));
    assert_eq!(lines, [format!("publish {}", answer(50, StayAnswer::Nothing))], "n50 is older");
    room.hear(50, vec![answers(1, StayAnswer::Nothing)]);
    let lines = words(room.hear(200, vec![answers(1, StayAnswer::Nothing), asks()]));
    let guest = StayAnswer::Guest { by: node_id(50) };
    assert_eq!(lines, [format!("publish {}", answer(200, guest))], "n50 had answered before it asked");
}

#[test]
fn a_stay_is_handed_to_a_node_that_has_the_user_and_back_where_that_has_gone() {
    let mut room = with_others();
    room.join_of("bob", "u", V1);
    [50, 200].iter().for_each(|from| drop(room.hear(*from, vec![answers(1, StayAnswer::Nothing)])));
    room.hear(200, vec![Change::Joined(of_user("gil", "u"))]);
    let hands = says(StayWord::Hands { to: node_id(200) });
    let releases = says(StayWord::Releases { number: 2 });
    assert_eq!(words(room.leave("bob")), [format!("publish -bob; {hands}; {releases}")]);
    room.hear(200, vec![left("gil"), stay(StayWord::Hands { to: node_id(100) })]);
    assert_eq!(words(room.at(11_999).wake()), NOTHING, "it lingers");
    assert_eq!(words(room.at(12_000).wake()), ["user u went"]);
}

#[test]
fn who_lingers_gives_the_stay_to_whoever_asks() {
    let mut room = with_others();
    room.join_of("bob", "u", V1);
    [50, 200].iter().for_each(|from| drop(room.hear(*from, vec![answers(1, StayAnswer::Nothing)])));
    room.leave("bob");
    room.leave("ann");
    assert!(!room.is_empty());
    let lines = words(room.hear(200, vec![Change::Joined(of_user("gil", "u")), stay(StayWord::Asks { number: 9 })]));
    let (hands, releases) = (says(StayWord::Hands { to: node_id(200) }), says(StayWord::Releases { number: 2 }));
    assert_eq!(lines, [format!("publish {hands}; {releases}")]);
    room.hear(50, vec![answers(2, StayAnswer::Nothing)]);
    assert_eq!(words(room.hear(200, vec![answers(2, StayAnswer::Nothing)]))[0], "user u is elsewhere");
    assert!(room.is_empty());
}

/// Where a node knows of one that tells, and that one says that it does not, the stay is on its way.
#[test]
fn while_a_stay_is_on_its_way_it_is_asked_again() {
    let guest = |by| StayAnswer::Guest { by: node_id(by) };
    let mut room = with_others();
    room.join_of("bob", "u", V1);
    room.hear(50, vec![answers(1, StayAnswer::Nothing)]);
    assert_eq!(words(room.hear(200, vec![answers(1, guest(50))])), NOTHING);
    let asks = says(StayWord::Asks { number: 2 });
    assert_eq!(words(room.at(10_100).wake()), [format!("publish {asks}")]);
    room.hear(50, vec![answers(2, guest(100))]);
    assert_eq!(words(room.hear(200, vec![answers(2, guest(50))])), ["user u came by bob"], "all of them mean this one");
}

#[test]
fn in_a_room_that_was_just_opened_a_node_may_answer_that_is_not_known() {
    let mut room = with(&["ann"]);
    room.hear(200, vec![Change::Joined(present("fay"))]);
    room.join_of("bob", "u", V1);
    assert_eq!(words(room.hear(200, vec![answers(1, StayAnswer::Nothing)])), NOTHING);
    assert_eq!(words(room.at(1_249).wake()), NOTHING);
    assert_eq!(words(room.at(1_250).wake()), ["user u came by bob"]);
    let mut room = with(&["ann"]);
    room.hear(200, vec![Change::Joined(present("fay"))]);
    room.join_of("bob", "u", V1);
    room.hear(200, vec![answers(1, StayAnswer::Nothing)]);
    room.hear(50, vec![answers(1, StayAnswer::Tells)]);
    assert_eq!(words(room.at(2_000).wake()), NOTHING, "n50 was there");
}

#[test]
fn where_the_node_is_gone_that_told_of_a_user_those_who_have_it_ask_and_tell_nobody_again() {
    let mut room = with_others();
    room.join_of("bob", "u", V1);
    [50, 200].iter().for_each(|from| drop(room.hear(*from, vec![answers(1, StayAnswer::Tells)])));
    room.hear(50, vec![Change::Closed]);
    assert_eq!(words(room.news(50, News::Parted)).len(), 1, "it asks");
    assert_eq!(words(room.hear(200, vec![answers(2, StayAnswer::Nothing)])), NOTHING);
    room.leave("bob");
    assert_eq!(words(room.at(12_000).wake()), ["user u went"]);
}

/// It was asked by several, and died before it told.
#[test]
fn where_the_node_is_gone_that_was_to_tell_of_a_user_another_tells() {
    for (answer, told) in [(StayAnswer::Asks, &["user u came by bob"][..]), (StayAnswer::Tells, &[])] {
        let mut room = with_others();
        room.join_of("bob", "u", V1);
        room.hear(50, vec![answers(1, answer)]);
        room.hear(200, vec![answers(1, StayAnswer::Nothing)]);
        room.news(50, News::Parted);
        assert_eq!(words(room.hear(200, vec![answers(2, StayAnswer::Nothing)])), told, "{answer:?}");
    }
}

fn hands(to: u64) -> StayWord {
    StayWord::Hands { to: node_id(to) }
}

/// This node tells of a user, by bob; two others have the room.
fn telling() -> Script {
    let mut room = with_others();
    room.join_of("bob", "u", V1);
    [50, 200].iter().for_each(|from| drop(room.hear(*from, vec![answers(1, StayAnswer::Nothing)])));
    room
}

#[test]
fn who_is_back_before_its_moment_is_over_has_not_gone() {
    let mut room = telling();
    room.leave("bob");
    assert_eq!(words(room.at(11_000).join_of("cat", "u", V1)), ["user u is here by cat"]);
    assert_eq!(words(room.at(15_000).wake()), NOTHING);
    room.leave("cat");
    assert_eq!(words(room.at(17_000).wake()), ["user u went"]);
}

/// The app removes a user on every node that has the room.
#[test]
fn who_is_forgone_has_gone_with_its_last_member_and_is_not_waited_for() {
    let forgo = || Input::Forgo { user: UserId::new("u").unwrap() };
    let mut room = telling();
    assert_eq!(words(room.tell(forgo())), NOTHING, "bob is here");
    assert_eq!(words(room.leave("bob")), ["user u went"]);
    let mut room = telling();
    room.leave("bob");
    assert_eq!(words(room.tell(forgo())), ["user u went"], "it lingered");
    assert_eq!(words(room.tell(forgo())), NOTHING);

    // Whoever is back in spite of it is a user as before.
    let mut room = telling();
    room.hear(200, vec![Change::Joined(of_user("gil", "u"))]);
    room.tell(forgo());
    room.leave("bob");
    assert_eq!(words(room.at(10_500).join_of("cat", "u", V1))[0], "user u is here by cat");
    [50, 200].iter().for_each(|from| drop(room.hear(*from, vec![answers(3, StayAnswer::Nothing)])));
    room.hear(200, vec![left("gil")]);
    assert_eq!(words(room.leave("cat")), NOTHING, "it lingers");
}

#[test]
fn whoever_stops_waits_for_no_user() {
    let mut room = with(&["ann"]);
    room.join_of("bob", "u", V1);
    room.tell(Input::Drain);
    assert_eq!(words(room.leave("bob")), ["user u went"]);
}

#[test]
fn a_stay_is_handed_to_nobody_who_is_lost() {
    let mut room = telling();
    room.hear(200, vec![Change::Joined(of_user("gil", "u"))]);
    room.news(200, News::Lost);
    assert_eq!(words(room.leave("bob")), NOTHING, "it lingers");
    assert_eq!(words(room.at(12_000).wake()), ["user u went"]);
}

#[test]
fn who_lingers_gives_the_stay_away_at_the_end_where_somebody_has_the_user_and_did_not_ask() {
    let mut room = telling();
    room.leave("bob");
    room.hear(200, vec![Change::Joined(of_user("gil", "u"))]);
    let (hands, releases) = (says(hands(200)), says(StayWord::Releases { number: 2 }));
    assert_eq!(words(room.at(12_000).wake()), [format!("publish {hands}; {releases}")]);
}

#[test]
fn a_stay_that_comes_to_a_node_without_the_user_goes_on_to_one_that_has_it() {
    let mut room = with_others();
    room.hear(200, vec![Change::Joined(of_user("gil", "u"))]);
    assert_eq!(words(room.hear(50, vec![stay(hands(100))])), [format!("publish {}", says(hands(200)))]);
    room.hear(200, vec![left("gil")]);
    assert_eq!(words(room.hear(50, vec![stay(hands(100))])), NOTHING);
}

/// To another one: what is known of who tells is true again.
#[test]
fn whoever_hears_of_a_stay_that_is_handed_over_knows_who_tells() {
    let mut room = with_others();
    room.join_of("bob", "u", V1);
    assert_eq!(words(room.hear(50, vec![stay(hands(200))])), NOTHING, "it asked, and knows");
    let asks = |number| stay(StayWord::Asks { number });
    let guest = |to, number, by| {
        let answer = StayAnswer::Guest { by: node_id(by) };
        format!("publish {}", says(StayWord::Answers { to: node_id(to), number, answer }))
    };
    assert_eq!(words(room.hear(50, vec![asks(5)])), [guest(50, 5, 200)]);
    room.hear(200, vec![stay(hands(50))]);
    assert_eq!(words(room.hear(200, vec![asks(6)])), [guest(200, 6, 50)]);
    room.leave("bob");
    room.hear(50, vec![stay(hands(200))]);
    assert_eq!(words(room.hear(50, vec![asks(7)])), [guest(50, 7, 200)], "and while it releases");
    room.hear(200, vec![stay(hands(100))]);
    assert_eq!(words(room.at(12_000).wake()), ["user u went"], "it is handed back");
}

#[test]
fn a_stay_is_not_on_its_way_for_ever() {
    let guest = |by| StayAnswer::Guest { by: node_id(by) };
    let mut room = with_others();
    room.join_of("bob", "u", V1);
    room.hear(50, vec![answers(1, guest(200))]);
    assert_eq!(words(room.hear(200, vec![answers(1, guest(50))])), NOTHING);
    room.at(10_100).wake();
    room.at(20_000).hear(50, vec![answers(2, guest(200))]);
    assert_eq!(words(room.hear(200, vec![answers(2, guest(50))])), ["user u came by bob"]);
}

#[test]
fn a_question_is_asked_too_where_those_who_are_known_do_not_have_the_room_open() {
    let mut room = with(&["ann"]);
    room.news(
        200,
        News::Roster { members: Vec::new(), is_open: false, missed: 0, late: Vec::new(), words: Words::default() },
    );
    let asks = says(StayWord::Asks { number: 1 });
    assert_eq!(words(room.join_of("bob", "u", V1)), ["user u is here by bob", &format!("publish +bob; {asks}")]);
    assert_eq!(words(room.at(1_250).wake()), ["user u came by bob"]);
}

/// As if one socket heard it: others do, and how many is theirs to know.
#[test]
fn what_nobody_here_hears_is_published_within_the_budget() {
    let limits = Limits::default().presence_bytes_per_second(100);
    let mut room = Script::in_cluster(limits, node(100));
    room.join("ann", V1, None);
    room.away("ann");
    assert_eq!(published(room.set("ann", Some("\"of some bytes\""))), "ann shows \"of some bytes\"");
    let lines = room.set("ann", Some("2"));
    assert!(lines[0].starts_with("wake at ") && lines[0] != "wake at 1033", "{lines:?}");
}

#[test]
fn what_the_lost_showed_last_is_told_before_that_they_are_away() {
    let mut room = with(&["ann"]);
    let state = |state: &str| Change::State { member: id("eve"), state: Some(json(state)) };
    room.hear(200, vec![Change::Joined(present("eve")), state("1")]);
    assert_eq!(room.hear(200, vec![state("2")]), ["wake at 1033"]);
    assert_eq!(
        room.news(200, News::Lost)[..2],
        [r#"v1: update <- {"t":"updates","of":[[1,2]]}"#, r#"v1: all <- {"from":"eve","t":"presence","op":"away"}"#]
    );
}

#[test]
fn where_the_node_is_lost_that_told_of_a_user_and_has_nobody_in_it_is_asked_anew() {
    let mut room = with_others();
    room.join_of("bob", "u", V1);
    room.hear(50, vec![answers(1, StayAnswer::Tells), left("eve")]);
    assert_eq!(words(room.news(50, News::Lost)), [format!("publish {}", says(StayWord::Asks { number: 2 }))]);
}
