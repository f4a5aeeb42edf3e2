//! A member whose data expires: it is asked for new credentials in time, and closed where none have come.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::future::abortable;
use roomful_core::expiry::{Due, Expiry};
use roomful_core::frame::encode;
use roomful_core::{Close, Dialect, Json, offer};

use crate::admission::MOST_FORWARDED_BYTES;
use crate::denial::DenialReason;
use crate::hooks::{Hooks, called, caught};
use crate::member::LiveMember;
use crate::{Error, Result};

impl LiveMember {
    /// Begins to wait for the time at which what it has now expires, in place of what it had before.
    ///
    /// # Errors
    ///
    /// When the hook that says it panics: then nobody knows for how long it may stay.
    pub(crate) fn expire_in_time(self: &Arc<Self>, hooks: &Arc<dyn Hooks>) -> Result {
        let expires = called(|| hooks.expires())?;
        let expiry = expires.map(|expires| {
            let left = ms_until(expires, self.process().system_time());
            Expiry::new(left, self.limits().refresh_window_ms, self.process().now())
        });
        self.keep(|kept| kept.expiry = expiry);
        self.wait_to_expire(expiry);
        Ok(())
    }

    /// Waits for what an expiry still asks for.
    pub(crate) fn wait_to_expire(self: &Arc<Self>, expiry: Option<Expiry>) {
        let timer = expiry.map(|mut expiry| {
            let process = Arc::clone(self.process());
            let member = Arc::downgrade(self);
            abortable(async move {
                loop {
                    process.sleep_long(expiry.next_at()).await;
                    let Some(member) = member.upgrade() else { return };
                    match expiry.due(process.now()) {
                        Some(Due::Ask) => {
                            member.ask_for_credentials();
                            member.keep(|kept| kept.expiry = Some(expiry));
                        }
                        Some(Due::Close) => return member.close_socket(Close::EXPIRED),
                        // No timer of the platform's is so long.
                        None => {}
                    }
                }
            })
        });
        let (wait, abort) = timer.unzip();
        let may_expire = self.inbox().set_expiry_timer(abort);
        if let Some(wait) = wait.filter(|_| may_expire) {
            self.process().wait(async move {
                let _over_or_renewed = wait.await;
            });
        }
    }

    fn ask_for_credentials(&self) {
        if let Some(line) = self.line().filter(|line| line.dialect() == Dialect::V1) {
            self.reply(Bytes::from_static(encode::AUTH), &line);
        }
    }

    /// Has the app find the data anew, and goes by what that says.
    ///
    /// # Errors
    ///
    /// Why it may not stay; [`DenialReason::NoRefresh`]: nothing has changed.
    pub(crate) async fn refresh(
        self: &Arc<Self>,
        hooks: &Arc<dyn Hooks>,
        credentials: &str,
    ) -> Result<(), DenialReason> {
        offer::within(credentials, self.limits().credentials_bytes)
            .map_err(|error| DenialReason::Forbidden(Some(error.to_string())))?;
        let is_kept = self.process().keeper().is_some();
        let refreshed = caught(|| async { Ok(hooks.refresh(credentials, is_kept).await) }).await;
        let data = refreshed.map_err(DenialReason::Failed)??;
        if let Some(data) = data.filter(|_| is_kept) {
            check_size(&data)?;
            self.keep(|kept| kept.admitted.data = data);
            let user =
                hooks.member().map(|member| called(|| member.user())).transpose().map_err(DenialReason::Failed)?;
            self.limit_kept_anew(user.flatten().as_ref());
            self.check_what_is_kept().map_err(|refused| DenialReason::Failed(Error::refused(refused)))?;
        }
        self.expire_in_time(hooks).map_err(DenialReason::Failed)
    }
}

/// Milliseconds from now on, negative where it is over.
fn ms_until(time: SystemTime, now: SystemTime) -> i64 {
    let ms = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    match time.duration_since(now) {
        Ok(left) => ms(left),
        Err(past) => -ms(past.duration()),
    }
}

fn check_size(data: &Json) -> Result<(), DenialReason> {
    let (bytes, limit) = (data.size(), MOST_FORWARDED_BYTES);
    if bytes <= limit {
        return Ok(());
    }
    let error = format!("what `refresh` returns has {bytes} bytes as JSON, over the {limit} that lie beside a socket");
    Err(DenialReason::Failed(Error::msg(error)))
}
