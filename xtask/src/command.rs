//! One program run by this one, and what is said when it does not do its work.

use std::fmt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use serde::{Deserialize, Serialize};

/// What went wrong, and what the reader can do about it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Failure {
    what: String,
    remedy: String,
}

impl Failure {
    /// `what` happened; `remedy` says in the imperative what to do.
    pub(crate) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }

    /// The same, but of a step.
    pub(crate) fn of_step(self, step: &str) -> Self {
        Self::new(format!("step `{step}`: {}", self.what), self.remedy)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FAILED: {}\nWhat to do: {}", self.what, self.remedy)
    }
}

/// Prints the command and runs it to its end; anything but success is a failure with this remedy.
///
/// It gets no standard input: a program that asks something would otherwise wait for ever where nobody sits.
pub(crate) fn run(command: &mut Command, remedy: &str) -> Result<(), Failure> {
    let status = status(command)?;
    if status.success() { Ok(()) } else { Err(ended_badly(command, status, remedy)) }
}

/// Prints the command and runs it to its end: whether it succeeded. Only not being able to start it is a failure.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool, Failure> {
    Ok(status(command)?.success())
}

/// What the command printed on standard output, or nothing when it could not be started or did not succeed.
///
/// It is for asking whether a tool is there, so the command itself is not printed, and neither are its complaints.
pub(crate) fn probe(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What the command printed on standard output; its errors go to this program's.
pub(crate) fn read(command: &mut Command, remedy: &str) -> Result<Vec<u8>, Failure> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| could_not_start(command, &error))?;
    if output.status.success() { Ok(output.stdout) } else { Err(ended_badly(command, output.status, remedy)) }
}

/// The command as one would type it, without the directory of its program.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    let variables = command.get_envs().filter_map(|(name, value)| {
        let assignment = format!("{}={}", name.display(), value?.display());
        Some(quote(assignment))
    });
    let words = std::iter::once(name).chain(command.get_args()).map(|word| quote(word.display().to_string()));
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn status(command: &mut Command) -> Result<ExitStatus, Failure> {
    println!("  $ {}", line(command));
    command.stdin(Stdio::null()).status().map_err(|error| could_not_start(command, &error))
}

fn could_not_start(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(
        format!("`{}` could not be started: {error}", line(command)),
        "install the program, and see that it stands in PATH",
    )
}

fn ended_badly(command: &Command, status: ExitStatus, remedy: &str) -> Failure {
    Failure::new(format!("`{}` ended with {status}", line(command)), remedy)
}

fn quote(word: String) -> String {
    if word.is_empty() || word.contains(char::is_whitespace) { format!("'{word}'") } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_as_one_would_type_it() {
        let mut command = Command::new("/somewhere/bin/cargo");
        command.args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(line(&command), "'RUSTDOCFLAGS=-D warnings' cargo doc --no-deps");
    }

    #[test]
    fn a_command_that_fails_names_itself_and_the_remedy() {
        let failure = run(&mut Command::new("false"), "try harder").expect_err("it fails");
        assert_eq!(
            failure.of_step("fmt").to_string(),
            "FAILED: step `fmt`: `false` ended with exit status: 1\nWhat to do: try harder"
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_a_failure_and_no_panic() {
        let mut missing = Command::new("a-program-that-nobody-has");
        assert!(probe(&mut missing).is_none());
        let failure = run(&mut missing, "").expect_err("there is no such program");
        assert!(failure.what.contains("a-program-that-nobody-has"));
    }
}
