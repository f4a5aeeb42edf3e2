//! What was said.

use roomful::AsNumber;
use rusqlite::{OptionalExtension as _, Row, params};
use serde::Deserialize;

use super::{Person, Store, StoreError};
use crate::room::{Line, Say};

/// So many lines are given at once.
const LINES: i64 = 50;

/// Which lines somebody asks for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Page {
    /// Those before this one; the latest where none is named.
    pub(crate) before: Option<i64>,
}

impl Store {
    /// Keeps what somebody says, once: what was kept before is given as it was.
    ///
    /// `None`: there is no such channel.
    pub(crate) async fn keep(
        &self,
        channel: &str,
        by: &Person,
        say: Say,
        now: i64,
    ) -> Result<Option<Line>, StoreError> {
        let (channel, person) = (channel.to_owned(), by.id);
        self.ask(move |db| {
            let transaction = db.transaction()?;
            let nonce = say.nonce.as_str();
            let keeps = "insert into lines (channel, person, nonce, text, at) select name, ?2, ?3, ?4, ?5 from channels \
                         where name = ?1 on conflict do nothing";
            transaction.execute(keeps, params![channel, person, nonce, say.text.as_str(), now])?;
            let kept = format!("{SELECT} where channel = ? and person = ? and nonce = ?");
            let line = transaction.query_row(&kept, params![channel, person, nonce], read).optional()?;
            transaction.commit()?;
            Ok(line)
        })
        .await
    }

    /// A page of what was said, the oldest first.
    pub(crate) async fn lines(&self, channel: &str, page: Page) -> Result<Vec<Line>, StoreError> {
        let (channel, before) = (channel.to_owned(), page.before.unwrap_or(i64::MAX));
        self.ask(move |db| {
            let query = format!("{SELECT} where channel = ? and lines.id < ? order by lines.id desc limit {LINES}");
            let mut query = db.prepare(&query)?;
            let mut lines: Vec<Line> = query.query_map(params![channel, before], read)?.collect::<Result<_, _>>()?;
            lines.reverse();
            Ok(lines)
        })
        .await
    }

    pub(crate) async fn channels(&self) -> Result<Vec<String>, StoreError> {
        self.ask(|db| {
            let mut query = db.prepare("select name from channels order by name")?;
            query.query_map([], |row| row.get(0))?.collect()
        })
        .await
    }

    pub(crate) async fn has_channel(&self, channel: &str) -> Result<bool, StoreError> {
        let channel = channel.to_owned();
        self.ask(move |db| {
            db.query_row("select exists (select 1 from channels where name = ?)", [channel], |row| row.get(0))
        })
        .await
    }
}

const SELECT: &str = "select lines.id, person, name, nonce, text, at from lines join people on people.id = person";

fn read(row: &Row<'_>) -> rusqlite::Result<Line> {
    Ok(Line {
        id: AsNumber(row.get(0)?),
        by: row.get::<_, i64>(1)?.to_string(),
        name: row.get(2)?,
        nonce: row.get(3)?,
        text: row.get(4)?,
        at: AsNumber(row.get(5)?),
    })
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::values::{Name, Text};

    async fn ada(store: &Store) -> Person {
        let invitation = store.invite(true, SystemTime::now()).await.unwrap();
        let name = Name::try_from("Ada".to_owned()).unwrap();
        store.join(&invitation, name, "a hash".to_owned(), SystemTime::now()).await.unwrap().unwrap()
    }

    fn say(nonce: usize, text: &str) -> Say {
        let nonce = Text::try_from(format!("nonce-{nonce}")).unwrap();
        Say { nonce, text: Text::try_from(text.to_owned()).unwrap() }
    }

    #[tokio::test]
    async fn what_is_said_again_is_kept_once_as_it_was_first() {
        let store = Store::in_memory();
        let ada = ada(&store).await;
        let first = store.keep("general", &ada, say(1, "hello"), 5).await.unwrap().unwrap();
        assert_eq!((&*first.name, &*first.text, first.at.0), ("Ada", "hello", 5));
        let again = store.keep("general", &ada, say(1, "hello"), 9).await.unwrap().unwrap();
        assert_eq!(again, first);
        let elsewhere = store.keep("random", &ada, say(1, "hello"), 9).await.unwrap().unwrap();
        assert_ne!(elsewhere.id, first.id);
        assert_eq!(store.lines("general", Page::default()).await.unwrap(), [first]);
    }

    #[tokio::test]
    async fn nothing_is_kept_of_a_channel_that_is_not_there() {
        let store = Store::in_memory();
        let ada = ada(&store).await;
        assert_eq!(store.keep("other", &ada, say(1, "hello"), 5).await.unwrap(), None);
        assert!(!store.has_channel("other").await.unwrap());
        assert_eq!(store.channels().await.unwrap(), ["general", "random"]);
    }

    #[tokio::test]
    async fn history_is_read_in_pages_from_its_end() {
        let store = Store::in_memory();
        let ada = ada(&store).await;
        for nth in 0..60 {
            store.keep("general", &ada, say(nth, &nth.to_string()), 5).await.unwrap().unwrap();
        }
        let texts = |lines: &[Line]| lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>();
        let latest = store.lines("general", Page::default()).await.unwrap();
        assert_eq!(texts(&latest), (10..60).map(|nth| nth.to_string()).collect::<Vec<_>>());
        let earlier = store.lines("general", Page { before: Some(latest[0].id.0) }).await.unwrap();
        assert_eq!(texts(&earlier), (0..10).map(|nth| nth.to_string()).collect::<Vec<_>>());
    }
}
