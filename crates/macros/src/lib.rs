//! The derives behind Roomful's channels and typed sockets. An app uses them through `roomful`, which exports both.
//!
//! They read a definition and refuse one that could not work, at the word that is wrong. The pattern is read by the parser that
//! the server uses, and every param is bound to exactly one field.
//!
//! ```
//! use roomful::{Channel, SocketChannel};
//!
//! #[derive(Clone, Channel)]
//! #[channel("board/:boardId", message = String, presence = (f64, f64))]
//! struct Board { board_id: String }
//!
//! #[derive(Clone, SocketChannel)]
//! #[socket(message = String)]
//! struct Echo;
//!
//! assert_eq!((Board::PATTERN, Echo::PATTERN), ("board/:boardId", ""));
//! ```
//!
//! What they write must never name anything but `roomful`: it is all that an app depends on.
//!
//! From the tokens to the impl of a channel: `attribute` reads what stands in `#[channel(..)]` or `#[socket(..)]`, `binding` pairs
//! params with fields, `expand` writes; `form` is what the two derives do not have in common.
//! `ts` is `#[derive(TS)]`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod attribute;
mod binding;
mod expand;
mod form;
#[cfg(test)]
mod tests;
mod ts;

use proc_macro::TokenStream;

use crate::form::Form;

/// Makes a struct the key of a channel: a value of it names one room, and its fields are the params of the pattern.
///
/// ```
/// use roomful::Channel;
///
/// # type CursorMsg = String;
/// # type CursorState = String;
/// #[derive(Clone, Channel)]
/// #[channel("board/:boardId/:view?", message = CursorMsg, presence = CursorState)]
/// pub struct Board {
///     pub board_id: String,
///     pub view: Option<String>,
/// }
/// ```
///
/// The pattern comes first. After it, in any order:
///
/// | word | what it is | when it is not there |
/// |---|---|---|
/// | `message = T` | what clients send and what the server sends | `()` |
/// | `incoming = T`, `outgoing = T` | the same one by one, in place of `message` | `()` |
/// | `presence = T` | what a member shows of itself | `()` |
/// | `info = T` | what the server says of a member | `()` |
/// | `crate = path` | where `roomful` is found | `::roomful` |
///
/// The param `:boardId` is the field `board_id`, or one that is called `boardId`, or the one that has
/// `#[channel(param = "boardId")]`. A field is a `String` for `:name` and `:name+`, and an `Option<String>` for `:name?`
/// and `:name*`. A pattern without params takes a struct without fields: `pub struct Lobby;`.
///
/// The struct must be `Clone`, and may not be generic.
#[proc_macro_derive(Channel, attributes(channel))]
pub fn derive_channel(input: TokenStream) -> TokenStream {
    expand::derive(Form::Channel, input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a struct the definition of a typed socket: its fields are the params that a client asks with.
///
/// ```
/// use roomful::SocketChannel;
///
/// # type Ask = String;
/// # type Answer = String;
/// #[derive(Clone, SocketChannel)]
/// #[socket("doc/:docId", incoming = Ask, outgoing = Answer)]
/// pub struct Assistant {
///     pub doc_id: String,
/// }
///
/// #[derive(Clone, SocketChannel)]
/// #[socket(message = String)]
/// pub struct Echo;
/// ```
///
/// The pattern and the words are those of [`Channel`](derive@Channel), without `presence` and `info`; a socket without params
/// needs no pattern. A field may say which param it is with `#[socket(param = "docId")]`.
///
/// The struct must be `Clone`, and may not be generic.
#[proc_macro_derive(SocketChannel, attributes(socket))]
pub fn derive_socket_channel(input: TokenStream) -> TokenStream {
    expand::derive(Form::Socket, input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Says what a type is in TypeScript, beside serde's derives and as their attributes have it.
///
/// ```
/// use roomful::TS;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, TS)]
/// #[serde(rename_all = "camelCase")]
/// struct Moved {
///     board_id: String,
///     #[serde(default, skip_serializing_if = "Option::is_none")]
///     note: Option<String>,
/// }
/// ```
///
/// The words of `#[ts(..)]` are at the trait, [`roomful::TS`](https://docs.rs/roomful/latest/roomful/trait.TS.html).
#[proc_macro_derive(TS, attributes(ts, serde))]
pub fn derive_ts(input: TokenStream) -> TokenStream {
    ts::derive(input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
