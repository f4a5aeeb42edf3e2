//! The trait that says what a type is in JSON.

use super::describing::Describing;
use super::shape::Shape;

/// What a type is in JSON, for the TypeScript of [`Rooms::typescript`](crate::Rooms::typescript). Derive it beside serde's traits, whose attributes it
/// follows:
///
/// ```
/// use roomful::TS;
/// use serde::{Deserialize, Serialize};
///
/// /// What a client says.
/// #[derive(Serialize, Deserialize, TS)]
/// #[serde(tag = "kind", rename_all = "camelCase")]
/// enum Say {
///     Text { line: String, #[serde(default)] quiet: bool },
///     IsTyping,
/// }
/// ```
///
/// What serde's derives do not decide is for `#[ts(..)]` to say, and is taken at its word:
///
/// | on | words |
/// |---|---|
/// | a type | `as = "String"`: what this Rust type is; `type = "'a' \| 'b'"`: this TypeScript; `rename = "Name"` |
/// | a field or a variant | `as` and `type`: the same for this place; with `serialize_with` and its kin one of them is needed |
///
/// A type whose `Serialize` or `Deserialize` is written by hand needs `as` or `type`, for no attribute says what it does.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what it is in TypeScript",
    note = "add `#[derive(roomful::TS)]` to it, or `#[ts(as = \"..\")]` to the field, with a type that is the same in JSON"
)]
pub trait TS: 'static {
    /// What the type is, in the direction that is asked for. Written by the derive.
    #[doc(hidden)]
    fn shape(to: &mut Describing) -> Shape;
}
