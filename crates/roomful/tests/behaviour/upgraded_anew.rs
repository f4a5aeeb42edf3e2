//! What a return changes: who somebody is, what is said of it, for how long it is good; and who may not return.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use http::Request;
use roomful::test::{Event, TestMember, TestRoom};
use roomful::{Channel, Close, Conn, Deny, Limits, Result, Room, RoomExt as _, Upgrade, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::scripted::Log;

const GRACE_MS: u64 = 2_000;

#[derive(Clone, Channel)]
#[channel("desk/:id", message = Value, info = String)]
struct Desk {
    id: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Pass {
    name: String,
    role: String,
    until: Option<SystemTime>,
}

struct Desks {
    /// What the calendar says at the begin of the test.
    began: Arc<OnceLock<SystemTime>>,
    log: Log,
    held: Held,
}

/// What tasks of the app hold.
type Held = Arc<Mutex<Vec<Conn<Desks>>>>;

impl Room for Desks {
    type Channel = Desk;
    type Data = Pass;

    async fn data(&self, upgrade: &Upgrade<Desk>) -> Result<Pass, Deny> {
        match upgrade.query("deny").as_deref() {
            Some("expired") => return Err(Deny::expired()),
            Some("unavailable") => return Err(Deny::unavailable()),
            Some(_) => return Err(Deny::forbidden()),
            None => {}
        }
        let until = upgrade.query("until").map(|ms| ms.parse::<u64>()).transpose()?;
        Ok(Pass {
            name: upgrade.query("name").unwrap_or_default(),
            role: upgrade.query("role").unwrap_or_default(),
            until: until.map(|ms| *self.began.get().unwrap() + Duration::from_millis(ms)),
        })
    }

    fn user(&self, pass: &Pass) -> Option<UserId> {
        assert!(pass.role != "nobody knows whose", "on purpose");
        UserId::new(&pass.name).ok()
    }

    fn info(&self, pass: &Pass) -> Option<String> {
        assert!(pass.role != "panics", "on purpose");
        Some(pass.role.clone()).filter(|role| !role.is_empty())
    }

    fn expires(&self, pass: &Pass) -> Option<SystemTime> {
        pass.until
    }

    async fn refresh(&self, _: &Conn<Self>, credentials: &str) -> Result<Pass, Deny> {
        Ok(Pass { name: credentials.to_owned(), ..Pass::default() })
    }

    async fn on_join(&self, conn: &Conn<Self>) -> Result {
        self.held.lock().unwrap().push(conn.clone());
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: Value) -> Result {
        match msg.as_str() {
            Some(role) => conn.set_info(&role.to_owned()),
            None => conn.broadcast_all(&msg),
        }
    }

    async fn on_leave(&self, conn: &Conn<Self>) {
        self.log.note(format!("{} leaves", conn.data().name));
    }

    async fn on_error(&self, _: &Conn<Self>, error: roomful::Error) {
        self.log.note(format!("on_error: {error}"));
    }
}

struct Play {
    room: TestRoom<Desks>,
    log: Log,
    held: Held,
}

impl Play {
    fn new(limits: Limits) -> Self {
        let log = Log::default();
        let began = Arc::<OnceLock<_>>::default();
        let held = Held::default();
        let desks = Desks { began: Arc::clone(&began), log: log.clone(), held: Arc::clone(&held) }.limits(limits);
        let room = TestRoom::new(if crate::is_inline() { desks.inline() } else { desks });
        began.set(room.system_time()).unwrap();
        Self { room, log, held }
    }

    fn held() -> Self {
        Self::new(Limits::default().grace_ms(GRACE_MS))
    }

    async fn upgrade(&self, query: &str, offer: &str) -> Result<TestMember<Desks>, Close> {
        let request = Request::get(format!("/?{query}")).header("sec-websocket-protocol", offer);
        self.room.connect(&Desk { id: "1".into() }, request.body(()).unwrap()).await
    }

    async fn join(&self, query: &str) -> TestMember<Desks> {
        self.upgrade(query, "roomful.v1").await.unwrap()
    }

    async fn back(&self, query: &str, token: &str) -> Result<TestMember<Desks>, Close> {
        self.upgrade(query, &format!("roomful.v1, roomful.resume.{token}.0")).await
    }

    async fn heard(&self, member: &TestMember<Desks>) -> Vec<String> {
        self.room.advance(0).await;
        // What a member of the kit says has a number, and comes to be acknowledged whenever that is.
        std::iter::from_fn(|| member.written()).filter(|frame| !frame.starts_with(r#"{"t":"ack""#)).collect()
    }
}

fn snapshot(member: &TestMember<Desks>) -> Value {
    serde_json::from_str(member.snapshot()).unwrap()
}

fn token(member: &TestMember<Desks>) -> String {
    snapshot(member)["session"].as_str().unwrap().to_owned()
}

fn op(member: &TestMember<Desks>, op: &str) -> String {
    format!(r#"{{"from":"{}","t":"presence","op":"{op}"}}"#, member.id())
}

fn informed(id: &roomful::MemberId, info: &str) -> String {
    format!(r#"{{"from":"{id}","t":"presence","op":"update","info":{info}}}"#)
}

#[tokio::test]
async fn a_clone_from_before_has_the_newest_and_what_nobody_reads_is_let_go_of() {
    let play = Play::held();
    let mut ben = play.join("name=ben&role=guest").await;
    play.room.advance(0).await;
    let held = play.held.lock().unwrap().pop().unwrap();
    let first = held.data();
    let (of_first, mut of_former) = (Arc::downgrade(&first), None);
    for role in ["host", "guest", "host"] {
        let token = token(&ben);
        drop(ben);
        ben = play.back(&format!("name=ben&role={role}"), &token).await.unwrap();
        play.room.advance(0).await;
        assert_eq!((held.data().role.as_str(), first.role.as_str()), (role, "guest"));
        let former = of_former.replace(Arc::downgrade(&held.data()));
        assert!(former.is_none_or(|former| former.upgrade().is_none()));
    }
    drop(first);
    assert!(of_first.upgrade().is_none());
    drop((ben, held));
    play.room.advance(0).await;
    play.room.advance(GRACE_MS).await;
    // Its user lingers, whose visit may still ask for it.
    play.room.advance(Limits::default().user_linger_ms).await;
    assert!(of_former.is_none_or(|last| last.upgrade().is_none()));
}

#[tokio::test]
async fn what_is_said_of_it_is_what_its_newest_data_says() {
    let play = Play::held();
    let ann = play.join("name=ann").await;
    let ben = play.join("name=ben&role=guest").await;
    let (id, first, left) = (ben.id().clone(), token(&ben), [op(&ben, "away"), op(&ben, "update")]);
    play.heard(&ann).await;
    drop(ben);
    let ben = play.back("name=ben&role=host", &first).await.unwrap();
    assert_eq!(ben.id(), &id);
    let told = [&left[1..], &[informed(&id, "\"host\"")]].concat();
    let heard = play.heard(&ann).await;
    assert!(heard.ends_with(&told), "{heard:?}");
    assert_eq!(play.heard(&ben).await, [informed(&id, "\"host\"")]);

    // What the app has said since then stays, as long as the data says nothing else.
    ben.send_raw(json!({ "t": "msg", "msg": "chair" }).to_string());
    // What changes soon after another change waits for the room's tick.
    play.room.advance(40).await;
    assert_eq!(play.heard(&ann).await, [informed(&id, "\"chair\"")]);
    let second = token(&ben);
    drop(ben);
    let ben = play.back("name=ben&role=host", &second).await.unwrap();
    play.heard(&ann).await;
    assert_eq!(snapshot(&ben)["members"][1]["info"], "chair");
    assert_eq!(play.heard(&ben).await, [""; 0]);
    let third = token(&ben);
    drop(ben);
    let ben = play.back("name=ben", &third).await.unwrap();
    play.room.advance(40).await;
    assert_eq!(play.heard(&ben).await, [informed(&id, "null")]);
}

#[tokio::test]
async fn a_panic_about_it_is_told_and_ends_nothing() {
    let play = Play::held();
    let ben = play.join("name=ben&role=guest").await;
    let session = token(&ben);
    drop(ben);
    let ben = play.back("name=ben&role=panics", &session).await.unwrap();
    ben.send(&json!(1));
    assert_eq!(play.heard(&ben).await.len(), 1);
    let told = play.log.take();
    assert!(told.len() == 1 && told[0].starts_with("on_error: "), "{told:?}");
}

#[tokio::test]
async fn another_user_is_another_member_and_the_old_one_leaves_with_its_socket() {
    let play = Play::held();
    for is_lost in [true, false] {
        let ann = play.join("name=ann").await;
        let mut ben = play.join("name=ben").await;
        let (id, session, left) = (ben.id().clone(), token(&ben), op(&ben, "leave"));
        play.heard(&ann).await;
        let other = if is_lost {
            drop(ben);
            play.back("name=cy", &session).await.unwrap()
        } else {
            let other = play.back("name=cy", &session).await.unwrap();
            assert_eq!(ben.next().await, Event::Closed(Close::TAKEN_OVER));
            other
        };
        assert_ne!(other.id(), &id);
        assert_eq!((&snapshot(&other)["resumed"], other.members().len()), (&json!(false), 2));
        let heard = play.heard(&ann).await;
        assert!(heard.contains(&left) && heard.last().unwrap().contains(r#""op":"join""#), "{heard:?}");
        assert_eq!(play.log.take(), ["ben leaves"]);
        other.close(&Close::DONE);
        ann.close(&Close::DONE);
        play.room.advance(0).await;
        play.log.take();
    }
}

/// Whose the return is, is not known then: neither that it is another's.
#[tokio::test]
async fn a_return_whose_user_cannot_be_told_ends_nobody() {
    let play = Play::held();
    let ann = play.join("name=ann").await;
    let ben = play.join("name=ben").await;
    let (id, session, left) = (ben.id().clone(), token(&ben), op(&ben, "leave"));
    drop(ben);
    let failed = play.back("name=ben&role=nobody%20knows%20whose", &session).await;
    assert_eq!(failed.err(), Some(Close::JOIN_FAILED));
    let ben = play.back("name=ben", &session).await.unwrap();
    assert_eq!((ben.id(), &snapshot(&ben)["resumed"]), (&id, &json!(true)));
    assert!(!play.heard(&ann).await.contains(&left));
}

#[tokio::test]
async fn who_was_removed_cannot_be_back_within_its_grace() {
    for is_away in [true, false] {
        let play = Play::held();
        let ann = play.join("name=ann").await;
        let ben = play.join("name=ben").await;
        let (id, session) = (ben.id().clone(), token(&ben));
        let mut connected = Some(ben).filter(|_| !is_away);
        play.room.advance(0).await;
        assert!(play.room.at(&Desk { id: "1".into() }).kick(&id, "enough").await.unwrap());
        if let Some(mut ben) = connected.take() {
            assert!(matches!(ben.next().await, Event::Closed(Close { code: 4410, .. })));
        }
        play.room.advance(GRACE_MS - 1).await;
        assert_eq!(play.back("name=ben", &session).await.err(), Some(Close::KICKED), "away: {is_away}");
        // Elsewhere nobody knows it, and later it is forgotten.
        let request = Request::get("/?name=ben")
            .header("sec-websocket-protocol", format!("roomful.v1, roomful.resume.{session}.0"));
        let elsewhere = play.room.connect(&Desk { id: "2".into() }, request.body(()).unwrap()).await.unwrap();
        assert_eq!(snapshot(&elsewhere)["resumed"], false);
        play.room.advance(1).await;
        let later = play.back("name=ben", &session).await.unwrap();
        assert_eq!((snapshot(&later)["resumed"].clone(), later.id() == &id), (json!(false), false));
        drop(ann);
    }
    let play = Play::new(Limits::default().grace_ms(GRACE_MS).barred_tokens(0));
    let ben = play.join("name=ben").await;
    assert!(play.room.at(&Desk { id: "1".into() }).kick(ben.id(), "").await.unwrap());
    assert!(play.back("name=ben", &token(&ben)).await.is_ok(), "as many are known as may be");
}

#[tokio::test]
async fn whose_data_has_expired_is_away_and_comes_back_with_new_data() {
    let play = Play::held();
    let ann = play.join("name=ann").await;
    let mut ben = play.join("name=ben&until=60000").await;
    let (id, session, away) = (ben.id().clone(), token(&ben), op(&ben, "away"));
    play.heard(&ann).await;
    play.room.advance(84_999).await;
    assert_eq!(play.heard(&ann).await, [""; 0]);
    play.room.advance(1).await;
    let close = loop {
        if let Event::Closed(close) = ben.next().await {
            break close;
        }
    };
    assert_eq!(close, Close::EXPIRED);
    assert_eq!(play.heard(&ann).await, [away]);
    let ben = play.back("name=ben&until=120000", &session).await.unwrap();
    assert_eq!(ben.id(), &id);
    play.room.advance(GRACE_MS).await;
    assert_eq!(snapshot(&ben)["resumed"], true);

    // The new data expires, too. Who is away then is not closed twice.
    play.room.advance(144_999 - 85_000 - GRACE_MS).await;
    assert!(ben.written().is_some_and(|frame| frame.contains("auth")));
    assert_eq!(ben.written(), None);
    let second = token(&ben);
    drop(ben);
    play.room.advance(1).await;
    let mut ben = play.back("name=ben", &second).await.unwrap();
    assert_eq!(ben.id(), &id);
    play.room.advance(1_000_000).await;
    assert_eq!(ben.try_next().await, None, "what does not expire is not closed");
    assert_eq!(play.log.take(), [""; 0]);
}

/// The client of one whose credentials were too old fetches new ones, and is back a moment later.
#[tokio::test]
async fn a_return_that_is_denied_ends_the_member_unless_it_may_be_let_in_later() {
    for (deny, close, stays) in [
        ("forbidden", Close::FORBIDDEN, false),
        ("expired", Close::EXPIRED, true),
        ("unavailable", Close::UNAVAILABLE, true),
    ] {
        let play = Play::held();
        let ann = play.join("name=ann").await;
        let ben = play.join("name=ben").await;
        let (id, session, left) = (ben.id().clone(), token(&ben), op(&ben, "leave"));
        drop(ben);
        play.heard(&ann).await;
        assert_eq!(play.back(&format!("name=ben&deny={deny}"), &session).await.err(), Some(close));
        assert_eq!(play.heard(&ann).await.contains(&left), !stays, "{deny}");
        assert_eq!(play.back("name=ben", &session).await.unwrap().id() == &id, stays, "{deny}");
    }
}

/// Where new credentials name somebody else, its client comes back as that one.
#[tokio::test]
async fn who_refreshes_as_another_user_is_away_until_it_is_back_as_that() {
    let play = Play::held();
    let ann = play.join("name=ann").await;
    let ben = play.join("name=ben&until=60000").await;
    let (away, left) = (op(&ben, "away"), op(&ben, "leave"));
    let session = token(&ben);
    play.heard(&ann).await;
    ben.send_raw(json!({ "t": "auth", "credentials": "cy", "id": 1 }).to_string());
    assert_eq!(play.heard(&ann).await, [away]);
    let cy = play.back("name=cy", &session).await.unwrap();
    assert_ne!(cy.id(), ben.id());
    assert_eq!(play.heard(&ann).await[0], left);
}
