//! The database: SQLite, on a thread of its own, because a query blocks the thread that it runs on.

mod invitations;
mod lines;
mod people;
mod sessions;

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{io, thread};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

pub(crate) use lines::Page;
pub(crate) use people::{Person, Taken, user_of};
pub(crate) use sessions::{GOOD_FOR as SESSION_GOOD_FOR, Signed};

use crate::token;

/// So many queries may wait; whoever comes then waits for a place.
const QUERIES: usize = 1_024;
/// For another process that writes to the same file.
const BUSY: Duration = Duration::from_secs(5);
/// Of the tables, as the file says it.
const VERSION: i64 = 1;

type Query = Box<dyn FnOnce(&mut Connection) + Send>;

/// The database. A clone is the same one.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    queries: Queries,
}

#[derive(Debug, Clone)]
enum Queries {
    Thread(mpsc::Sender<Query>),
    /// Answered where they are asked: rooms are tested in virtual time, which waits for no thread.
    #[cfg(test)]
    Here(std::sync::Arc<std::sync::Mutex<Connection>>),
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the thread of the database cannot be started: {0}")]
    Thread(#[from] io::Error),
    #[error("the thread of the database has ended")]
    Ended,
    #[error("the tables are those of version {0}, and this program knows version {VERSION}")]
    Version(i64),
    #[error("the system gives no random bytes: {0}")]
    Random(#[from] getrandom::Error),
}

impl Store {
    /// Opens the file, and makes it where there is none.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = prepared(Connection::open(path)?)?;
        let (queries, mut waiting) = mpsc::channel::<Query>(QUERIES);
        thread::Builder::new().name("database".to_owned()).spawn(move || {
            while let Some(query) = waiting.blocking_recv() {
                query(&mut connection);
            }
        })?;
        Ok(Self { queries: Queries::Thread(queries) })
    }

    #[cfg(test)]
    pub(crate) fn in_memory() -> Self {
        let connection = prepared(Connection::open_in_memory().unwrap()).unwrap();
        Self { queries: Queries::Here(std::sync::Arc::new(connection.into())) }
    }

    /// The secret of the sessions, which all nodes over this file have.
    pub(crate) async fn secret(&self) -> Result<Vec<u8>, StoreError> {
        self.ask(|db| db.query_row("select secret from settings", [], |row| row.get(0))).await
    }

    /// Runs this on the database's thread.
    async fn ask<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        // Whoever asked may be gone by then, with what it asked for.
        let query: Query = Box::new(move |db| drop(answer.send(query(db))));
        match &self.queries {
            Queries::Thread(queries) => queries.send(query).await.map_err(|_| StoreError::Ended)?,
            #[cfg(test)]
            Queries::Here(connection) => query(&mut connection.lock().unwrap()),
        }
        Ok(answered.await.map_err(|_| StoreError::Ended)??)
    }
}

fn prepared(mut connection: Connection) -> Result<Connection, StoreError> {
    connection.busy_timeout(BUSY)?;
    // Readers do not wait for a writer then.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // One that begins with reading could not wait for a writer of another process any more.
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    make_tables(&mut connection)?;
    Ok(connection)
}

fn make_tables(connection: &mut Connection) -> Result<(), StoreError> {
    // Of two processes that begin at once the second waits here.
    let transaction = connection.transaction()?;
    match transaction.pragma_query_value(None, "user_version", |row| row.get(0))? {
        0 => {
            transaction.execute_batch(include_str!("schema.sql"))?;
            transaction.execute("insert into settings values (1, ?)", [token::random_bytes()?])?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        VERSION => {}
        other => return Err(StoreError::Version(other)),
    }
    Ok(transaction.commit()?)
}

/// Seconds since 1970, as the database has them.
fn seconds(time: SystemTime) -> i64 {
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX)
}

fn time(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn two_processes_over_one_file_have_one_secret() {
        let folder = std::env::temp_dir().join(format!("team-store-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("team.db");
        let stores: Vec<_> = thread::scope(|scope| {
            let opening: Vec<_> = (0..4).map(|_| scope.spawn(|| Store::open(&path).unwrap())).collect();
            opening.into_iter().map(|store| store.join().unwrap()).collect()
        });
        let first = stores[0].secret().await.unwrap();
        assert_eq!(first.len(), 32);
        for store in &stores {
            assert_eq!(store.secret().await.unwrap(), first);
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn tables_of_another_version_are_left_alone() {
        let connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 7).unwrap();
        assert!(matches!(prepared(connection), Err(StoreError::Version(7))));
    }
}
