//! Runs steps, several at once where the machine has the processors, each as a process of its own.
//!
//! A step begins when all that it needs have passed. What it prints goes to a file, and from there to the terminal: of the
//! steps that run, the one that began first is shown as it goes on, and each of the others as a whole after it.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::command::Failure;
use crate::repo::Repo;
use crate::step::{self, Done, Outcome, Step};

/// Where the files are.
const DIRECTORY: &str = "target/xtask/steps";
/// How often the steps that run are looked at.
const GLANCE: Duration = Duration::from_millis(50);
/// With more at once nothing ends sooner: the longest of them takes as long.
const MOST_AT_ONCE: usize = 4;

/// Runs the steps, whose needs are among them, up to the first that fails, and then prints a summary of them all.
pub(crate) fn run_all(repo: &Repo, steps: &[&'static Step]) -> Result<(), Failure> {
    let program = copy_of_this_program(repo).map_err(|error| no_file(&error))?;
    let began = Instant::now();
    let at_once = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_AT_ONCE);
    let mut waiting = steps.to_vec();
    let mut running: Vec<Running> = Vec::new();
    let mut done: Vec<Done> = Vec::new();
    let mut failed: Vec<Failure> = Vec::new();
    // What ended while another was shown.
    let mut unshown: Vec<Ended> = Vec::new();
    loop {
        while failed.is_empty()
            && running.len() < at_once
            && let Some(next) = step::next(&waiting, &done)
        {
            running.push(Running::begin((repo, &program), waiting.remove(next))?);
        }
        let Some(first) = running.first_mut() else { break };
        first.show()?;
        let Some(ended) = running.iter_mut().position(|step| !matches!(step.child.try_wait(), Ok(None))) else {
            thread::sleep(GLANCE);
            continue;
        };
        let step = running.remove(ended).end(repo)?;
        match &step.result {
            Ok(outcome) => done.push(Done { name: step.of.step.name, took: step.took, outcome: outcome.clone() }),
            Err(failure) => failed.push(failure.clone()),
        }
        unshown.push(step);
        if ended == 0 {
            unshown.rotate_right(1);
            unshown.drain(..).try_for_each(Ended::show)?;
        }
    }
    print!("{}", step::summary(&done, steps.len(), began.elapsed()));
    failed.into_iter().next().map_or(Ok(()), Err)
}

/// Runs this step alone, in this process, and leaves what came of it where [`run_all`] looks.
pub(crate) fn run_one(repo: &Repo, step: &Step) -> Result<(), Failure> {
    fs::create_dir_all(repo.path(DIRECTORY)).map_err(|error| no_file(&error))?;
    let result = (step.work)(repo);
    let written = serde_json::to_vec(&result).map_err(io::Error::from);
    written.and_then(|written| fs::write(outcome_path(repo, step.name), written)).map_err(|error| no_file(&error))?;
    result.map(|_| ())
}

/// A step that has begun.
struct Running {
    step: &'static Step,
    child: Child,
    began: Instant,
    log: File,
    is_shown: bool,
}

impl Running {
    fn begin((repo, program): (&Repo, &Path), step: &'static Step) -> Result<Self, Failure> {
        // What an earlier run left says nothing of this one.
        match fs::remove_file(outcome_path(repo, step.name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(no_file(&error)),
            _ => {}
        }
        let path = repo.path(DIRECTORY).join(format!("{}.log", step.name));
        let (child, log) = spawn((program, step), &path).map_err(|error| no_file(&error))?;
        Ok(Self { step, child, began: Instant::now(), log, is_shown: false })
    }

    /// Prints what it has printed since it was last shown.
    fn show(&mut self) -> Result<(), Failure> {
        if !self.is_shown {
            self.is_shown = true;
            println!("\n==> {}: {}", self.step.name, self.step.promise);
        }
        let mut new = Vec::new();
        let mut terminal = io::stdout();
        self.log
            .read_to_end(&mut new)
            .and_then(|_| terminal.write_all(&new))
            .and_then(|()| terminal.flush())
            .map_err(|error| no_file(&error))
    }

    /// Once its process has ended.
    fn end(mut self, repo: &Repo) -> Result<Ended, Failure> {
        let status = self.child.wait().map_err(|error| no_file(&error))?;
        let took = self.began.elapsed();
        let result = read_outcome(repo, self.step.name)
            .unwrap_or_else(|| Err(Failure::new(format!("it ended with {status}"), "read what it printed above")))
            .map_err(|failure| failure.of_step(self.step.name));
        Ok(Ended { of: self, took, result })
    }
}

/// A step that has passed or failed.
struct Ended {
    of: Running,
    took: Duration,
    result: Result<Outcome, Failure>,
}

impl Ended {
    /// Prints what nobody was shown yet, and how it ended.
    fn show(mut self) -> Result<(), Failure> {
        self.of.show()?;
        let how = if self.result.is_ok() { "passed in" } else { "FAILED after" };
        println!("  {how} {}", step::seconds(self.took));
        Ok(())
    }
}

/// Steps compile the workspace, and this program with it: what is under its name may be another one soon, or nothing for a moment.
fn copy_of_this_program(repo: &Repo) -> io::Result<PathBuf> {
    let copy = repo.path(DIRECTORY).join(format!("xtask{}", std::env::consts::EXE_SUFFIX));
    fs::create_dir_all(repo.path(DIRECTORY))?;
    match fs::remove_file(&copy) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::copy(std::env::current_exe()?, &copy)?;
    Ok(copy)
}

fn spawn((program, step): (&Path, &Step), log: &Path) -> io::Result<(Child, File)> {
    let written = File::create(log)?;
    let mut command = Command::new(program);
    command.args(["step", step.name]).stdin(Stdio::null()).stderr(written.try_clone()?).stdout(written);
    if io::stdout().is_terminal() {
        // They see a file, and are read at a terminal.
        command.envs([("CARGO_TERM_COLOR", "always"), ("FORCE_COLOR", "1")]);
    }
    Ok((command.spawn()?, File::open(log)?))
}

fn read_outcome(repo: &Repo, step: &str) -> Option<Result<Outcome, Failure>> {
    serde_json::from_slice(&fs::read(outcome_path(repo, step)).ok()?).ok()
}

fn outcome_path(repo: &Repo, step: &str) -> PathBuf {
    repo.path(DIRECTORY).join(format!("{step}.json"))
}

fn no_file(error: &io::Error) -> Failure {
    Failure::new(format!("what a step prints and comes to cannot be kept in {DIRECTORY}: {error}"), "see that it can")
}
