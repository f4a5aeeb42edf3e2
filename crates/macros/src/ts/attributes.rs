//! Everything that `#[serde(..)]` says on an item, a variant or a field.

use quote::ToTokens as _;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Error, LitStr, Path, Result, Token, Type, TypePath};

/// What one place's serde attributes say. Where one stands that has no meaning there, serde says so.
#[derive(Default)]
pub(super) struct Serde {
    pub(super) rename: Sides,
    pub(super) rename_all: Sides,
    pub(super) rename_all_fields: Sides,
    pub(super) tag: Option<String>,
    pub(super) content: Option<String>,
    pub(super) untagged: bool,
    pub(super) default: bool,
    pub(super) transparent: bool,
    pub(super) deny_unknown_fields: bool,
    /// `from` or `try_from`.
    pub(super) read_from: Option<Type>,
    /// `into`.
    pub(super) written_into: Option<Type>,
    pub(super) flatten: bool,
    pub(super) skip_serializing: bool,
    pub(super) skip_deserializing: bool,
    pub(super) skip_serializing_if: Option<Path>,
    /// The attribute that says who writes in place of the type's own `Serialize`.
    pub(super) written_with: Option<String>,
    /// The attribute that says who reads in place of the type's own `Deserialize`.
    pub(super) read_with: Option<String>,
    /// Attributes that are not known here, as they are written.
    pub(super) unknown: Vec<String>,
}

/// A name for what is written, and one for what is read.
#[derive(Default, Clone)]
pub(super) struct Sides {
    pub(super) written: Option<String>,
    pub(super) read: Option<String>,
}

impl Sides {
    /// This where it says something, and `other` where it does not.
    pub(super) fn or(&self, other: &Self) -> Self {
        Self {
            written: self.written.clone().or_else(|| other.written.clone()),
            read: self.read.clone().or_else(|| other.read.clone()),
        }
    }
}

impl Serde {
    pub(super) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut said = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            attribute.parse_nested_meta(|meta| said.take(&meta))?;
        }
        Ok(said)
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let word = meta.path.to_token_stream().to_string();
        match word.as_str() {
            "rename" => sides(&mut self.rename, meta)?,
            "rename_all" => sides(&mut self.rename_all, meta)?,
            "rename_all_fields" => sides(&mut self.rename_all_fields, meta)?,
            "tag" => self.tag = Some(text(meta)?),
            "content" => self.content = Some(text(meta)?),
            "untagged" => self.untagged = true,
            "transparent" => self.transparent = true,
            "deny_unknown_fields" => self.deny_unknown_fields = true,
            "flatten" => self.flatten = true,
            "skip_serializing" => self.skip_serializing = true,
            "skip_deserializing" => self.skip_deserializing = true,
            "skip" => (self.skip_serializing, self.skip_deserializing) = (true, true),
            "skip_serializing_if" => self.skip_serializing_if = Some(parsed(meta)?),
            "from" | "try_from" => self.read_from = Some(parsed(meta)?),
            "into" => self.written_into = Some(parsed(meta)?),
            "default" => {
                self.default = true;
                ignore(meta)?;
            }
            "serialize_with" => self.written_with = Some(as_written(&word, &text(meta)?)),
            "deserialize_with" => self.read_with = Some(as_written(&word, &text(meta)?)),
            "with" => {
                let with = as_written(&word, &text(meta)?);
                (self.written_with, self.read_with) = (Some(with.clone()), Some(with));
            }
            // What else may be read (`alias`, `other`), and what says nothing of the JSON.
            "alias" | "other" | "bound" | "borrow" | "crate" | "expecting" | "getter" | "remote" => ignore(meta)?,
            _ => {
                ignore(meta)?;
                self.unknown.push(word);
            }
        }
        Ok(())
    }
}

/// Whether `path` is that of [`Option::is_none`].
pub(super) fn is_option_is_none(path: &Path) -> bool {
    let words: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    matches!(words[..], ["Option", "is_none"] | ["std" | "core", "option", "Option", "is_none"])
}

/// Whether `ty` is written as an `Option`.
pub(super) fn is_option(ty: &Type) -> bool {
    last_word(ty).is_some_and(|word| word == "Option")
}

/// Whether `ty` is written as a `PhantomData`.
pub(super) fn is_phantom(ty: &Type) -> bool {
    last_word(ty).is_some_and(|word| word == "PhantomData")
}

fn last_word(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(TypePath { path, .. }) => path.segments.last().map(|segment| segment.ident.to_string()),
        Type::Group(group) => last_word(&group.elem),
        Type::Paren(paren) => last_word(&paren.elem),
        _ => None,
    }
}

fn as_written(word: &str, value: &str) -> String {
    format!("{word} = {value:?}")
}

/// `= "both"`, or `(serialize = "..", deserialize = "..")`.
fn sides(slot: &mut Sides, meta: &ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(Token![=]) {
        let both = text(meta)?;
        *slot = Sides { written: Some(both.clone()), read: Some(both) };
        return Ok(());
    }
    meta.parse_nested_meta(|side| {
        match side.path.to_token_stream().to_string().as_str() {
            "serialize" => slot.written = Some(text(&side)?),
            // Of several, which serde takes for `bound` alone, the last.
            "deserialize" => slot.read = Some(text(&side)?),
            _ => return Err(side.error("it is `serialize` or `deserialize`")),
        }
        Ok(())
    })
}

fn text(meta: &ParseNestedMeta<'_>) -> Result<String> {
    Ok(meta.value()?.parse::<LitStr>()?.value())
}

fn parsed<T: syn::parse::Parse>(meta: &ParseNestedMeta<'_>) -> Result<T> {
    meta.value()?.parse::<LitStr>()?.parse()
}

/// Whatever follows a word: nothing, a value, or a list.
fn ignore(meta: &ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<syn::Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        meta.input.step(|cursor| match cursor.token_tree() {
            Some((_, rest)) => Ok(((), rest)),
            None => Err(Error::new(cursor.span(), "a list belongs here")),
        })?;
    }
    Ok(())
}
