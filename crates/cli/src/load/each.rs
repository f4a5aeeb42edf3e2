//! As whom each member comes.

use std::fs;
use std::path::Path;

use crate::door::Door;
use crate::failure::Failure;

/// The doors that members come through in turn: one, or one for each of the credentials in the file.
pub(super) fn doors(door: &Door, credentials: Option<&Path>) -> Result<Vec<Door>, Failure> {
    let Some(file) = credentials else { return Ok(vec![door.clone()]) };
    let text = fs::read_to_string(file).map_err(|error| {
        Failure::new(
            format_args!("{}: {error}", file.display()),
            "see that the file is there, is UTF-8 and may be read",
        )
    })?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let doors: Vec<_> = lines.map(|line| Door { credentials: Some(line.to_owned()), ..door.clone() }).collect();
    if doors.is_empty() {
        return Err(Failure::new(
            format_args!("{}: there are no credentials in it", file.display()),
            "write credentials into it, one a line",
        ));
    }
    Ok(doors)
}
