//! Which system calls a server makes, counted by `strace`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde::Serialize;

use crate::failure::Failure;

/// How many calls were made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SystemCalls {
    /// `write`, `writev`, `send`, `sendto`, `sendmsg`, `sendmmsg`.
    pub writes: u64,
    /// `read`, `readv`, `recv`, `recvfrom`, `recvmsg`, `recvmmsg`.
    pub reads: u64,
    /// Of every kind.
    pub all: u64,
}

/// `strace`, attached to a process.
#[derive(Debug)]
pub struct Count {
    strace: Child,
    /// Held so that `strace` can say that it goes.
    _stderr: Option<BufReader<ChildStderr>>,
    summary: PathBuf,
}

impl Count {
    /// Attaches to a process, and waits until that is done.
    ///
    /// # Errors
    ///
    /// [`Failure::Skipped`] where there is no `strace`, or it may not attach.
    pub fn of(pid: u32) -> Result<Self, Failure> {
        let summary = super::scratch("strace");
        let mut command = Command::new("strace");
        command.args(["-f", "-c", "-o"]).arg(&summary).args(["-p", &pid.to_string()]).stderr(Stdio::piped());
        let mut strace = super::start(&mut command)?;
        let mut stderr = strace.stderr.take().map(BufReader::new);
        let mut line = String::new();
        if let Some(stderr) = &mut stderr {
            stderr.read_line(&mut line).map_err(Failure::io("reading what strace says"))?;
        }
        let count = Self { strace, _stderr: stderr, summary };
        if line.contains("attached") { Ok(count) } else { Err(count.refused(&line)) }
    }

    /// Detaches: the calls since it attached.
    ///
    /// # Errors
    ///
    /// When `strace` has left no summary.
    pub fn end(self) -> Result<SystemCalls, Failure> {
        super::finish(self.strace)?;
        let summary = fs::read_to_string(&self.summary).map_err(Failure::io("the summary of strace"))?;
        // A file that stays in the temporary directory is no failure of the run.
        let _ = fs::remove_file(&self.summary);
        Ok(parse(&summary))
    }

    fn refused(mut self, line: &str) -> Failure {
        // It has ended by itself.
        let _ = self.strace.wait();
        Failure::Skipped(format!("strace could not attach: {}", line.trim()))
    }
}

fn parse(summary: &str) -> SystemCalls {
    const WRITES: [&str; 6] = ["write", "writev", "send", "sendto", "sendmsg", "sendmmsg"];
    const READS: [&str; 6] = ["read", "readv", "recv", "recvfrom", "recvmsg", "recvmmsg"];
    let mut calls = SystemCalls::default();
    for line in summary.lines() {
        // `% time, seconds, usecs/call, calls, [errors], name`
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (Some(count), Some(name)) = (fields.get(3).and_then(|count| count.parse::<u64>().ok()), fields.last())
        else {
            continue;
        };
        match *name {
            "total" => continue,
            name if WRITES.contains(&name) => calls.writes += count,
            name if READS.contains(&name) => calls.reads += count,
            _ => {}
        }
        calls.all += count;
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_added_up_by_kind() {
        let summary = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 53.32    0.002351          90        26           futex
  4.63    0.000204          20        10         5 recvfrom
  2.36    0.000104          20         5           writev
  1.86    0.000082           9         9           sendto
------ ----------- ----------- --------- --------- ----------------
100.00    0.004409          40        50         5 total
";
        assert_eq!(parse(summary), SystemCalls { writes: 14, reads: 10, all: 50 });
    }
}
