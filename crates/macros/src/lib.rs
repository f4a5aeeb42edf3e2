//! The derive behind roomful channels.
//!
//! It reads the definition of a channel and refuses, at the word that is wrong, one that could not work: the pattern is
//! held to the grammar by the parser that the server uses, and every param is bound to exactly one field. What it
//! writes names nothing but `roomful`.
//!
//! From the tokens to the impl: `attribute` reads what stands in `#[channel(..)]`, `binding` pairs params with
//! fields, `expand` writes.

mod attribute;
mod binding;
mod expand;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Makes a struct the key of a channel: a value of it names one room, and its fields are the params of the pattern.
///
/// ```text
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
/// | `crate = path` | where `roomful` is found | `::roomful` |
///
/// The param `:boardId` is the field `board_id`, or one that is called `boardId`, or the one that has
/// `#[channel(param = "boardId")]`. A field is a `String` for `:name` and `:name+`, and an `Option<String>` for `:name?`
/// and `:name*`. A pattern without params takes a struct without fields: `pub struct Lobby;`.
///
/// The struct must be `Clone`, and may not be generic.
#[proc_macro_derive(Channel, attributes(channel))]
pub fn derive_channel(input: TokenStream) -> TokenStream {
    expand::derive(input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
