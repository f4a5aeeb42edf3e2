//! What `#[ts(..)]` says, and what is written above an item.

use quote::ToTokens as _;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path, Result, Type};

/// What one place's `#[ts(..)]` says.
#[derive(Default)]
pub(super) struct Words {
    pub(super) rename: Option<LitStr>,
    pub(super) replaced: Option<Replaced>,
    pub(super) roomful: Option<Path>,
}

/// What stands in place of the type.
pub(super) enum Replaced {
    /// `as = "Rust type"`.
    As(Box<Type>),
    /// `type = "TypeScript"`.
    Verbatim(LitStr),
}

/// Where `#[ts(..)]` stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Item,
    Variant,
    Field,
}

impl Words {
    pub(super) fn of(place: Place, attributes: &[Attribute]) -> Result<Self> {
        let mut said = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("ts")) {
            attribute.parse_nested_meta(|meta| {
                let word = meta.path.to_token_stream().to_string();
                match word.as_str() {
                    "as" => said.replaced = Some(Replaced::As(Box::new(meta.value()?.parse::<LitStr>()?.parse()?))),
                    "type" => said.replaced = Some(Replaced::Verbatim(meta.value()?.parse()?)),
                    "rename" if place == Place::Item => said.rename = Some(meta.value()?.parse()?),
                    "crate" if place == Place::Item => said.roomful = Some(meta.value()?.parse()?),
                    _ => return Err(meta.error(unknown(place, &word))),
                }
                Ok(())
            })?;
        }
        Ok(said)
    }
}

fn unknown(place: Place, word: &str) -> String {
    match (place, word) {
        (_, "optional") => "serde says what may be absent: `#[serde(default)]` when it is read, \
                            `#[serde(skip_serializing_if = \"..\")]` when it is written"
            .to_owned(),
        (_, "skip" | "flatten" | "untagged" | "tag" | "content" | "rename_all" | "rename_all_fields") => {
            format!("serde says this: `#[serde({word} ..)]`")
        }
        (Place::Variant | Place::Field, "rename") => "serde names it: `#[serde(rename = \"..\")]`".to_owned(),
        (Place::Item, _) => format!("no `{word}` here: the words are `as`, `type`, `rename` and `crate`"),
        (Place::Variant | Place::Field, _) => format!("no `{word}` here: the words are `as` and `type`"),
    }
}

/// The documentation, without the blank that a `///` begins with.
pub(super) fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<_> = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned()).collect();
    lines.join("\n").trim().to_owned()
}
