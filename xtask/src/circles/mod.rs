//!
use crate::command::Failure;
use crate::repo::Repo;
pub(crate) fn check(_: &Repo) -> Result<(), Failure> {
    Ok(())
}
