//! Rooms that are reached from outside, and from the hooks of a member.

use roomful::test::{Event, TestRoom};
use roomful::{Channel, Close, Conn, Deny, MemberId, Result, Room, Upgrade, UserId};

#[derive(Debug, Clone, PartialEq, Eq, Channel)]
#[channel("desk/:floor/:seat?", message = String, presence = String)]
struct Desk {
    floor: String,
    seat: Option<String>,
}

fn desk(floor: &str, seat: Option<&str>) -> Desk {
    Desk { floor: floor.to_owned(), seat: seat.map(str::to_owned) }
}

/// A member's data is its user, and nobody's where it is empty. What it says is `verb argument`.
struct Office;

impl Room for Office {
    type Channel = Desk;
    type Data = String;

    async fn data(&self, _: &Upgrade<Desk>) -> Result<String, Deny> {
        Err(Deny::forbidden())
    }

    fn user(&self, data: &String) -> Option<UserId> {
        UserId::new(data).ok()
    }

    async fn on_message(&self, conn: &Conn<Self>, said: String) -> Result {
        match said.split_once(' ').unwrap_or((&said, "")) {
            ("count", _) => conn.send(&conn.room().count().await?.to_string()),
            ("whisper", id) => conn.room().send(&MemberId::parse(id)?, &"psst".to_owned()).await.map(drop),
            ("kick", id) => conn.room().kick(&MemberId::parse(id)?, "off you go").await.map(drop),
            ("shout", floor) => conn.rooms().at(&desk(floor, None)).broadcast(&"hey".to_owned()).await,
            ("notice", _) => conn.rooms().broadcast_all::<Desk>(&"closing".to_owned()).await,
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn a_hook_reaches_its_room_and_others() {
    let office = TestRoom::new(Office);
    let mut ann = office.join(desk("1", None), "ann".into()).await;
    let mut ben = office.join(desk("1", None), "ben".into()).await;
    let mut cy = office.join(desk("2", Some("a/b")), "cy".into()).await;
    let mut dan = office.join(desk("2", None), String::new()).await;
    ann.settle().await;

    ann.send(&"count".into());
    assert_eq!(ann.settle().await, [Event::message(&ann, "2".to_owned())]);
    ann.send(&format!("whisper {}", ben.id()));
    assert_eq!(ben.settle().await, [Event::message(&ben, "psst".to_owned())]);
    ann.send(&"shout 2".into());
    assert_eq!(dan.settle().await, [Event::announcement("hey".to_owned())]);
    assert_eq!(cy.settle().await, [], "another seat is another room");
    ann.send(&format!("kick {}", ben.id()));
    let close = Close { code: 4410, reason: "off you go".into() };
    assert_eq!(ben.settle().await, [Event::Closed(close)]);
    assert_eq!(ann.settle().await, [Event::Leave { id: ben.id().clone() }]);
    ann.send(&"notice".into());
    for member in [&mut ann, &mut cy, &mut dan] {
        assert_eq!(member.settle().await, [Event::announcement("closing".to_owned())]);
    }
}

#[tokio::test]
async fn every_room_there_is_has_its_key() {
    let office = TestRoom::new(Office);
    assert_eq!(office.rooms().all::<Desk>().await.unwrap(), []);
    let keys = [desk("1", None), desk("ü /%", Some("a/b")), desk("1", Some("1"))];
    let mut members = Vec::new();
    for key in keys.iter().chain([&keys[1]]) {
        members.push(office.join(key.clone(), String::new()).await);
    }
    let mut all = office.rooms().all::<Desk>().await.unwrap();
    all.sort_by_key(|(key, _)| keys.iter().position(|known| known == key));
    assert_eq!(all, keys.into_iter().zip([1, 2, 1]).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_user_is_there_once_with_all_of_its_members() {
    let office = TestRoom::new(Office);
    let key = desk("1", None);
    let mut ann = office.join(key.clone(), "ann".into()).await;
    let nobody = office.join(key.clone(), String::new()).await;
    let ben = office.join(key.clone(), "ben".into()).await;
    let tab = office.join(key.clone(), "ann".into()).await;
    let room = office.at(&key);
    let users = room.users().await.unwrap();
    assert_eq!(users, room.local().users());
    let users: Vec<_> = users.into_iter().map(|user| (user.user.to_string(), user.members, user.away)).collect();
    let (anns, bens) = (vec![ann.id().clone(), tab.id().clone()], vec![ben.id().clone()]);
    assert_eq!(users, [("ann".to_owned(), anns, false), ("ben".to_owned(), bens, false)]);

    ann.settle().await;
    let shown: Vec<_> = ann.members().iter().map(|member| member.user.as_ref().map(UserId::as_str)).collect();
    assert_eq!(shown, [Some("ann"), None, Some("ben"), Some("ann")], "by the joins, and by the snapshot:");
    assert_eq!(tab.members(), ann.members());
    assert_eq!(room.members().await.unwrap(), ann.members());
    drop(nobody);
}

#[tokio::test]
async fn a_reason_that_no_close_frame_holds_removes_nobody() {
    let office = TestRoom::new(Office);
    let key = desk("1", None);
    let ann = office.join(key.clone(), String::new()).await;
    let error = office.at(&key).kick(ann.id(), &"r".repeat(124)).await.unwrap_err();
    assert!(matches!(error.kind(), roomful::ErrorKind::Close(_)), "{error}");
    assert_eq!(office.at(&key).count().await.unwrap(), 1);
    let nowhere = desk("", None);
    assert_eq!(office.at(&nowhere).members().await.unwrap(), []);
    assert!(!office.at(&nowhere).kick(ann.id(), "").await.unwrap());
}
