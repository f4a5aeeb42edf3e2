//! What an object keeps that no socket outlives: its key, its members who are held, who was removed, and what its
//! alarm is for.
//!
//! In an object where nobody is away or was removed, and nothing expires, only the key was ever written.

use std::rc::Rc;

use roomful_core::session::Token;
use roomful_core::{MemberId, Millis};
use roomful_runtime::{Barred, Kept};
use serde::{Deserialize, Serialize};
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen::{JsCast as _, JsValue};
use worker::{ListOptions, State};

use crate::tasks::Tasks;

/// Every name here begins so. An object's class is the app's, and its storage may hold something else.
const PREFIX: &str = "roomful:";
const KEY: &str = "roomful:key";
const ALARM: &str = "roomful:alarm";
const HELD: &str = "roomful:held:";
const BARRED: &str = "roomful:barred:";

pub(crate) struct Store {
    state: Rc<State>,
    tasks: Tasks,
}

/// Everything that was written.
#[derive(Default)]
pub(crate) struct Stored {
    /// What its tokens are sealed with.
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) alarm: Option<AlarmIsFor>,
    pub(crate) held: Vec<Kept>,
    /// What members who were removed must not come back with.
    pub(crate) barred: Vec<Barred>,
}

/// What the alarm is for beside states that may not have been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AlarmIsFor {
    /// The first time that something waits for.
    pub(crate) at: Millis,
    /// Whether the alarm of that time is for states, too.
    pub(crate) states: bool,
}

impl Store {
    pub(crate) fn new(state: Rc<State>, tasks: Tasks) -> Self {
        Self { state, tasks }
    }

    /// Reads all of it. No other event comes in meanwhile.
    pub(crate) async fn load(&self) -> Stored {
        let listed = self.state.storage().list_with_options(ListOptions::new().prefix(PREFIX)).await;
        let mut stored = Stored::default();
        match listed {
            Ok(listed) => {
                listed.for_each(&mut |value, name| stored.take(&name.as_string().unwrap_or_default(), &value))
            }
            // Whoever was held is another member then, unless the seal of its token says who it was.
            Err(error) => tracing::error!(%error, "what an object has stored cannot be had"),
        }
        stored
    }

    pub(crate) fn put_key(&self, key: &[u8]) {
        self.put(KEY.to_owned(), Uint8Array::from(key).into());
    }

    pub(crate) fn put_alarm(&self, is_for: AlarmIsFor) {
        match serde_json::to_string(&is_for) {
            Ok(text) => self.put(ALARM.to_owned(), text.into()),
            Err(error) => tracing::error!(%error, "what an alarm is for cannot be written"),
        }
    }

    pub(crate) fn delete_alarm(&self) {
        self.delete(ALARM.to_owned());
    }

    pub(crate) fn put_held(&self, member: &MemberId, kept: &[u8]) {
        self.put(format!("{HELD}{member}"), Uint8Array::from(kept).into());
    }

    pub(crate) fn delete_held(&self, member: &MemberId) {
        self.delete(format!("{HELD}{member}"));
    }

    pub(crate) fn put_barred(&self, token: Token, barred: &[u8]) {
        self.put(format!("{BARRED}{token}"), Uint8Array::from(barred).into());
    }

    pub(crate) fn delete_barred(&self, token: Token) {
        self.delete(format!("{BARRED}{token}"));
    }

    /// The event lasts until it is written, and the platform sends nothing before that.
    fn put(&self, name: String, value: JsValue) {
        let (storage, what) = (self.state.storage(), kind(&name));
        self.tasks.spawn(async move {
            if let Err(error) = storage.put_raw(&name, value).await {
                tracing::error!(%error, what, "it was not stored");
            }
        });
    }

    fn delete(&self, name: String) {
        let (storage, what) = (self.state.storage(), kind(&name));
        self.tasks.spawn(async move {
            if let Err(error) = storage.delete(&name).await {
                tracing::error!(%error, what, "it was not deleted from what is stored");
            }
        });
    }
}

/// What a name is of. The rest of it may be a token, which no log is to have.
fn kind(name: &str) -> &'static str {
    [KEY, ALARM, HELD, BARRED].into_iter().find(|kind| name.starts_with(kind)).unwrap_or(PREFIX)
}

impl Stored {
    fn take(&mut self, name: &str, value: &JsValue) {
        let bytes = || value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec);
        match name {
            KEY => self.key = bytes(),
            ALARM => self.alarm = value.as_string().and_then(|text| serde_json::from_str(&text).ok()),
            // Not the names: a token may be a part of one, and no log is to have it.
            _ if name.starts_with(HELD) => match bytes().map(|bytes| Kept::from_bytes(&bytes)) {
                Some(Ok(kept)) => self.held.push(kept),
                Some(Err(error)) => tracing::warn!(%error, "a member that was held cannot be gone on with"),
                None => tracing::warn!("what is stored is no member that was held"),
            },
            _ if name.starts_with(BARRED) => match bytes().map(|bytes| Barred::from_bytes(&bytes)) {
                Some(Ok(barred)) => self.barred.push(barred),
                Some(Err(error)) => tracing::warn!(%error, "who was removed may be back"),
                None => tracing::warn!("what is stored says of nobody that it was removed"),
            },
            _ => {}
        }
    }
}
