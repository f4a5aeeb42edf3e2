//! Who is signed in.

use std::time::{Duration, SystemTime};

use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::{Person, Store, StoreError, seconds, time};
use crate::token::Token;

/// So long nobody has to sign in again.
pub(crate) const GOOD_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signed {
    pub(crate) person: Person,
    pub(crate) until: SystemTime,
}

impl Store {
    /// Begins a session. What is over of all others is deleted.
    pub(crate) async fn sign_in(&self, person: i64, now: SystemTime) -> Result<Token, StoreError> {
        let token = Token::random()?;
        let (hash, until, now) = (token.hash(), seconds(now + GOOD_FOR), seconds(now));
        self.ask(move |db| {
            db.execute("delete from sessions where until <= ?", [now])?;
            db.execute("insert into sessions values (?, ?, ?)", params![hash, person, until]).map(drop)
        })
        .await?;
        Ok(token)
    }

    /// Whose session this is.
    pub(crate) async fn signed(&self, session: &Token, now: SystemTime) -> Result<Option<Signed>, StoreError> {
        let (hash, now) = (session.hash(), seconds(now));
        self.ask(move |db| {
            let query = "select id, name, is_admin, until from sessions join people on id = person \
                         where hash = ? and until > ? and removed_at is null";
            let read = |row: &rusqlite::Row<'_>| {
                let person = Person { id: row.get(0)?, name: row.get(1)?, is_admin: row.get(2)? };
                Ok(Signed { person, until: time(row.get(3)?) })
            };
            db.query_row(query, params![hash, now], read).optional()
        })
        .await
    }

    /// Ends all sessions of somebody.
    pub(crate) async fn sign_out(&self, person: i64) -> Result<(), StoreError> {
        self.ask(move |db| db.execute("delete from sessions where person = ?", [person]).map(drop)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Name;

    #[tokio::test]
    async fn a_session_is_good_for_a_while_and_until_its_end() {
        let (store, now) = (Store::in_memory(), SystemTime::now());
        let invitation = store.invite(false, now).await.unwrap();
        let name = Name::try_from("Ben".to_owned()).unwrap();
        let ben = store.join(&invitation, name, "a hash".to_owned(), now).await.unwrap().unwrap();
        let session = store.sign_in(ben.id, now).await.unwrap();
        assert_eq!(store.signed(&session, now).await.unwrap().unwrap().person, ben);
        assert_eq!(store.signed(&session, now + GOOD_FOR).await.unwrap(), None);
        assert_eq!(store.signed(&Token::random().unwrap(), now).await.unwrap(), None);
        store.sign_out(ben.id).await.unwrap();
        assert_eq!(store.signed(&session, now).await.unwrap(), None);
    }
}
