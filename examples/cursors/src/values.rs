//! Values that are right once they exist.
//!
//! What a client sends is read into these, so a name that is too long is an error to its sender with this text, and no
//! handler ever meets one.

use roomful::TS;
use serde::{Deserialize, Serialize};

/// What a member is called.
pub type Name = Text<24>;
/// What is said at once.
pub type Line = Text<280>;

/// Trimmed text of 1 to `MAX` characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Text<const MAX: usize>(String);

#[derive(Debug, thiserror::Error)]
pub enum TextError {
    #[error("there must be something in it")]
    Empty,
    #[error("at most {max} characters, not {found}")]
    TooLong { max: usize, found: usize },
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        let text = text.trim();
        match text.chars().count() {
            0 => Err(TextError::Empty),
            found if found > MAX => Err(TextError::TooLong { max: MAX, found }),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl<const MAX: usize> Text<MAX> {
    #[cfg(test)]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A part of the board's width or height, so that a phone and a wall screen show a cursor at the same place of the board.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Fraction(f64);

#[derive(Debug, thiserror::Error)]
#[error("a place on the board is from 0 to 1, not {0}")]
pub struct OffBoard(f64);

impl TryFrom<f64> for Fraction {
    type Error = OffBoard;

    fn try_from(part: f64) -> Result<Self, OffBoard> {
        if (0.0..=1.0).contains(&part) { Ok(Self(part)) } else { Err(OffBoard(part)) }
    }
}

/// A name and not a value, because only the page knows what can be read on its light and on its dark board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    Rose,
    Orange,
    Green,
    Teal,
    Blue,
    Violet,
    Pink,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_and_bounded_in_characters() {
        let name = |text: &str| Name::try_from(text.to_owned());
        assert_eq!(name("  Ada ").unwrap().as_str(), "Ada");
        assert_eq!(name(&"é".repeat(24)).unwrap().as_str().len(), 48);
        assert_eq!(name(&"é".repeat(25)).unwrap_err().to_string(), "at most 24 characters, not 25");
        assert_eq!(name(" \n").unwrap_err().to_string(), "there must be something in it");
    }

    #[test]
    fn a_fraction_is_on_the_board() {
        assert!(Fraction::try_from(0.0).is_ok());
        assert!(Fraction::try_from(1.0).is_ok());
        for outside in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(Fraction::try_from(outside).is_err(), "{outside}");
        }
    }
}
