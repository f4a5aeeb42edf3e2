//! Why a value is not written, and where in it: the error that says so names the field.

use std::cell::RefCell;
use std::fmt::Display;

/// Of one value: what was refused, if anything was.
#[derive(Default)]
pub(super) struct Note(RefCell<Option<Refused>>);

/// What was refused, and where it stands, the innermost part first.
struct Refused {
    why: Why,
    path: Vec<Part>,
}

enum Why {
    /// A number that JSON cannot say, by name.
    Number(&'static str),
    /// It is nested too deep, at a place that nobody could read either.
    Depth,
    /// What the error says: of `serde_json`, or of the app's own `Serialize`.
    Other,
}

/// Where a part of a value is.
pub(super) enum Part {
    Field(&'static str),
    Item(usize),
    /// As JSON writes it.
    Key(String),
}

impl Note {
    /// This number was refused.
    #[cold]
    pub(super) fn number(&self, number: f64) {
        let name = if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "infinity"
        } else {
            "minus infinity"
        };
        self.begin(Why::Number(name));
    }

    /// It was nested too deep.
    #[cold]
    pub(super) fn depth(&self) {
        self.begin(Why::Depth);
    }

    /// Each level names a part of itself on the way out.
    #[cold]
    pub(super) fn name(&self, part: Part) {
        let mut refused = self.0.borrow_mut();
        refused.get_or_insert_with(|| Refused { why: Why::Other, path: Vec::new() }).path.push(part);
    }

    /// What is to be said in place of `error`; nothing where it says all there is to say.
    pub(super) fn told(&self, error: &impl Display) -> Option<String> {
        let Refused { why, path } = self.0.take()?;
        let place = place(&path);
        match (why, &*place) {
            (Why::Depth, _) | (Why::Other, "") => None,
            (Why::Number(number), "") => Some(format!("the value is {number}, which JSON cannot say")),
            (Why::Number(number), place) => Some(format!("`{place}` is {number}, which JSON cannot say")),
            (Why::Other, place) => Some(format!("`{place}`: {error}")),
        }
    }

    fn begin(&self, why: Why) {
        self.0.replace(Some(Refused { why, path: Vec::new() }));
    }
}

/// `trail[2].y`
fn place(path: &[Part]) -> String {
    let mut place = String::new();
    for part in path.iter().rev() {
        place.push_str(&match part {
            Part::Item(index) => format!("[{index}]"),
            Part::Key(key) if !is_word(key) => format!("[{key}]"),
            part => format!("{}{}", if place.is_empty() { "" } else { "." }, part.word()),
        });
    }
    place
}

impl Part {
    /// A name, without what JSON writes around it.
    fn word(&self) -> &str {
        match self {
            Self::Field(name) => name,
            Self::Key(key) => key.trim_matches('"'),
            Self::Item(_) => "",
        }
    }
}

/// Whether a key looks like a field: those of a struct with a flattened part are keys.
fn is_word(key: &str) -> bool {
    let word = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
    word.is_some_and(|word| !word.is_empty() && word.chars().all(|c| c == '_' || c.is_alphanumeric()))
}
