//! Values that are right once they exist: what a client sends is read into these, and what does not fit is an error to its sender.

use serde::{Deserialize, Serialize};

/// What somebody is called.
pub(crate) type Name = Text<40>;
/// What is said at once.
pub(crate) type Words = Text<2_000>;
/// By what a page knows again what it has said.
pub(crate) type Nonce = Text<36>;

/// Trimmed text of 1 to `MAX` characters, without those that control a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Text<const MAX: usize>(String);

#[derive(Debug, thiserror::Error)]
pub(crate) enum TextError {
    #[error("there must be something in it")]
    Empty,
    #[error("at most {max} characters, not {found}")]
    TooLong { max: usize, found: usize },
    #[error("a character in it cannot be shown")]
    Control,
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        let text = text.trim();
        if text.chars().any(|letter| letter.is_control() && letter != '\n') {
            return Err(TextError::Control);
        }
        match text.chars().count() {
            0 => Err(TextError::Empty),
            found if found > MAX => Err(TextError::TooLong { max: MAX, found }),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl<const MAX: usize> Text<MAX> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_bounded_in_characters_and_can_be_shown() {
        let name = |text: &str| Name::try_from(text.to_owned());
        assert_eq!(name("  Ada ").unwrap().as_str(), "Ada");
        assert!(name(&"é".repeat(40)).is_ok());
        assert_eq!(name(&"é".repeat(41)).unwrap_err().to_string(), "at most 40 characters, not 41");
        assert_eq!(name(" \n").unwrap_err().to_string(), "there must be something in it");
        assert_eq!(name("a\u{1b}[2J").unwrap_err().to_string(), "a character in it cannot be shown");
        assert!(name("two\nlines").is_ok());
    }
}
