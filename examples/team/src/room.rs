//! The room of each channel: who may enter, what is said there and what everybody sees of whom.

use std::time::{SystemTime, UNIX_EPOCH};

use roomful::{AsNumber, Channel, Conn, Deny, Result, Room, TS, Upgrade, UserId};
use serde::{Deserialize, Serialize};

use crate::cookies::session_in;
use crate::store::{Signed, Store};
use crate::values::{Nonce, Words};

/// A channel of the team. A value of this type is a room's key.
#[derive(Debug, Clone, Channel)]
#[channel("chat/:channel", incoming = Say, outgoing = Heard, presence = Typing, info = Card)]
pub(crate) struct Chat {
    pub(crate) channel: String,
}

/// What somebody says.
#[derive(Debug, Serialize, Deserialize, TS)]
pub(crate) struct Say {
    /// The same where it is said again, so that it is heard once.
    #[ts(as = "String")]
    pub(crate) nonce: Nonce,
    #[ts(as = "String")]
    pub(crate) text: Words,
}

/// What everybody hears.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(crate) enum Heard {
    Line(Line),
    Notice(Notice),
}

/// Something that was said, and is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub(crate) struct Line {
    /// What was said later has a larger one.
    pub(crate) id: AsNumber<i64>,
    /// The user who said it.
    pub(crate) by: String,
    pub(crate) name: String,
    pub(crate) nonce: String,
    pub(crate) text: String,
    /// Milliseconds since 1970.
    pub(crate) at: AsNumber<i64>,
}

/// An admin's word to everybody. It is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub(crate) struct Notice {
    pub(crate) name: String,
    pub(crate) text: String,
    /// Milliseconds since 1970.
    pub(crate) at: AsNumber<i64>,
}

/// What each member shows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub(crate) struct Typing {
    pub(crate) typing: bool,
}

/// Who a member is, as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Card {
    pub(crate) name: String,
    pub(crate) is_admin: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("its channel is gone")]
struct ChannelGone;

pub(crate) struct Chats {
    store: Store,
}

impl Chats {
    pub(crate) fn over(store: Store) -> Self {
        Self { store }
    }
}

impl Room for Chats {
    type Channel = Chat;
    type Data = Signed;

    /// Where the database cannot be asked nobody is denied: the client comes back.
    async fn data(&self, upgrade: &Upgrade<Chat>) -> Result<Signed, Deny> {
        let session = session_in(upgrade.headers()).ok_or_else(|| Deny::because("it has no session"))?;
        let signed = self.store.signed(&session, SystemTime::now()).await?;
        let signed = signed.ok_or_else(|| Deny::because("its session is over"))?;
        match self.store.has_channel(&upgrade.key().channel).await? {
            true => Ok(signed),
            false => Err(Deny::because("there is no such channel")),
        }
    }

    /// Closed 4401 then, and the page asks for the password.
    fn expires(&self, signed: &Signed) -> Option<SystemTime> {
        Some(signed.until)
    }

    fn user(&self, signed: &Signed) -> Option<UserId> {
        signed.person.user()
    }

    fn info(&self, signed: &Signed) -> Option<Card> {
        Some(Card { name: signed.person.name.clone(), is_admin: signed.person.is_admin })
    }

    /// First it is kept, then everybody hears it: whoever loads the history hears of each line there or here, or twice by one id.
    async fn on_message(&self, conn: &Conn<Self>, say: Say) -> Result {
        let channel = &conn.key().channel;
        let line = self.store.keep(channel, &conn.data().person, say, milliseconds_since_1970()).await?;
        let line = line.ok_or(ChannelGone)?;
        conn.broadcast_all(&Heard::Line(line))
    }
}

pub(crate) fn milliseconds_since_1970() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use http::Request;
    use roomful::test::{Event, TestMember, TestRoom};

    use super::*;
    use crate::cookies::NAME;
    use crate::store::Page;
    use crate::token::Token;
    use crate::values::{Name, Text};

    fn general() -> Chat {
        Chat { channel: "general".to_owned() }
    }

    async fn somebody(store: &Store, name: &str) -> Token {
        let (now, name) = (SystemTime::now(), Name::try_from(name.to_owned()).unwrap());
        let invitation = store.invite(false, now).await.unwrap();
        let person = store.join(&invitation, name, "a hash".to_owned(), now).await.unwrap().unwrap();
        store.sign_in(person.id, now).await.unwrap()
    }

    fn with(session: &Token) -> Request<()> {
        Request::builder().header("cookie", format!("theme=dark; {NAME}={}", session.as_str())).body(()).unwrap()
    }

    async fn tab(room: &TestRoom<Chats>, session: &Token) -> TestMember<Chats> {
        room.connect(&general(), with(session)).await.unwrap()
    }

    fn say(nonce: &str, text: &str) -> Say {
        Say { nonce: Text::try_from(nonce.to_owned()).unwrap(), text: Text::try_from(text.to_owned()).unwrap() }
    }

    #[tokio::test]
    async fn whoever_has_no_session_or_asks_for_no_channel_is_denied() {
        let store = Store::in_memory();
        let room = TestRoom::new(Chats::over(store.clone()));
        let ada = somebody(&store, "Ada").await;
        let code = |denied: Result<TestMember<Chats>, _>| denied.err().map(|close: roomful::Close| close.code);
        assert_eq!(code(room.connect(&general(), Request::new(())).await), Some(4403));
        assert_eq!(code(room.connect(&general(), with(&Token::given("made up"))).await), Some(4403));
        let other = Chat { channel: "other".to_owned() };
        assert_eq!(code(room.connect(&other, with(&ada)).await), Some(4403));
        assert_eq!(code(room.connect(&general(), with(&ada)).await), None);
    }

    #[tokio::test]
    async fn what_is_said_is_kept_and_heard_by_all_from_who_the_session_says() {
        let store = Store::in_memory();
        let room = TestRoom::new(Chats::over(store.clone()));
        let mut ada = tab(&room, &somebody(&store, "Ada").await).await;
        let mut ben = tab(&room, &somebody(&store, "Ben").await).await;
        // Not `settle`, which lets all time pass: their sessions would be over.
        assert!(matches!(ada.next().await, Event::Join { .. }));
        ada.send(&say("1", "hello"));
        for hearer in [&mut ada, &mut ben] {
            let Event::Message { msg: Heard::Line(line), .. } = hearer.next().await else { panic!("it is a line") };
            assert_eq!((&*line.name, &*line.text), ("Ada", "hello"));
            assert_eq!(store.lines("general", Page::default()).await.unwrap(), [line]);
        }
    }

    #[tokio::test]
    async fn what_a_page_says_again_is_the_same_line() {
        let store = Store::in_memory();
        let room = TestRoom::new(Chats::over(store.clone()));
        let mut ada = tab(&room, &somebody(&store, "Ada").await).await;
        for _ in 0..2 {
            ada.send(&say("1", "hello"));
        }
        let (first, again) = (ada.next().await, ada.next().await);
        assert_eq!(first, again);
        assert_eq!(store.lines("general", Page::default()).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn two_tabs_are_one_user_with_a_name_that_no_client_has_set() {
        let store = Store::in_memory();
        let room = TestRoom::new(Chats::over(store.clone()));
        let ada = somebody(&store, "Ada").await;
        let _tabs = (tab(&room, &ada).await, tab(&room, &ada).await);
        let users = room.at(&general()).users().await.unwrap();
        assert_eq!(users.iter().map(|user| user.members.len()).collect::<Vec<_>>(), [2]);
        let members = room.at(&general()).members().await.unwrap();
        let card = Some(Card { name: "Ada".to_owned(), is_admin: false });
        assert!(members.iter().all(|member| member.info == card));
    }

    #[test]
    fn whoever_starts_it_is_warned_of_nothing() {
        let rooms = crate::rooms(Store::in_memory()).build().unwrap();
        let generated = rooms.typescript(roomful::Framework::React).unwrap();
        assert!(generated.warnings().is_empty(), "{:?}", generated.warnings());
    }
}
