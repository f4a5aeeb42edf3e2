//! What may be a secret: given as it is, or in a file, because whoever may list processes reads command lines.

use std::convert::Infallible;
use std::fmt;
use std::fs;
use std::str::FromStr;

use crate::failure::Failure;

/// A text, or `@` and the file that has it.
#[derive(Clone)]
pub(super) struct Given(String);

impl Given {
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(super) fn read(&self, option: &str) -> Result<String, Failure> {
        read(&self.0, option)
    }
}

impl FromStr for Given {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given(..)")
    }
}

/// The text, without the line break that editors put at the end of a file.
pub(super) fn read(given: &str, option: &str) -> Result<String, Failure> {
    let Some(file) = given.strip_prefix('@') else { return Ok(given.to_owned()) };
    let text = fs::read_to_string(file).map_err(|error| {
        Failure::new(format_args!("{option} @{file}: {error}"), "see that the file is there, is UTF-8 and may be read")
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_without_its_last_line_break() {
        let file = std::env::temp_dir().join(format!("roomful-secret-{}", std::process::id()));
        fs::write(&file, "hunter2\r\n").unwrap();
        let given = format!("@{}", file.display());
        assert_eq!(read(&given, "--cookie").unwrap(), "hunter2");
        fs::remove_file(&file).unwrap();
        let error = read(&given, "--cookie").unwrap_err().to_string();
        assert!(error.starts_with(&format!("--cookie {given}: ")), "{error}");
        assert_eq!(read("a@b", "--cookie").unwrap(), "a@b");
    }
}
