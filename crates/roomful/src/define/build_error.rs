//! What can be wrong with the definitions.

use std::fmt;

use roomful_core::LimitError;
use roomful_core::pattern::PatternError;
use roomful_runtime::{OriginError, ProxyError};

use super::PathError;
use crate::integer::INSTEAD;

/// The definitions cannot work. It names every mistake, not only the first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BuildError {
    /// All of them, in the order of the definitions.
    pub mistakes: Vec<Mistake>,
}

/// One mistake in the definitions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mistake {
    /// Two rooms of one module have one name, so a client could reach only one of them.
    #[error("module `{module}` has two rooms named `{room}`: rename one")]
    DuplicateRoom {
        /// The module.
        module: String,
        /// The name.
        room: String,
    },
    /// Two sockets of one module have one name, so a client could reach only one of them.
    #[error("module `{module}` has two sockets named `{socket}`: rename one")]
    DuplicateSocket {
        /// The module.
        module: String,
        /// The name.
        socket: String,
    },
    /// A room and a socket of one module have one name, so a client could reach only one of them.
    #[error("module `{module}` has a room and a socket named `{name}`: rename one")]
    RoomAndSocket {
        /// The module.
        module: String,
        /// The name.
        name: String,
    },
    /// Two of one module have one name, so a client could reach only one of them.
    #[error("module `{module}` has a {first} and a {second} named `{name}`: rename one")]
    DuplicateName {
        /// The module.
        module: String,
        /// The name.
        name: String,
        /// What the first is: `room`, `feed`.
        first: &'static str,
        /// What the second is.
        second: &'static str,
    },
    /// What is published to one feed reaches those who listen to another, and not both say so.
    #[error(
        "feeds `{first}` on `{first_pattern}` and `{second}` on `{second_pattern}` can have one key, and what is published for it \
         reaches those who listen to either, whatever their guards: give one another pattern, or both `.shares_channel()` if that \
         is meant"
    )]
    SharedFeed {
        /// `module/feed` of the first.
        first: String,
        /// Its pattern.
        first_pattern: String,
        /// `module/feed` of the second.
        second: String,
        /// Its pattern.
        second_pattern: String,
    },
    /// The channel of a feed or of a live value was written by hand and has a bad pattern. The derive refuses such a one at compile
    /// time.
    #[error("the channel of `{of}`: {error}")]
    ListenedPattern {
        /// `module/feed`.
        of: String,
        /// What is wrong with it.
        error: PatternError,
    },
    /// Two rooms have one channel and do not both say so.
    #[error(
        "rooms `{first}` and `{second}` have one channel, `{pattern}`, so whoever joins one is in the other too, whatever \
         their guards: give one another pattern, or both `.shares_channel()` if that is meant"
    )]
    DuplicateChannel {
        /// `module/room` of the first.
        first: String,
        /// `module/room` of the second.
        second: String,
        /// The pattern.
        pattern: String,
    },
    /// Two different patterns can name one topic.
    #[error(
        "channels `{first_pattern}` of room `{first}` and `{second_pattern}` of room `{second}` can name the same topic: \
         begin one of them with another word"
    )]
    OverlappingChannels {
        /// `module/room` of the first.
        first: String,
        /// Its pattern.
        first_pattern: String,
        /// `module/room` of the second.
        second: String,
        /// Its pattern.
        second_pattern: String,
    },
    /// A module without anything in it serves nobody: most often a forgotten `.room(..)`.
    #[error("module `{module}` has no room, socket, feed or live value: add one or remove the module")]
    EmptyModule {
        /// The module.
        module: String,
    },
    /// A channel that was written by hand has a bad pattern. The derive refuses such a one at compile time.
    #[error("the channel of room `{room}`: {error}")]
    Pattern {
        /// `module/room`.
        room: String,
        /// What is wrong with it.
        error: PatternError,
    },
    /// A socket's channel that was written by hand has a bad pattern. The derive refuses such a one at compile time.
    #[error("the pattern of socket `{socket}`: {error}")]
    SocketPattern {
        /// `module/socket`.
        socket: String,
        /// What is wrong with it.
        error: PatternError,
    },
    /// A guard reads a param that one of the rooms and sockets behind it does not have.
    #[error(
        "a guard of `{room}` needs the param `{param}`, which `{pattern}` does not have: add it there, or put the guard \
         around those alone that have it"
    )]
    MissingParam {
        /// `module/room`, or `module/socket`.
        room: String,
        /// Its pattern.
        pattern: String,
        /// The param.
        param: &'static str,
    },
    /// A bound that cannot be meant.
    #[error("the limits of {}: {error}", place(.of.as_deref()))]
    Limit {
        /// `module/room` or `module/socket` where it is its own, and nothing where it is the app's.
        of: Option<String>,
        /// Which bound, and what may be written instead.
        error: LimitError,
    },
    /// A module, a room or a socket whose name is blank, so that nobody could ask for it.
    #[error("module `{module}`, name `{name}`: neither may be blank, since clients ask by them")]
    BlankName {
        /// The module.
        module: String,
        /// The room or the socket.
        name: String,
    },
    /// What `.path(..)` was given is no path of a request.
    #[error("`.path({path:?})`: {error}")]
    Path {
        /// What it was given.
        path: String,
        /// What is wrong with it.
        error: PathError,
    },
    /// What `allowed_origins` was given is no page's origin.
    #[error("`allowed_origins` has `{origin}`, which no page comes from: {error}")]
    Origin {
        /// What it was given.
        origin: String,
        /// What is wrong with it.
        error: OriginError,
    },
    /// What `trusted_proxies` was given names no proxy.
    #[error("`trusted_proxies` has `{proxy}`, which names no proxy: {error}")]
    Proxy {
        /// What it was given.
        proxy: String,
        /// What is wrong with it.
        error: ProxyError,
    },
    /// Whoever comes through a proxy that writes one of two headers could write the other.
    #[error(
        "`trusted_proxies` names both `X-Forwarded-For` and `Forwarded`, and a client could write the one that its proxy \
         does not: have all proxies write one of them, and name that"
    )]
    ProxyHeaders,
    /// A type has an integer that JavaScript may round, and the builder was told to refuse those.
    #[error("`{of}`: `{at}` has an integer of {bits} bits, {INSTEAD}")]
    LargeInteger {
        /// `module/room` or `module/socket`; of a type that several have, the first.
        of: String,
        /// The type, with the field or the variant: `Moved.seen`.
        at: String,
        /// How many bits it has.
        bits: u32,
    },
    /// What `secret` was given can be guessed.
    #[error("`.secret(..)` has {bytes} bytes, and could be guessed: give it at least {least} random ones")]
    Secret {
        /// How many it has.
        bytes: usize,
        /// How many it needs.
        least: usize,
    },
}

fn place(of: Option<&str>) -> String {
    of.map_or_else(|| "the app".to_owned(), |path| format!("`{path}`"))
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the definitions have mistakes:")?;
        for mistake in &self.mistakes {
            write!(f, "\n  - {mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildError {}
