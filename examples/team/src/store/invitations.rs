//! Who may join.

use std::time::{Duration, SystemTime};

use rusqlite::params;

use super::{Store, StoreError, seconds};
use crate::token::Token;

/// So long somebody may take to join.
const GOOD_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Store {
    /// Makes an invitation, which one person may join by.
    pub(crate) async fn invite(&self, is_admin: bool, now: SystemTime) -> Result<Token, StoreError> {
        let token = Token::random()?;
        let (hash, until, now) = (token.hash(), seconds(now + GOOD_FOR), seconds(now));
        self.ask(move |db| {
            db.execute("delete from invitations where until <= ?", [now])?;
            db.execute("insert into invitations values (?, ?, ?)", params![hash, is_admin, until]).map(drop)
        })
        .await?;
        Ok(token)
    }
}
