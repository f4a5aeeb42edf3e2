//! What a client wants to show, and what its room makes of that.

use std::sync::Arc;

use roomful::test::{Event, TestMember, TestRoom};
use roomful::{Channel, Conn, Deny, Error, Limits, Result, Room, RoomExt as _, Upgrade};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::metrics::{count, counted, record};
use crate::scripted::Log;

#[derive(Clone, Channel)]
#[channel("easel/:id", message = String, presence = Picture)]
struct Easel {
    id: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, roomful::TS)]
struct Picture {
    title: String,
    size: f64,
}

/// Does with a picture what its title says.
struct Gallery {
    log: Log,
    gate: Arc<Semaphore>,
}

impl Room for Gallery {
    type Channel = Easel;
    type Data = ();

    async fn data(&self, _: &Upgrade<Easel>) -> Result<(), Deny> {
        Ok(())
    }

    fn presence(&self, _: &Conn<Self>) -> Option<Picture> {
        Some(picture("refused"))
    }

    async fn on_presence(&self, conn: &Conn<Self>, picture: Picture) -> Result<Option<Picture>> {
        self.log.note(&picture.title);
        match picture.title.as_str() {
            "refused" => Ok(None),
            "smaller" => Ok(Some(Picture { size: picture.size / 2.0, ..picture })),
            "without end" => Ok(Some(Picture { size: f64::INFINITY, ..picture })),
            "too large" => Ok(Some(Picture { title: "x".repeat(5_000), ..picture })),
            "fails" => Err(Error::msg("failed on purpose")),
            "panics" => panic!("panicked on purpose"),
            "waits" => {
                self.gate.acquire().await?.forget();
                Ok(Some(picture))
            }
            "says so" => {
                conn.broadcast_all(&"about to show".into())?;
                Ok(Some(picture))
            }
            _ => Ok(Some(picture)),
        }
    }

    async fn on_message(&self, conn: &Conn<Self>, title: String) -> Result {
        match title.strip_prefix("show ") {
            Some(title) => conn.set_presence(&picture(title)),
            None => conn.broadcast_all(&title),
        }
    }

    async fn on_leave(&self, _: &Conn<Self>) {
        self.log.note("on_leave");
    }

    async fn on_error(&self, _: &Conn<Self>, error: Error) {
        self.log.note(format!("on_error: {error}"));
    }
}

struct Play {
    room: TestRoom<Gallery>,
    log: Log,
    gate: Arc<Semaphore>,
}

impl Play {
    fn new() -> Self {
        let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
        let gallery = Gallery { log: log.clone(), gate: Arc::clone(&gate) };
        let room = gallery.limits(Limits::default().grace_ms(0));
        let room = TestRoom::new(if crate::is_inline() { room.inline() } else { room });
        Self { room, log, gate }
    }

    /// Two, of whom each knows the other.
    async fn two(&self) -> (TestMember<Gallery>, TestMember<Gallery>) {
        let (mut ann, mut ben) = (self.room.join(easel(), ()).await, self.room.join(easel(), ()).await);
        ann.settle().await;
        ben.settle().await;
        (ann, ben)
    }

    async fn shown(&self) -> Option<Picture> {
        self.room.at(&easel()).members().await.unwrap()[0].state.clone()
    }
}

fn easel() -> Easel {
    Easel { id: "1".into() }
}

fn picture(title: &str) -> Picture {
    Picture { title: title.into(), size: 8.0 }
}

#[tokio::test]
async fn a_state_is_shown_changed_or_refused() {
    let (snapshotter, _guard) = record();
    let play = Play::new();
    let (mut ann, mut ben) = play.two().await;
    assert_eq!(play.log.take(), [""; 0], "the seed is the app's own");

    ann.set_presence(&picture("as it is"));
    assert_eq!(ben.settle().await, [Event::update(&ann, picture("as it is"))]);
    ann.set_presence(&picture("smaller"));
    let smaller = Picture { size: 4.0, ..picture("smaller") };
    assert_eq!(ben.settle().await, [Event::update(&ann, smaller.clone())]);
    assert_eq!(ann.settle().await.last(), Some(&Event::update(&ann, smaller.clone())), "its own client sees it, too");

    for (title, code, reason, logged) in [
        ("refused", "denied", "the room does not let this be shown", None),
        ("fails", "handler_failed", "the handler failed", Some("failed on purpose")),
        ("panics", "handler_failed", "the handler failed", Some("a hook panicked: panicked on purpose")),
        (
            "without end",
            "handler_failed",
            "the handler failed",
            Some("the value cannot be JSON: `size` is infinity, which JSON cannot say"),
        ),
        (
            "too large",
            "too_large",
            "a presence state of 5023 bytes is over the limit of 4096 (`Limits::presence_bytes`)",
            None,
        ),
    ] {
        play.log.take();
        ann.set_presence(&picture(title));
        let told = Event::Error { code: code.into(), reason: reason.into() };
        assert_eq!(ann.settle().await, [told], "{title}");
        let expected: Vec<_> =
            [Some(title.to_owned()), logged.map(|error| format!("on_error: {error}"))].into_iter().flatten().collect();
        assert_eq!(play.log.take(), expected);
        assert_eq!(play.shown().await, Some(smaller.clone()), "{title}: the old one stays");
    }
    assert_eq!(ben.settle().await, []);
    let counted = counted(&snapshotter);
    for (name, times) in [
        ("roomful_frames_dropped_total{reason=denied}", 1),
        ("roomful_frames_dropped_total{reason=handler_failed}", 3),
        ("roomful_frames_dropped_total{reason=too_large}", 1),
        ("roomful_handler_failures_total{hook=on_presence}", 3),
    ] {
        assert_eq!(count(&counted, name), times, "{name} in {counted:?}");
    }
}

#[tokio::test]
async fn what_the_app_shows_itself_is_not_asked_about() {
    let play = Play::new();
    let (ann, mut ben) = play.two().await;
    ann.send(&"show refused".to_owned());
    assert_eq!(ben.settle().await, [Event::update(&ann, picture("refused"))]);
    assert_eq!(play.log.take(), [""; 0]);
}

#[tokio::test]
async fn a_state_is_acknowledged_once_its_room_has_decided() {
    let play = Play::new();
    let (mut ann, _ben) = play.two().await;
    for (id, title, answer) in [
        (7, "waits", r#"{"t":"ack","id":7}"#),
        (8, "refused", r#"{"t":"error","id":8,"code":"denied","reason":"the room does not let this be shown"}"#),
    ] {
        ann.send_raw(format!(r#"{{"t":"presence","state":{{"title":"{title}","size":1}},"id":{id}}}"#));
        play.room.advance(0).await;
        if title == "waits" {
            assert_eq!(ann.written(), None, "not before it has");
            play.gate.add_permits(1);
            play.room.advance(0).await;
        }
        let written: Vec<_> = std::iter::from_fn(|| ann.written()).collect();
        assert!(written.iter().any(|frame| frame == answer), "{written:?}");
        ann.settle().await;
    }
}

#[tokio::test]
async fn it_runs_in_the_order_of_what_its_client_sends_and_holds_nobody_else_up() {
    let play = Play::new();
    let (mut ann, mut ben) = play.two().await;
    ann.set_presence(&picture("waits"));
    ann.send(&"after it".to_owned());
    ben.send(&"meanwhile".to_owned());
    assert_eq!(ben.next().await, Event::message(&ben, "meanwhile".to_owned()));
    play.gate.add_permits(1);
    assert_eq!(ben.next().await, Event::update(&ann, picture("waits")));
    assert_eq!(ben.next().await, Event::message(&ann, "after it".to_owned()));
    ann.set_presence(&picture("says so"));
    let seen = ann.settle().await;
    let said = seen.iter().position(|event| *event == Event::message(&ann, "about to show".to_owned())).unwrap();
    assert_eq!(seen.get(said + 1), Some(&Event::update(&ann, picture("says so"))), "{seen:?}");
}

#[tokio::test]
async fn what_is_decided_after_the_leave_is_shown_to_nobody() {
    let play = Play::new();
    let (ann, mut ben) = play.two().await;
    ann.set_presence(&picture("waits"));
    let id = ann.id().clone();
    drop(ann);
    play.room.advance(play.room.rooms().limits().leave_timeout_ms).await;
    assert_eq!(ben.next().await, Event::Leave { id });
    assert_eq!(play.log.take(), ["waits"], "`on_leave` waits for the hook that runs");
    play.gate.add_permits(1);
    assert_eq!(ben.settle().await, []);
    assert_eq!(play.log.take(), ["on_leave"]);
}

#[tokio::test]
async fn what_does_not_fit_the_type_is_not_asked_about() {
    let play = Play::new();
    let (mut ann, _ben) = play.two().await;
    ann.send_raw(r#"{"t":"presence","state":{"title":1}}"#);
    let seen = ann.settle().await;
    assert!(matches!(&seen[..], [Event::Error { code, .. }] if code == "bad_presence"), "{seen:?}");
    assert_eq!(play.log.take(), [""; 0]);
}

#[derive(Clone, Channel)]
#[channel("maybe/:id", presence = Option<f64>)]
struct MaybeKey {
    id: String,
}

/// A state that may be absent, in a room that has the hook or has not.
struct Maybe<const ASKED: bool>;

impl Room for Maybe<true> {
    type Channel = MaybeKey;
    type Data = ();

    async fn data(&self, _: &Upgrade<MaybeKey>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_presence(&self, _: &Conn<Self>, state: Option<f64>) -> Result<Option<Option<f64>>> {
        Ok(Some(state))
    }
}

impl Room for Maybe<false> {
    type Channel = MaybeKey;
    type Data = ();

    async fn data(&self, _: &Upgrade<MaybeKey>) -> Result<(), Deny> {
        Ok(())
    }
}

async fn play_maybe<R: Room<Channel = MaybeKey, Data = ()>>(room: R) {
    let room = TestRoom::new(room);
    let key = MaybeKey { id: "1".into() };
    let ann = room.join(key.clone(), ()).await;
    // The first is asked about in every room, the later ones where there is a hook.
    for (state, expected) in [
        (r#","state":1"#, r#","state":1.0"#),
        ("", ""),
        (r#","state":null"#, r#","state":null"#),
        ("", ""),
        (r#","state":2"#, r#","state":2.0"#),
    ] {
        ann.send_raw(format!(r#"{{"t":"presence"{state}}}"#));
        room.advance(100).await;
        let members = serde_json::to_string(&room.at(&key).members().await.unwrap()).unwrap();
        assert_eq!(members, format!(r#"[{{"id":"{}"{expected}}}]"#, ann.id()), "{state}");
    }
}

#[tokio::test]
async fn a_state_that_is_absent_stays_absent_and_null_stays_null() {
    play_maybe(Maybe::<true>).await;
    play_maybe(Maybe::<false>).await;
}
