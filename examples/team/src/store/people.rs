//! Who is in the team, and how often somebody has tried to sign in.

use std::time::{Duration, SystemTime};

use roomful::UserId;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, seconds};
use crate::token::Token;
use crate::values::Name;

/// So many times a name may be tried in [`GUESSED_WITHIN`]. It holds for whoever knows the password, too, and only that long.
const GUESSES: u32 = 10;
const GUESSED_WITHIN: Duration = Duration::from_secs(15 * 60);

/// Somebody of the team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) is_admin: bool,
}

/// Why nobody joins by an invitation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It was used, is too old, or was never there.
    Invitation,
    /// Somebody has this name.
    Name,
}

impl Person {
    /// Everybody is told it, and it lets nobody in.
    pub(crate) fn user(&self) -> Option<UserId> {
        user_of(self.id)
    }
}

pub(crate) fn user_of(person: i64) -> Option<UserId> {
    UserId::new(person.to_string()).ok()
}

impl Store {
    /// Whether anybody has joined.
    pub(crate) async fn has_people(&self) -> Result<bool, StoreError> {
        self.ask(|db| db.query_row("select exists (select 1 from people)", [], |row| row.get(0))).await
    }

    /// Uses the invitation up, and has its bearer join under this name.
    pub(crate) async fn join(
        &self,
        invitation: &Token,
        name: Name,
        password: String,
        now: SystemTime,
    ) -> Result<Result<Person, Taken>, StoreError> {
        let (hash, now) = (invitation.hash(), seconds(now));
        self.ask(move |db| {
            let transaction = db.transaction()?;
            let used = "delete from invitations where hash = ? and until > ? returning is_admin";
            let Some(is_admin) = transaction.query_row(used, params![hash, now], |row| row.get(0)).optional()? else {
                return Ok(Err(Taken::Invitation));
            };
            let joins = "insert into people (name, password, is_admin) values (?, ?, ?) on conflict do nothing";
            if transaction.execute(joins, params![name.as_str(), password, is_admin])? == 0 {
                // What was deleted comes back with the end of this.
                return Ok(Err(Taken::Name));
            }
            let id = transaction.last_insert_rowid();
            transaction.commit()?;
            Ok(Ok(Person { id, name: name.into(), is_admin }))
        })
        .await
    }

    /// Somebody of this name, and the hash of the password.
    pub(crate) async fn person(&self, name: Name) -> Result<Option<(Person, String)>, StoreError> {
        self.ask(move |db| {
            let query = "select id, name, is_admin, password from people where name = ? and removed_at is null";
            let read = |row: &rusqlite::Row<'_>| {
                Ok((Person { id: row.get(0)?, name: row.get(1)?, is_admin: row.get(2)? }, row.get(3)?))
            };
            db.query_row(query, [name.as_str()], read).optional()
        })
        .await
    }

    /// Removes somebody for good, with all sessions. `false`: there is nobody, or not any more.
    pub(crate) async fn remove(&self, person: i64, now: SystemTime) -> Result<bool, StoreError> {
        let now = seconds(now);
        self.ask(move |db| {
            let transaction = db.transaction()?;
            let removes = "update people set removed_at = ? where id = ? and removed_at is null";
            let removed = transaction.execute(removes, params![now, person])?;
            transaction.execute("delete from sessions where person = ?", [person])?;
            transaction.commit()?;
            Ok(removed > 0)
        })
        .await
    }

    /// Whether this name may be tried once more, and counts that it is.
    pub(crate) async fn may_guess(&self, name: Name, now: SystemTime) -> Result<bool, StoreError> {
        let oldest = seconds(now - GUESSED_WITHIN);
        let now = seconds(now);
        self.ask(move |db| {
            let transaction = db.transaction()?;
            transaction.execute("delete from guesses where at <= ?", [oldest])?;
            let tried: u32 = count(&transaction, &name)?;
            if tried < GUESSES {
                transaction.execute("insert into guesses values (?, ?)", params![name.as_str(), now])?;
            }
            transaction.commit()?;
            Ok(tried < GUESSES)
        })
        .await
    }

    /// Whoever tried this name knew the password.
    pub(crate) async fn guessed(&self, name: Name) -> Result<(), StoreError> {
        self.ask(move |db| db.execute("delete from guesses where name = ?", [name.as_str()]).map(drop)).await
    }
}

fn count(db: &Connection, name: &Name) -> rusqlite::Result<u32> {
    db.query_row("select count(*) from guesses where name = ?", [name.as_str()], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Name {
        Name::try_from(name.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn an_invitation_is_good_once_and_a_name_is_one_persons() {
        let (store, now) = (Store::in_memory(), SystemTime::now());
        let [first, second] = [true, false].map(|is_admin| store.invite(is_admin, now));
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        let join = |invitation, who| store.join(invitation, name(who), "a hash".to_owned(), now);
        let ada = join(&first, "Ada").await.unwrap().unwrap();
        assert!(ada.is_admin);
        assert_eq!(join(&first, "Ben").await.unwrap(), Err(Taken::Invitation));
        assert_eq!(join(&second, "ADA").await.unwrap(), Err(Taken::Name));
        let ben = join(&second, "Ben").await.unwrap().unwrap();
        assert!(!ben.is_admin, "a name that was taken does not use it up");
    }

    #[tokio::test]
    async fn who_is_removed_is_nobody_and_has_no_session() {
        let (store, now) = (Store::in_memory(), SystemTime::now());
        let invitation = store.invite(false, now).await.unwrap();
        let ben = store.join(&invitation, name("Ben"), "a hash".to_owned(), now).await.unwrap().unwrap();
        let session = store.sign_in(ben.id, now).await.unwrap();
        assert!(store.signed(&session, now).await.unwrap().is_some());
        assert!(store.remove(ben.id, now).await.unwrap());
        assert!(!store.remove(ben.id, now).await.unwrap(), "once");
        assert_eq!(store.signed(&session, now).await.unwrap(), None);
        assert_eq!(store.person(name("Ben")).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_name_is_tried_ten_times_and_again_a_while_later() {
        let (store, now) = (Store::in_memory(), SystemTime::now());
        for _ in 0..GUESSES {
            assert!(store.may_guess(name("Ada"), now).await.unwrap());
        }
        assert!(!store.may_guess(name("ada"), now).await.unwrap());
        assert!(store.may_guess(name("Ben"), now).await.unwrap(), "it is of each name");
        let later = now + GUESSED_WITHIN + Duration::from_secs(1);
        assert!(store.may_guess(name("Ada"), later).await.unwrap());
        store.guessed(name("Ada")).await.unwrap();
        for _ in 0..GUESSES {
            assert!(store.may_guess(name("Ada"), later).await.unwrap(), "who knew it begins anew");
        }
    }
}
