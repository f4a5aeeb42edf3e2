//! Channels: the typed key that names a room, and the types that travel in it.

use roomful_core::key::{KeyError, Params};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The key of a room. A value of the type names one room, and everybody who joined with an equal value is in it.
///
/// Derive it:
///
/// ```
/// use roomful::Channel;
///
/// /// Live cursors on one board.
/// #[derive(Clone, Channel)]
/// #[channel("board/:boardId", message = (f64, f64), presence = String)]
/// pub struct Board {
///     pub board_id: String,
/// }
///
/// assert_eq!(Board::PATTERN, "board/:boardId");
/// ```
///
/// `message` may be split into `incoming` (what the client sends) and `outgoing` (what the server sends). `info` is what
/// [`Room::info`](crate::Room::info) says of a member, and `event` what is [published](crate::Rooms::publish) to those who listen: what is
/// sent, where it is not given. What else is not given is `()`. Params are fields: `String` for `:name` and `:name+`, `Option<String>` for `:name?` and `:name*`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a channel",
    note = "add `#[derive(Clone, Channel)]` and `#[channel(\"name/:param\", message = .., presence = ..)]` to it"
)]
pub trait Channel: Clone + Send + Sync + Sized + 'static {
    /// The pattern, as the derive was given it.
    const PATTERN: &'static str;
    /// What a client sends.
    type Incoming: DeserializeOwned + Send + 'static;
    /// What the server sends.
    type Outgoing: Serialize;
    /// What each member shows of itself.
    type Presence: Serialize + DeserializeOwned + Send + 'static;
    /// What the server says of each member.
    type Info: Serialize + DeserializeOwned + Send + 'static;
    /// What is published to those who listen.
    type Event: Serialize;

    /// The key with these params.
    ///
    /// # Errors
    ///
    /// When a required param is missing.
    fn from_params(params: &Params) -> Result<Self, KeyError>;

    /// The params of this key.
    fn to_params(&self) -> Params;

    /// Adds the channel's types to `types`, for `rooms.typescript()`. Written by the derive.
    #[doc(hidden)]
    fn describe(types: &mut crate::__private::TypeSink);

    /// Adds the type of its events to `types`. Written by the derive.
    #[doc(hidden)]
    fn describe_event(types: &mut crate::__private::TypeSink);
}
