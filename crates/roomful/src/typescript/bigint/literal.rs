//! Data in the generated file, laid out as prettier would.

use super::super::names::{property, quoted};
use super::super::print::WIDTH;

/// An object, a list, or what stands on one line.
#[derive(Debug, Clone)]
pub(in super::super) enum Literal {
    Word(String),
    Object(Vec<(String, Literal)>),
    List(Vec<Literal>),
}

impl Literal {
    pub(super) fn text(text: &str) -> Self {
        Self::Word(quoted(text))
    }

    pub(super) fn null() -> Self {
        Self::Word("null".to_owned())
    }

    pub(in super::super) fn object<'a>(properties: impl IntoIterator<Item = (&'a str, Literal)>) -> Self {
        // As a plain property it would be the object's prototype.
        let name = |name: &str| if name == "__proto__" { "['__proto__']".to_owned() } else { property(name) };
        Self::Object(properties.into_iter().map(|(one, value)| (name(one), value)).collect())
    }

    pub(super) fn list(items: impl Iterator<Item = Literal>) -> Self {
        Self::List(items.collect())
    }

    /// On one line.
    pub(in super::super) fn flat(&self) -> String {
        match self {
            Self::Word(word) => word.clone(),
            Self::Object(properties) if properties.is_empty() => "{}".to_owned(),
            Self::Object(properties) => {
                let properties: Vec<_> =
                    properties.iter().map(|(name, value)| format!("{name}: {}", value.flat())).collect();
                format!("{{ {} }}", properties.join(", "))
            }
            Self::List(items) => format!("[{}]", items.iter().map(Literal::flat).collect::<Vec<_>>().join(", ")),
        }
    }

    /// Over several lines, the first of which begins where it stands, and the others `indent` deep.
    pub(in super::super) fn broken(&self, indent: usize) -> String {
        let (open, close, parts): (_, _, Vec<_>) = match self {
            Self::Word(word) => return word.clone(),
            Self::Object(properties) => {
                ('{', '}', properties.iter().map(|(name, value)| (format!("{name}: "), value)).collect())
            }
            Self::List(items) => ('[', ']', items.iter().map(|item| (String::new(), item)).collect()),
        };
        let pad = " ".repeat(indent);
        let part =
            |(head, value): (String, &Literal)| format!("{pad}  {head}{},\n", value.fitting(indent + 2, head.len()));
        let parts: String = parts.into_iter().map(part).collect();
        format!("{open}\n{parts}{pad}{close}")
    }

    /// On one line if that fits behind `head` columns more than `indent`.
    pub(in super::super) fn fitting(&self, indent: usize, head: usize) -> String {
        let line = self.flat();
        if indent + head + line.chars().count() < WIDTH { line } else { self.broken(indent) }
    }
}
