//! `roomful new`: a project that runs.

mod files;

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;
use files::{Choice, File, Web};

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The name of the project, and the folder that it is written into
    name: PathBuf,
    /// The page is in React; this is so when nothing else is said
    #[arg(long, conflicts_with = "preact")]
    react: bool,
    /// The page is in Preact
    #[arg(long)]
    preact: bool,
    /// A checkout of Roomful to depend on, in place of what is published
    #[arg(long, value_name = "FOLDER", hide = true)]
    checkout: Option<PathBuf>,
}

/// Writes into a folder that is not there yet, or is empty; nothing is written over.
///
/// # Errors
///
/// When the name is none of a crate's, the folder has something in it, or cannot be written to.
pub(crate) fn run(args: &NewArgs) -> Result<ExitCode, Failure> {
    let name = name_of(&args.name)?;
    let checkout = args.checkout.as_deref().map(absolute).transpose()?;
    let web = if args.preact { Web::Preact } else { Web::React };
    let choice = Choice { name: &name, web, checkout: checkout.as_deref() };
    let files = choice.files();
    require_empty(&args.name)?;
    for file in &files {
        write(&args.name, file)?;
    }
    let folder = args.name.display();
    let next = format!(
        "{folder}: {} files. Next:\n\n    cd {folder}\n    cargo test\n    cargo run\n\nand in another terminal:\n\n    cd {folder}/web\n    \
         npm install\n    npm run dev\n\nREADME.md says the rest.\n",
        files.len()
    );
    io::stdout().lock().write_all(next.as_bytes()).map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// The last part of the path, as cargo and npm both take it.
fn name_of(folder: &Path) -> Result<String, Failure> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_name = name.starts_with(|char: char| char.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
    // What a program of its own is called must not be what it depends on, nor a word of the language.
    let is_taken = RESERVED.contains(&name) || name.starts_with("roomful");
    if is_name && !is_taken && name.len() <= 64 {
        return Ok(name.to_owned());
    }
    Err(Failure::new(
        format_args!("`{name}` is no name for a project"),
        "give one of at most 64 small letters, digits, `-` and `_` that begins with a letter, and is none of what it depends on: `roomful new \
         team-board`",
    ))
}

const RESERVED: [&str; 22] = [
    "as", "axum", "break", "const", "core", "crate", "else", "enum", "false", "fn", "for", "if", "impl", "let", "mod",
    "serde", "std", "test", "tokio", "true", "use", "worker",
];

fn absolute(folder: &Path) -> Result<PathBuf, Failure> {
    fs::canonicalize(folder).map_err(|error| failed(folder, &error))
}

fn require_empty(folder: &Path) -> Result<(), Failure> {
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Failure::new(
                format_args!("{} has something in it", folder.display()),
                "give the name of a folder that is not there yet: nothing is written over",
            )),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(folder, &error)),
    }
}

fn write(folder: &Path, File { path, text }: &File) -> Result<(), Failure> {
    let path = folder.join(path);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(&path).map_err(|error| failed(&path, &error))?;
    file.write_all(text.as_bytes()).map_err(|error| failed(&path, &error))
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        format_args!("{}: {error}", path.display()),
        "see that its folder is there and may be written to, and that the disk has room",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_of_a_crates_and_of_a_packages() {
        for name in ["board", "team-board", "a1_b", "../x/board"] {
            assert!(name_of(Path::new(name)).is_ok(), "{name}");
        }
        for name in [
            "",
            "..",
            "Board",
            "1a",
            "-a",
            "a b",
            "a.b",
            "é",
            "roomful",
            "roomful-axum",
            "tokio",
            "fn",
            &"a".repeat(65),
        ] {
            let error = name_of(Path::new(name)).unwrap_err().to_string();
            assert!(error.contains("`roomful new team-board`"), "{name}: {error}");
        }
    }
}
