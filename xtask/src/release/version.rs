//! A version, as far as this project uses them: three numbers.

use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    pub(super) fn next_patch(self) -> Self {
        Self { patch: self.patch + 1, ..self }
    }

    /// What a reader writes into a manifest: `0.1`.
    pub(super) fn line(self) -> String {
        format!("{}.{}", self.major, self.minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = ();

    /// With one or two numbers the rest is 0, as a `rust-version` has it.
    fn from_str(text: &str) -> Result<Self, ()> {
        let numbers: Vec<u32> =
            text.split('.').map(|number| number.parse().map_err(|_| ())).collect::<Result<_, _>>()?;
        match numbers[..] {
            [major] => Ok(Self { major, minor: 0, patch: 0 }),
            [major, minor] => Ok(Self { major, minor, patch: 0 }),
            [major, minor, patch] => Ok(Self { major, minor, patch }),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_numbers_and_anything_else_is_none() {
        let version = |text: &str| text.parse::<Version>();
        assert!(version("0.10.0") > version("0.9.9"));
        assert_eq!(version("1.95"), version("1.95.0"));
        for wrong in ["", "v1.0.0", "1.0.0-rc.1", "1.2.3.4", "1..2"] {
            assert_eq!(version(wrong), Err(()), "{wrong}");
        }
        let released = version("0.1.9").expect("a version");
        assert_eq!((released.next_patch().to_string(), released.line()), ("0.1.10".to_owned(), "0.1".to_owned()));
    }
}
