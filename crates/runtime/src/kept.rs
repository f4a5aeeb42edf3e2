//! What of a connection outlives the process that serves it: bytes that a platform puts beside the socket.

use std::fmt;

use roomful_core::expiry::Expiry;
use roomful_core::feed::{FeedEpoch, Position};
use roomful_core::key::Params;
use roomful_core::roster::{Number, Place};
use roomful_core::session::{KeptSaid, KeptSession, Offered};
use roomful_core::{Dialect, Generation, Json, MemberId, Millis, UserId, room};
use serde::{Deserialize, Serialize};

use crate::destination::Destination;

/// Bytes of another version are not read: their meaning would be guessed.
const VERSION: u8 = 4;

/// A connection that the guards and `data` have let through: the room or socket that it is for, and its data. One process makes
/// it with [`Admission::admit`](crate::Admission::admit), another serves it with
/// [`Platform::connect`](crate::Platform::connect).
#[derive(Clone, Serialize, Deserialize)]
pub struct Admitted {
    pub(crate) module: String,
    pub(crate) name: String,
    /// The key's params, as a JSON object.
    pub(crate) key: Json,
    pub(crate) data: Json,
    v1: bool,
    /// The session that its client wants to go on with. Not kept: it is of this one attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) offered: Option<Offered>,
    /// Where it is to be let in. It follows from the key, so it is not sent along.
    #[serde(skip)]
    destination: Option<Destination>,
}

/// Without the data, which may be a client's credentials.
impl fmt::Debug for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, name, key, .. } = self;
        f.debug_struct("Admitted").field("module", module).field("name", name).field("key", key).finish_non_exhaustive()
    }
}

impl Admitted {
    pub(crate) fn new(
        (module, name): (&str, &str),
        params: &Params,
        destination: Option<Destination>,
        data: Json,
        dialect: Dialect,
    ) -> Result<Self, serde_json::Error> {
        let (module, name) = (module.to_owned(), name.to_owned());
        let v1 = dialect == Dialect::V1;
        Ok(Self { module, name, key: Json::encode(params)?, data, v1, offered: None, destination })
    }

    /// Its client has listened up to here before.
    #[must_use]
    pub fn listened_to(mut self, position: Position) -> Self {
        self.offered = Some(Offered { resume: position.resume(), seal: None });
        self
    }

    /// `module/name`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}", self.module, self.name)
    }

    /// Which room it is for, or what it is to listen to: the process that has that serves it. `None` where it was read from bytes.
    #[must_use]
    pub fn destination(&self) -> Option<&Destination> {
        self.destination.as_ref()
    }

    /// The key's params as a JSON object.
    #[must_use]
    pub fn key(&self) -> &Json {
        &self.key
    }

    /// What `data` found.
    #[must_use]
    pub fn data(&self) -> &Json {
        &self.data
    }

    /// What the connection speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        if self.v1 { Dialect::V1 } else { Dialect::Plain }
    }
}

/// All that a connection needs to go on in another process, or a member that is held without one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    version: u8,
    pub(crate) admitted: Admitted,
    id: MemberId,
    /// Whether `on_join` (a socket's `open`) has run to its end.
    pub(crate) opened: bool,
    /// What its room needs, where it is a room's member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) member: Option<KeptMember>,
    /// Which run of numbers it hears, where it listens to a feed or a live value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) heard: Option<FeedEpoch>,
    /// Which tokens its session takes, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<KeptSession>,
    /// What its client has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) said: Option<KeptSaid>,
    /// What its data's expiry still asks for, by the host's clock; `None`: it does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expiry: Option<Expiry>,
    /// Until when it is held, by the host's clock; `None`: it has a socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Millis>,
}

/// A member in its room.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeptMember {
    pub(crate) epoch: String,
    pub(crate) member: room::Kept,
}

/// Why bytes that were kept cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// Another version of this crate wrote them.
    #[error("they are of version {found}, this is version {VERSION}")]
    Version {
        /// The version that they say.
        found: u8,
    },
    /// They are something else than what was kept.
    #[error("they cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

impl Kept {
    pub(crate) fn new(admitted: Admitted, id: MemberId) -> Self {
        let admitted = Admitted { offered: None, ..admitted };
        let (opened, member, heard, session, said, expiry, until) = (false, None, None, None, None, None, None);
        Self { version: VERSION, admitted, id, opened, member, heard, session, said, expiry, until }
    }

    /// Its socket is now this one's. What is known of the member goes on, and what the newer upgrade has found.
    pub(crate) fn take_over_from(&mut self, before: Self) {
        let Self { opened, member, session, said, expiry, .. } = before;
        *self = Self { opened, member, session, said, expiry, ..self.clone() };
    }

    /// As it lies beside a socket.
    pub(crate) fn with_socket(mut self) -> Self {
        self.until = None;
        self.member.iter_mut().for_each(|kept| kept.member.away = false);
        self
    }

    /// As it is held without one; no longer than until now where that is not said.
    pub(crate) fn without_socket(mut self) -> Self {
        self.until.get_or_insert(0);
        self.member.iter_mut().for_each(|kept| kept.member.away = true);
        self
    }

    /// Whom it is of: a room's member, or a socket by its own id.
    pub(crate) fn member_id(&self) -> &MemberId {
        self.member.as_ref().map_or(&self.id, |kept| &kept.member.member)
    }

    /// The id by which it is kept: the connection's own. It was its member's where that has had no other socket.
    #[must_use]
    pub fn id(&self) -> &MemberId {
        &self.id
    }

    /// Gives away what is to be kept.
    pub(crate) fn written(&self, write: impl FnOnce(&[u8])) {
        match self.to_bytes() {
            Ok(bytes) => write(&bytes),
            Err(error) => tracing::error!(member = %self.member_id(), %error, "what is to be kept cannot be written"),
        }
    }

    /// What is to be put beside the socket, or where the member is held.
    ///
    /// # Errors
    ///
    /// Never for what this crate has made, though writing JSON may fail in general.
    pub fn to_bytes(&self) -> Result<Vec<u8>, KeptError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Reads what [`to_bytes`](Kept::to_bytes) wrote.
    ///
    /// # Errors
    ///
    /// [`KeptError`] when it was another version that wrote it, or something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeptError> {
        #[derive(Deserialize)]
        struct Head {
            version: u8,
        }
        match serde_json::from_slice(bytes)? {
            Head { version: VERSION } => Ok(serde_json::from_slice(bytes)?),
            Head { version: found } => Err(KeptError::Version { found }),
        }
    }
}

/// The bytes that keeping a connection takes at most, without those of its info and its state.
pub(crate) fn size_without_payloads(
    admitted: &Admitted,
    id: &MemberId,
    user: Option<&UserId>,
    has_session: bool,
) -> usize {
    const ONE_BYTE: &str = "0";
    let member = room::Kept {
        member: id.clone(),
        place: Place(u64::MAX),
        number: Number(u32::MAX),
        generation: Generation(u32::MAX),
        user: user.cloned(),
        away: true,
        info: serde_json::from_str(ONE_BYTE).ok(),
        state: serde_json::from_str(ONE_BYTE).ok(),
    };
    let member = KeptMember { epoch: "0".repeat(32), member };
    let expiry = Some(Expiry::new(0, Millis::MAX, Millis::MAX));
    let mut kept = Kept { member: Some(member), expiry, ..Kept::new(admitted.clone(), id.clone()) };
    if has_session {
        (kept.session, kept.said) = (Some(KeptSession::largest()), Some(KeptSaid::largest()));
        kept.until = Some(Millis::MAX);
    }
    kept.to_bytes().map_or(usize::MAX, |bytes| bytes.len() - 2 * ONE_BYTE.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(info: Option<&str>, state: Option<&str>) -> Kept {
        let json = |text| serde_json::from_str(text).unwrap();
        let (info, state) = (info.map(json), state.map(json));
        let params = Params::from_iter([("id", "a\"\u{0}\u{1f600}")]);
        let data = Json::encode(&(1, "ü")).unwrap();
        let admitted = Admitted::new(("m", "r"), &params, None, data, Dialect::V1).unwrap();
        let id = MemberId::parse("ann").unwrap();
        let member = room::Kept {
            member: id.clone(),
            place: Place(7),
            number: Number(5),
            generation: Generation(3),
            user: Some(UserId::new("ü\"").unwrap()),
            away: true,
            info,
            state,
        };
        let member = KeptMember { epoch: "e".to_owned(), member };
        let (session, said) = (Some(KeptSession::largest()), Some(KeptSaid::largest()));
        let (expiry, until) = (Some(Expiry::new(0, Millis::MAX, Millis::MAX)), Some(Millis::MAX));
        Kept { opened: true, member: Some(member), session, said, expiry, until, ..Kept::new(admitted, id) }
    }

    #[test]
    fn what_is_read_is_what_was_kept() {
        for state in [None, Some("null"), Some(r#"{"x":1.0,"y":"\u00e9"}"#)] {
            let kept = kept(state.map(|_| r#"["card"]"#), state);
            let read = Kept::from_bytes(&kept.to_bytes().unwrap()).unwrap();
            let (member, before) = (read.member.unwrap(), kept.member.unwrap());
            assert_eq!((member.epoch, member.member), (before.epoch, before.member), "{state:?}");
            assert_eq!(
                (read.session, read.said, read.expiry, read.until),
                (kept.session, kept.said, kept.expiry, kept.until)
            );
            assert_eq!((read.admitted.key(), read.admitted.data()), (kept.admitted.key(), kept.admitted.data()));
            assert_eq!(
                (read.admitted.path(), read.admitted.dialect(), read.opened),
                ("m/r".to_owned(), Dialect::V1, true)
            );
        }
    }

    #[test]
    fn an_info_and_a_state_take_their_own_bytes_and_no_more_than_was_said() {
        let (info, state) = (r#"{"name":"Ann"}"#, r#"{"x":1}"#);
        let kept = kept(Some(info), Some(state));
        let user = kept.member.as_ref().and_then(|kept| kept.member.user.as_ref());
        let bytes = kept.to_bytes().unwrap().len();
        assert!(bytes <= size_without_payloads(&kept.admitted, kept.id(), user, true) + info.len() + state.len());
    }

    #[test]
    fn another_version_is_named_and_rubbish_is_refused() {
        let newer =
            String::from_utf8(kept(None, None).to_bytes().unwrap()).unwrap().replace("\"version\":4", "\"version\":5");
        let error = Kept::from_bytes(newer.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "they are of version 5, this is version 4");
        assert!(matches!(Kept::from_bytes(b"{}").unwrap_err(), KeptError::Unreadable(_)));
    }
}
