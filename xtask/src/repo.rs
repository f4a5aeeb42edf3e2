//! Where the repository is, and the programs that run in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::Failure;

/// The repository that this program was started for.
pub(crate) struct Repo {
    root: PathBuf,
    cargo: OsString,
}

impl Repo {
    /// Finds it from what cargo tells the programs that it runs, so that the caller's directory does not matter.
    pub(crate) fn find() -> Result<Self, Failure> {
        let not_from_cargo = || Failure::new("this program was not started by cargo", "run it as `cargo xtask`");
        let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR").ok_or_else(not_from_cargo)?;
        Ok(Self {
            root: Path::new(&manifest_dir).parent().ok_or_else(not_from_cargo)?.to_owned(),
            cargo: std::env::var_os("CARGO").ok_or_else(not_from_cargo)?,
        })
    }

    /// A path in the repository.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The cargo that started this program, in the repository's root.
    pub(crate) fn cargo<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut cargo = Command::new(&self.cargo);
        cargo.args(args).current_dir(&self.root);
        cargo
    }

    /// Any other program, in a directory of the repository.
    pub(crate) fn program<'a>(
        &self,
        program: &str,
        directory: &str,
        args: impl IntoIterator<Item = &'a str>,
    ) -> Command {
        self.program_at(Path::new(program), directory, args)
    }

    /// The same, of a program that is not searched for.
    pub(crate) fn program_at<'a>(
        &self,
        program: &Path,
        directory: &str,
        args: impl IntoIterator<Item = &'a str>,
    ) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.path(directory));
        command
    }
}
