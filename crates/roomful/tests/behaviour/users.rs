//! Users, each of whom may have several members: when they come and go, and who is there.

use std::sync::Arc;

use roomful::test::{Event, TestMember, TestRoom};
use roomful::{
    Channel, Close, Conn, Deny, Drain, Error, ErrorKind, Limits, Result, Room, RoomExt as _, Rooms, Upgrade, UserId,
    Visit,
};
use roomful_core::Dialect;
use roomful_runtime::{Connection, ToWrite};
use tokio::sync::Semaphore;

use crate::keeper::{Beside, Platform, until};
use crate::metrics::{count, counted, record};
use crate::scripted::Log;

#[derive(Clone, Channel)]
#[channel("hall/:id", message = String)]
struct Hall {
    id: String,
}

fn hall(id: &str) -> Hall {
    Hall { id: id.to_owned() }
}

/// Whose data is `user/tab`. Nobody's is `/tab`.
#[derive(Clone)]
struct Halls {
    log: Log,
    /// What the hooks of `slow` wait for.
    gate: Arc<Semaphore>,
}

impl Halls {
    async fn note(&self, what: &str, visit: &Visit<Self>) -> Result {
        self.log.note(format!("{} {what} {} ({})", visit.user(), visit.key().id, visit.data()));
        match visit.user().as_str() {
            "slow" => {
                self.gate.acquire().await?.forget();
                self.log.note(format!("slow {what} is over"));
                Ok(())
            }
            "fails" => Err(Error::msg("on purpose")),
            "panics" => panic!("on purpose"),
            "says" => visit.room().broadcast(&what.to_owned()).await,
            "elsewhere" => visit.rooms().at(&hall("other")).broadcast(&what.to_owned()).await,
            _ => Ok(()),
        }
    }
}

impl Room for Halls {
    type Channel = Hall;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Hall>) -> Result<String, Deny> {
        upgrade.query("name").ok_or_else(Deny::forbidden)
    }

    fn user(&self, name: &String) -> Option<UserId> {
        UserId::new(name.split('/').next().unwrap()).ok()
    }

    async fn on_user_join(&self, visit: &Visit<Self>) -> Result {
        self.note("in", visit).await
    }

    async fn on_user_leave(&self, visit: &Visit<Self>) -> Result {
        self.note("out of", visit).await
    }

    async fn on_message(&self, _: &Conn<Self>, _: String) -> Result {
        self.gate.acquire().await?.forget();
        Ok(())
    }

    async fn on_error(&self, conn: &Conn<Self>, error: Error) {
        self.log.note(format!("{} error: {error}", conn.data()));
    }
}

struct Play {
    halls: Halls,
    room: TestRoom<Halls>,
}

impl Play {
    fn new() -> Self {
        Self::with(Limits::default().grace_ms(0))
    }

    fn with(limits: Limits) -> Self {
        let halls = Halls { log: Log::default(), gate: Arc::new(Semaphore::new(0)) };
        let setup = halls.clone().limits(limits);
        Self { room: TestRoom::new(if crate::is_inline() { setup.inline() } else { setup }), halls }
    }

    async fn join(&self, name: &str) -> TestMember<Halls> {
        self.room.join(hall("a"), name.to_owned()).await
    }

    /// Its connection is lost, and all that comes of that at once has come.
    async fn lose(&self, member: TestMember<Halls>) {
        drop(member);
        self.room.advance(0).await;
    }

    /// The notes, after so much time.
    async fn after(&self, ms: u64) -> Vec<String> {
        self.room.advance(ms).await;
        self.halls.log.take()
    }

    /// Who is in the hall, with how many members; a star stands for who is away.
    async fn here(&self) -> Vec<String> {
        short(self.room.at(&hall("a")).users().await.unwrap())
    }

    async fn online(&self) -> Vec<String> {
        short(self.room.rooms().users().await.unwrap())
    }
}

fn short(users: Vec<roomful::User>) -> Vec<String> {
    let line =
        |user: &roomful::User| format!("{} {}{}", user.user, user.members.len(), if user.away { "*" } else { "" });
    users.iter().map(line).collect()
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn a_user_comes_with_its_first_tab_and_goes_a_moment_after_its_last() {
    let play = Play::new();
    let first = play.join("ann/1").await;
    assert_eq!(play.after(0).await, ["ann in a (ann/1)"]);
    let second = play.join("ann/2").await;
    let nobody = play.join("/1").await;
    play.lose(first).await;
    assert_eq!(play.after(10_000).await, NOTHING);
    assert_eq!(play.here().await, ["ann 1"]);
    play.lose(second).await;
    assert_eq!(play.after(1_999).await, NOTHING);
    assert_eq!(play.here().await, ["ann 0*"]);
    assert_eq!(play.after(1).await, ["ann out of a (ann/1)"]);
    assert_eq!(play.here().await, NOTHING);
    play.lose(nobody).await;
    assert_eq!(play.after(10_000).await, NOTHING);
    assert_eq!(play.room.stats().await, roomful::Stats::default());
}

#[tokio::test]
async fn a_reload_of_the_only_tab_is_no_leave() {
    let play = Play::new();
    let mut tab = play.join("ann/1").await;
    assert_eq!(play.after(0).await, ["ann in a (ann/1)"]);
    for nth in 2..20 {
        play.lose(tab).await;
        assert_eq!(play.room.rooms().stats().rooms, 0, "nobody keeps the room");
        play.room.advance(1_999).await;
        assert_eq!((play.here().await, play.online().await), (vec!["ann 0*".to_owned()], vec!["ann 0*".to_owned()]));
        tab = play.join(&format!("ann/{nth}")).await;
        assert_eq!(play.here().await, ["ann 1"]);
    }
    assert_eq!(play.after(60_000).await, NOTHING, "the timers of the earlier ones are over");
    play.lose(tab).await;
    assert_eq!(play.after(2_000).await, ["ann out of a (ann/19)"], "the newest data is what is known");
    let again = play.join("ann/20").await;
    assert_eq!(play.after(0).await, ["ann in a (ann/20)"]);
    play.lose(again).await;
}

#[tokio::test]
async fn each_room_is_for_itself_and_a_user_is_online_once() {
    let play = Play::new();
    let join = |id: &str, name: &str| play.room.join(hall(id), name.to_owned());
    let (a, b) = (join("a", "ann/1").await, join("b", "ann/2").await);
    let _ben = join("b", "ben/1").await;
    assert_eq!(play.after(0).await, ["ann in a (ann/1)", "ann in b (ann/2)", "ben in b (ben/1)"]);
    assert_eq!(play.online().await, ["ann 2", "ben 1"]);
    play.lose(a).await;
    assert_eq!(play.online().await, ["ann 1", "ben 1"]);
    assert_eq!(play.after(2_000).await, ["ann out of a (ann/1)"]);
    play.lose(b).await;
    assert_eq!(play.online().await, ["ann 0*", "ben 1"]);
    assert_eq!(play.room.at(&hall("b")).local().users(), play.room.at(&hall("b")).users().await.unwrap());
    assert_eq!(short(play.room.at(&hall("b")).users().await.unwrap()), ["ben 1", "ann 0*"]);
    assert_eq!(play.after(2_000).await, ["ann out of b (ann/2)"]);
    assert_eq!(play.online().await, ["ben 1"]);
}

#[tokio::test]
async fn nobody_lingers_where_nobody_may() {
    let play = Play::with(Limits::default().grace_ms(0).user_linger_ms(0));
    let tab = play.join("ann/1").await;
    play.room.advance(0).await;
    play.lose(tab).await;
    assert_eq!(play.halls.log.take(), ["ann in a (ann/1)", "ann out of a (ann/1)"]);
    assert_eq!(play.online().await, NOTHING);
}

#[tokio::test]
async fn a_users_hooks_run_one_after_the_other_and_none_is_left_out() {
    let play = Play::with(Limits::default().grace_ms(0).user_linger_ms(0));
    let mut notes = Vec::new();
    for nth in 1..=2 {
        let tab = play.join(&format!("slow/{nth}")).await;
        play.room.advance(0).await;
        play.lose(tab).await;
    }
    for _ in 0..4 {
        notes.extend(play.halls.log.take());
        play.halls.gate.add_permits(1);
        play.room.advance(0).await;
    }
    notes.extend(play.halls.log.take());
    let [came, went] = ["in", "out of"].map(|what| format!("slow {what} is over"));
    let expected = ["slow in a (slow/1)", &came, "slow out of a (slow/2)", &went];
    let again = ["slow in a (slow/2)", &came, "slow out of a (slow/2)", &went];
    assert_eq!(notes, [expected, again].concat());
    assert_eq!(play.room.stats().await, roomful::Stats::default());
}

#[tokio::test]
async fn a_hook_that_fails_is_told_and_the_next_one_runs() {
    let (snapshotter, _guard) = record();
    for (name, error) in [("fails/1", "on purpose"), ("panics/1", "a hook panicked: on purpose")] {
        let play = Play::new();
        let user = name.split('/').next().unwrap();
        let tab = play.join(name).await;
        let error = format!("{name} error: {error}");
        assert_eq!(play.after(0).await, [format!("{user} in a ({name})"), error.clone()]);
        play.lose(tab).await;
        assert_eq!(play.after(2_000).await, [format!("{user} out of a ({name})"), error]);
        assert_eq!(play.room.stats().await, roomful::Stats::default());
    }
    let counted = counted(&snapshotter);
    for hook in ["on_user_join", "on_user_leave"] {
        assert_eq!(count(&counted, &format!("roomful_handler_failures_total{{hook={hook}}}")), 2, "{counted:?}");
    }
}

#[tokio::test]
async fn what_they_say_reaches_the_room() {
    let play = Play::new();
    let mut ann = play.join("ann/1").await;
    let mut there = play.room.join(hall("other"), "ben/1".to_owned()).await;
    let says = play.join("says/1").await;
    let (joined, left) = (Event::join(&says, None), Event::Leave { id: says.id().clone() });
    let heard = |text: &str| Event::announcement(text.to_owned());
    assert_eq!((ann.next().await, ann.next().await), (joined, heard("in")));
    play.lose(says).await;
    assert_eq!((ann.next().await, ann.next().await), (left, heard("out of")));
    drop(play.join("elsewhere/1").await);
    assert_eq!((there.next().await, there.next().await), (heard("in"), heard("out of")));
}

#[tokio::test]
async fn a_process_that_stops_waits_for_nobody_and_tells_of_each_once() {
    let play = Play::new();
    let mut tabs = Vec::new();
    for name in ["ann/1", "ann/2", "ben/1", "cy/1"] {
        tabs.push(play.join(name).await);
    }
    play.after(0).await;
    play.lose(tabs.pop().unwrap()).await;
    let everybody = async {
        for mut tab in tabs.drain(..) {
            while !matches!(tab.next().await, Event::Closed(_)) {}
        }
        play.room.advance(0).await;
        let mut notes = play.halls.log.take();
        notes.sort();
        assert_eq!(notes, ["ann out of a (ann/1)", "ben out of a (ben/1)", "cy out of a (cy/1)"], "no time has passed");
    };
    let (began, drain) = (play.room.system_time(), Drain::default().longest_ms(0));
    let (ended, ()) = tokio::join!(play.room.rooms().drain(&drain), everybody);
    assert!(ended, "nothing runs any more");
    assert_eq!(play.room.system_time(), began);
    assert_eq!(play.after(10_000).await, NOTHING);
}

#[tokio::test]
async fn who_is_removed_leaves_its_user_as_anybody() {
    let play = Play::new();
    let tab = play.join("ann/1").await;
    play.after(0).await;
    assert!(play.room.at(&hall("a")).kick(tab.id(), "").await.unwrap());
    assert_eq!(play.after(1_999).await, NOTHING);
    assert_eq!(play.after(1).await, ["ann out of a (ann/1)"]);
}

#[tokio::test]
async fn of_too_many_who_linger_the_first_has_gone() {
    let (snapshotter, _guard) = record();
    let play = Play::with(Limits::default().grace_ms(0).lingering_users(2));
    for name in ["ann/1", "ben/1", "cy/1"] {
        let tab = play.join(name).await;
        play.room.advance(10).await;
        play.lose(tab).await;
    }
    let gone = play.halls.log.take().pop();
    assert_eq!(
        (gone.as_deref(), play.online().await),
        (Some("ann out of a (ann/1)"), vec!["ben 0*".into(), "cy 0*".into()])
    );
    assert_eq!(count(&counted(&snapshotter), "roomful_users_let_go_total{}"), 1);
    assert_eq!(play.after(2_000).await, ["ben out of a (ben/1)", "cy out of a (cy/1)"]);
}

#[tokio::test]
async fn users_who_have_gone_and_are_not_told_of_count_with_the_departed() {
    let play = Play::with(Limits::default().grace_ms(0).departed(1).user_linger_ms(0));
    let key = hall("a");
    let enter = |name: &str| play.room.connect(&key, http::Request::get(format!("/?name={name}")).body(()).unwrap());
    let tab = enter("slow/1").await.unwrap();
    play.halls.gate.add_permits(1);
    play.lose(tab).await;
    assert_eq!(play.halls.log.take().len(), 3, "the hook of its end has begun, and waits");
    assert_eq!(play.room.rooms().stats().connections, 0);
    assert_eq!(enter("ann/1").await.err(), Some(Close::OVERLOADED));
    play.halls.gate.add_permits(1);
    play.room.advance(0).await;
    enter("ann/1").await.unwrap();
}

#[tokio::test]
async fn in_a_large_room_a_user_comes_when_it_is_let_in() {
    let play = Play::with(Limits::default().grace_ms(0).announce_at_once(0));
    let _first = play.join("ann/1").await;
    assert_eq!(play.after(0).await, ["ann in a (ann/1)"]);
    let (ben, again, cy) = tokio::join!(play.join("ben/1"), play.join("ben/2"), play.join("cy/1"));
    assert_eq!(play.after(0).await, ["ben in a (ben/1)", "cy in a (cy/1)"]);
    play.lose(ben).await;
    play.lose(cy).await;
    assert_eq!(play.after(2_000).await, ["cy out of a (cy/1)"]);
    play.lose(again).await;
    assert_eq!(play.here().await, ["ann 1", "ben 0*"]);
}

#[tokio::test]
async fn a_user_is_removed_from_every_room_at_once_and_is_not_waited_for() {
    let play = Play::new();
    let join = |id: &str, name: &str| play.room.join(hall(id), name.to_owned());
    let mut ben = join("b", "ben/1").await;
    let mut tabs = [join("a", "ann/1").await, join("b", "ann/2").await];
    let lingers = join("c", "ann/3").await;
    play.lose(lingers).await;
    play.halls.log.take();
    let (rooms, ann) = (play.room.rooms(), UserId::new("ann").unwrap());
    assert!(rooms.kick_user(&ann, "off you go").await.unwrap());
    assert_eq!(play.online().await, ["ben 1"]);
    let mut notes = play.after(0).await;
    notes.sort();
    assert_eq!(notes, ["ann out of a (ann/1)", "ann out of b (ann/2)", "ann out of c (ann/3)"]);
    for tab in &mut tabs {
        assert_eq!(tab.settle().await, [Event::Closed(Close { code: 4410, reason: "off you go".into() })]);
    }
    assert_eq!(ben.settle().await, [Event::join(&tabs[1], None), Event::Leave { id: tabs[1].id().clone() }]);
    assert!(!rooms.kick_user(&ann, "").await.unwrap(), "she is nowhere");
    assert!(matches!(rooms.kick_user(&ann, &"r".repeat(124)).await.unwrap_err().kind(), ErrorKind::Close(_)));
    assert_eq!(play.after(10_000).await, NOTHING);
}

#[tokio::test]
async fn a_user_is_removed_from_one_room_and_stays_in_the_others() {
    let play = Play::new();
    let join = |id: &str, name: &str| play.room.join(hall(id), name.to_owned());
    let (mut here, there) = (join("a", "ann/1").await, join("b", "ann/2").await);
    let ann = UserId::new("ann").unwrap();
    let kick = |id: &str| {
        let room = play.room.at(&hall(id));
        let ann = ann.clone();
        async move { room.kick_user(&ann, "").await.unwrap() }
    };
    assert!(kick("a").await && !kick("a").await && !kick("c").await);
    assert_eq!(here.settle().await, [Event::Closed(Close::KICKED)]);
    assert_eq!(play.online().await, ["ann 1"]);
    play.lose(there).await;
    assert_eq!(play.online().await, ["ann 0*"]);
    assert!(kick("b").await, "she was waited for");
    assert_eq!(play.online().await, NOTHING);
}

#[tokio::test]
async fn whoever_is_held_or_waits_to_be_let_in_is_removed_with_the_others() {
    let play = Play::with(Limits::default().grace_ms(5_000).announce_at_once(0));
    let ann = UserId::new("ann").unwrap();
    let mut held = play.join("ann/1").await;
    play.halls.log.take();
    held.drop_connection();
    play.room.advance(0).await;
    assert_eq!(play.here().await, ["ann 1*"], "who is held is there");
    let uri = "/?m=test&s=room&r=%7B%22id%22:%22a%22%7D&name=ann/2";
    let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
    let waits = play.room.rooms().platform().read(parts, Dialect::V1).connect();
    play.room.advance(0).await;
    assert_eq!((play.room.rooms().stats().members, play.room.rooms().stats().connections), (1, 2));
    assert!(play.room.rooms().kick_user(&ann, "").await.unwrap());
    play.room.advance(0).await;
    assert_eq!(play.online().await, NOTHING);
    assert_eq!(play.halls.log.take(), ["ann out of a (ann/1)"]);
    assert!(matches!(waits.mailbox().try_next(), Some(ToWrite::Close(close)) if close == Close::KICKED));
    drop(waits);
    assert_eq!(play.room.stats().await, roomful::Stats::default());
}

#[tokio::test]
async fn who_is_away_is_there_and_has_gone_after_its_grace_and_a_moment() {
    let play = Play::with(Limits::default().grace_ms(5_000));
    let mut tab = play.join("ann/1").await;
    play.halls.log.take();
    for _ in 0..3 {
        tab.drop_connection();
        play.room.advance(4_999).await;
        assert_eq!(play.here().await, ["ann 1*"]);
        tab.resume().await.unwrap();
        assert_eq!(play.here().await, ["ann 1"]);
    }
    assert_eq!(play.after(0).await, NOTHING);
    tab.drop_connection();
    assert_eq!(play.after(0).await, NOTHING);
    play.room.advance(5_000).await;
    assert_eq!(play.here().await, ["ann 0*"]);
    assert_eq!(play.after(1_999).await, NOTHING);
    assert_eq!(play.after(1).await.len(), 1);
    assert_eq!(play.here().await, NOTHING);
}

#[tokio::test]
async fn a_user_has_no_more_connections_than_may_be_whatever_room_they_are_in() {
    let (snapshotter, _guard) = record();
    let play = Play::with(Limits::default().connections_per_user(Some(2)));
    let enter = |id: &'static str, name: &str| {
        let request = http::Request::get(format!("/?name={name}")).body(()).unwrap();
        let (room, key) = (&play.room, hall(id));
        async move { room.connect(&key, request).await }
    };
    let first = enter("a", "ann/1").await.unwrap();
    let _second = enter("b", "ann/2").await.unwrap();
    let _others = (enter("a", "ben/1").await.unwrap(), enter("a", "/1").await.unwrap());
    for id in ["a", "b", "c"] {
        assert_eq!(enter(id, "ann/3").await.err(), Some(Close::TOO_MANY));
    }
    assert_eq!((Close::TOO_MANY.code, play.room.rooms().stats().members), (4429, 4));
    // A hook of its runs: it is still in the room, and its end has come.
    first.send(&"waits".into());
    play.room.advance(0).await;
    play.lose(first).await;
    assert_eq!(play.room.rooms().stats().members, 4);
    let third = enter("c", "ann/3").await.unwrap();
    assert_eq!(enter("c", "ann/4").await.err(), Some(Close::TOO_MANY));
    play.halls.gate.add_permits(1);
    play.room.advance(0).await;
    assert_eq!(enter("c", "ann/4").await.err(), Some(Close::TOO_MANY));
    play.lose(third).await;
    enter("c", "ann/4").await.unwrap();
    assert_eq!(count(&counted(&snapshotter), "roomful_refused_total{reason=user}"), 5);
}

#[tokio::test]
async fn whoever_of_a_user_has_been_away_the_longest_makes_room_for_another() {
    let limits = Limits::default().connections_per_user(Some(2)).grace_ms(5_000);
    let play = Play::with(limits);
    let (mut first, mut second) = (play.join("ann/1").await, play.join("ann/2").await);
    second.drop_connection();
    play.room.advance(10).await;
    first.drop_connection();
    play.room.advance(10).await;
    let third = play.join("ann/3").await;
    assert_eq!(play.here().await, ["ann 2"]);
    let ids: Vec<_> = third.members().iter().map(|member| member.id.clone()).collect();
    assert_eq!(ids, [first.id().clone(), third.id().clone()]);
    first.resume().await.unwrap();
    let request = http::Request::get("/?name=ann/4").body(()).unwrap();
    assert_eq!(play.room.connect(&hall("a"), request).await.err(), Some(Close::TOO_MANY), "nobody is away");
}

/// A process whose sockets outlive it.
fn process(log: &Log, beside: &Beside) -> Rooms {
    // Its timers never go off.
    let limits = Limits::default().grace_ms(0).user_linger_ms(0);
    let halls = Halls { log: log.clone(), gate: Arc::new(Semaphore::new(0)) };
    let rooms = Rooms::new().limits(limits).module("m", |m| m.room("halls", halls)).build().unwrap();
    rooms.platform().start(|| Arc::new(Platform::new(beside)));
    rooms
}

async fn connect(rooms: &Rooms, name: &str) -> Connection {
    let uri = format!("/?m=m&s=halls&r=%7B%22id%22:%22a%22%7D&name={name}");
    let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
    let admitted = rooms.platform().read(parts, Dialect::V1).admit(std::future::pending()).await.unwrap();
    let connection = rooms.platform().connect(admitted);
    until("joined", || rooms.stats().tasks == 0).await;
    connection
}

#[tokio::test(start_paused = true)]
async fn a_process_that_goes_on_with_a_room_tells_of_nobody_twice() {
    let (log, beside) = (Log::default(), Beside::default());
    let first = process(&log, &beside);
    let tabs = [connect(&first, "ann/1").await, connect(&first, "ann/2").await, connect(&first, "ben/1").await];
    assert_eq!(log.take(), ["ann in a (ann/1)", "ben in a (ben/1)"]);
    first.platform().put_away();
    drop(tabs);
    until("gone", || first.stats().tasks == 0).await;
    assert_eq!(log.take(), NOTHING, "another process has them");
    assert_eq!(first.users().await.unwrap(), []);

    let second = process(&log, &beside);
    let mut tabs = second.platform().restore(beside.all(), Vec::new());
    let users = second.users().await.unwrap();
    assert_eq!(short(users.clone()), ["ann 2", "ben 1"]);
    let more = connect(&second, "ben/2").await;
    let bens = &users[1].members;
    tabs.retain(|tab| !bens.contains(tab.member()));
    drop(more);
    until("left", || second.stats().members == 2).await;
    until("told", || second.stats().tasks == 0).await;
    let notes = log.take();
    assert!(matches!(&notes[..], [one] if one.starts_with("ben out of a (ben/")), "{notes:?}");
    tabs.clear();
    until("told", || second.stats().tasks == 0).await;
    let notes = log.take();
    assert!(matches!(&notes[..], [one] if one.starts_with("ann out of a (ann/")), "{notes:?}");
}

/// Elsewhere nobody knows all rooms.
#[tokio::test]
async fn where_not_all_rooms_are_known_nobody_says_who_is_online() {
    struct Unlistable;
    impl roomful_runtime::Reach for Unlistable {
        fn act<'a>(
            &'a self,
            _: &'a roomful_core::pattern::Topic,
            _: roomful_runtime::Act,
        ) -> roomful::BoxFuture<'a, Result<roomful_runtime::Answer>> {
            Box::pin(async { Err(Error::msg("no such thing")) })
        }
        fn all(&self) -> roomful::BoxFuture<'_, Result<Vec<(String, usize)>>> {
            Box::pin(async { Err(ErrorKind::Elsewhere("nobody knows them all".into()).into_error()) })
        }
    }
    let (log, beside) = (Log::default(), Beside::default());
    let rooms = Rooms::from(process(&log, &beside).platform().reaching(Arc::new(Unlistable)).app().clone());
    assert!(matches!(rooms.users().await.unwrap_err().kind(), ErrorKind::Elsewhere(_)));
}
