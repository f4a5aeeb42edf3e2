//! The room: what a board is, who may enter it, and what happens there.

use std::sync::Arc;

use roomful::{AsNumber, Channel, Conn, Deny, Result, Room, Rooms, TS, Upgrade, UserId};
use serde::{Deserialize, Serialize};
// Of std where there is a clock, and of the platform where there is none.
use web_time::SystemTime;

use crate::clock::now;
use crate::directory::{Busy, Directory};
use crate::person;
use crate::site::{Happening, Site, What};
use crate::values::{Color, Fraction, Line, Name};

/// One board. A value of this type is a room's key: whoever gives an equal one is in the same room.
#[derive(Debug, Clone, Channel)]
#[channel("board/:boardId", incoming = Say, outgoing = Said, presence = CursorState, info = Whereabouts)]
pub struct Board {
    pub board_id: String,
}

/// What a client says.
#[derive(Debug, Serialize, Deserialize, TS)]
pub struct Say {
    #[ts(as = "String")]
    pub text: Line,
}

/// What everybody hears. Who said it is not in here, because the room itself tells each receiver that, so nobody can speak
/// for another.
#[derive(Debug, Serialize, Deserialize, TS)]
pub struct Said {
    #[ts(as = "String")]
    pub text: Line,
    /// Milliseconds since 1970.
    pub at: AsNumber<u64>,
}

/// What each member shows of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CursorState {
    /// From the left edge of the board.
    #[ts(as = "f64")]
    pub x: Fraction,
    /// From the upper edge.
    #[ts(as = "f64")]
    pub y: Fraction,
    #[ts(as = "String")]
    pub name: Name,
    pub color: Color,
}

/// What the server says of a member where there are many nodes, and somebody wants to see that.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Whereabouts {
    /// The node that the member is connected to.
    pub node: String,
}

/// What the server knows of a connection.
#[derive(Debug, Serialize, Deserialize)]
pub struct Visit {
    since: SystemTime,
    person: Option<UserId>,
}

/// The room of each board.
#[derive(Default)]
pub struct Cursors {
    /// Where the whole site is told who is here.
    site: Option<Arc<dyn Directory>>,
    /// What this node is called, where the page shows that.
    node: Option<String>,
}

impl Room for Cursors {
    type Channel = Board;
    type Data = Visit;

    async fn data(&self, upgrade: &Upgrade<Board>) -> Result<Visit, Deny> {
        let person = upgrade.credentials().map(person::who_has).transpose()?;
        Ok(Visit { since: SystemTime::now(), person })
    }

    /// Three tabs of one person are three members and one user. Who gives no credentials is somebody for each connection.
    fn user(&self, visit: &Visit) -> Option<UserId> {
        visit.person.clone()
    }

    fn info(&self, _: &Visit) -> Option<Whereabouts> {
        self.node.clone().map(|node| Whereabouts { node })
    }

    async fn on_message(&self, conn: &Conn<Self>, Say { text }: Say) -> Result {
        conn.broadcast_all(&Said::now(text))?;
        let who = conn.presence()?.map(|shown| shown.name);
        self.tell_site(conn.rooms(), conn.key(), What::Spoke, who).await;
        Ok(())
    }

    async fn on_user_join(&self, visit: &roomful::Visit<Self>) -> Result {
        self.tell_site(visit.rooms(), visit.key(), What::Came, None).await;
        Ok(())
    }

    /// A moment after the last tab has gone, so that a reload is nobody's leave.
    async fn on_user_leave(&self, visit: &roomful::Visit<Self>) -> Result {
        self.tell_site(visit.rooms(), visit.key(), What::Left, None).await;
        Ok(())
    }

    async fn on_leave(&self, conn: &Conn<Self>) {
        let stayed = conn.data().since.elapsed().unwrap_or_default();
        tracing::info!(board = conn.key().board_id, seconds = stayed.as_secs(), "a visitor left");
    }
}

impl Cursors {
    /// Those of a site that shows what happens on its boards.
    #[must_use]
    pub fn of(site: Arc<dyn Directory>) -> Self {
        Self { site: Some(site), node: None }
    }

    /// Those of one node of many.
    #[must_use]
    pub fn on(node: Option<String>) -> Self {
        Self { site: None, node }
    }

    /// What the board itself does not need is no failure of it.
    async fn tell_site(&self, rooms: &Rooms, board: &Board, what: What, who: Option<Name>) {
        let Some(site) = &self.site else { return };
        if what != What::Spoke
            && let Err(error) = recount(&**site, rooms, board).await
        {
            tracing::warn!(%error, board = board.board_id, "it is not known how many people are there");
        }
        // Wakes the list of boards, too.
        if let Err(error) = rooms.publish(&Site, &Happening::now(&board.board_id, what, who)).await {
            tracing::warn!(%error, board = board.board_id, "the site was not told what happened");
        }
    }
}

/// Has how many people are on that board now. Who comes and who goes may tell of it at once, and be heard in either order: so
/// whoever has told looks again. To add and to take away would be wrong for ever once a server is gone that had people on it.
async fn recount(site: &dyn Directory, rooms: &Rooms, board: &Board) -> Result {
    let mut told = None;
    loop {
        let people = rooms.at(board).users().await?.len();
        if told == Some(people) {
            return Ok(());
        }
        let busy = Busy { board: board.board_id.clone(), people: u32::try_from(people).unwrap_or(u32::MAX) };
        site.set(busy).await?;
        told = Some(people);
    }
}

impl Said {
    pub fn now(text: Line) -> Self {
        Self { text, at: now() }
    }
}

impl Board {
    /// Letters, digits and hyphens, 40 of them at most: what can be read out to somebody.
    pub fn is_well_named(&self) -> bool {
        let name = &self.board_id;
        !name.is_empty() && name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    }
}

/// The room's guard. One that looks at who is asking is written the same: `upgrade` has the request's headers, and its
/// extensions hold what your tower layers put there.
pub async fn well_named(upgrade: Upgrade<Board>) -> Result<(), Deny> {
    if upgrade.key().is_well_named() {
        Ok(())
    } else {
        Err(Deny::because("a board's name is letters, digits and hyphens"))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use roomful::RoomExt as _;
    use roomful::test::{Event, TestMember, TestRoom};

    use super::*;

    async fn two_members() -> (TestMember<Cursors>, TestMember<Cursors>) {
        let room = TestRoom::new(Cursors::default());
        let board = || Board { board_id: "main".to_owned() };
        let visit = || Visit { since: SystemTime::now(), person: None };
        let mut ada = room.join(board(), visit()).await;
        let mut ben = room.join(board(), visit()).await;
        ada.settle().await;
        ben.settle().await;
        (ada, ben)
    }

    #[test]
    fn whoever_starts_the_board_is_warned_of_nothing() {
        let rooms = crate::rooms_and_site(Arc::new(crate::directory::InMemory::default())).build().unwrap();
        let generated = rooms.typescript(roomful::Framework::Preact).unwrap();
        assert!(generated.warnings().is_empty(), "{:?}", generated.warnings());
    }

    #[tokio::test]
    async fn what_one_says_all_hear_from_that_one() {
        let (mut ada, mut ben) = two_members().await;
        let speaker = ada.id().clone();
        ada.send(&Say { text: Line::try_from("hello".to_owned()).unwrap() });
        for hearer in [&mut ada, &mut ben] {
            let Event::Message { from, msg } = hearer.next().await else { panic!("it is a message") };
            assert_eq!((from.as_ref(), msg.text.as_str()), (Some(&speaker), "hello"));
        }
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_refused_and_heard_by_nobody() {
        let (mut ada, mut ben) = two_members().await;
        ada.send_raw(format!(r#"{{"t":"msg","msg":{{"text":"{}"}}}}"#, "x".repeat(281)));
        let Event::Error { code, reason } = ada.next().await else { panic!("it is an error") };
        assert_eq!(code, "bad_message");
        assert!(reason.contains("at most 280 characters, not 281"), "{reason}");
        assert!(ben.settle().await.is_empty());
    }

    #[tokio::test]
    async fn a_cursor_outside_the_board_is_refused() {
        let (mut ada, mut ben) = two_members().await;
        ada.send_raw(r#"{"t":"presence","state":{"x":1.5,"y":0,"name":"Ada","color":"rose"}}"#);
        assert!(matches!(ada.next().await, Event::Error { code, .. } if code == "bad_presence"));
        assert!(ben.settle().await.is_empty());
    }

    #[tokio::test]
    async fn tabs_with_one_secret_are_one_user_whose_secret_nobody_is_told() {
        const ADA: &str = "0123456789abcdef0123456789abcdef";
        const BEN: &str = "ffffffffffffffffffffffffffffffff";
        let room = TestRoom::new(Cursors::default());
        let board = Board { board_id: "main".to_owned() };
        let mut tabs = Vec::new();
        for secret in [ADA, ADA, BEN] {
            let request = Request::builder().header("authorization", format!("Bearer {secret}")).body(()).unwrap();
            tabs.push(room.connect(&board, request).await.unwrap());
        }
        let users = room.rooms().at(&board).users().await.unwrap();
        assert_eq!(users.iter().map(|user| user.members.len()).collect::<Vec<_>>(), [2, 1]);
        let told = tabs[2].snapshot();
        assert!(users.iter().all(|user| told.contains(user.user.as_str())), "{told}");
        assert!(!told.contains(ADA) && !told.contains(BEN), "{told}");
    }

    #[tokio::test]
    async fn credentials_that_are_no_secret_are_denied_and_none_are_not() {
        let room = TestRoom::new(Cursors::default());
        let board = Board { board_id: "main".to_owned() };
        let guess = Request::builder().header("authorization", "Bearer ada").body(()).unwrap();
        assert_eq!(room.connect(&board, guess).await.err().map(|close| close.code), Some(4403));
        assert!(room.connect(&board, Request::new(())).await.is_ok());
    }

    #[tokio::test]
    async fn a_board_has_a_name_that_can_be_read_out() {
        let room = TestRoom::new(Cursors::default().guard(well_named));
        for (name, code) in [("main", None), ("team-7", None), ("a b", Some(4403)), (&"x".repeat(41), Some(4403))] {
            let board = Board { board_id: name.to_owned() };
            let denied = room.connect(&board, Request::new(())).await.err();
            assert_eq!(denied.map(|close| close.code), code, "{name:?}");
        }
    }
}
