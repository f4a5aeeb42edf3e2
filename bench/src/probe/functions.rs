//! Where a server's time goes, sampled by `perf`.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::Serialize;

use crate::failure::Failure;

/// Where time went, as parts of all processor time.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Functions {
    /// The kernel's part, from 0 to 1.
    pub kernel: f64,
    /// Functions in user space and their parts, the largest first.
    pub user: Vec<(String, f64)>,
}

/// `perf record`, attached to a process.
#[derive(Debug)]
pub struct Samples {
    perf: Child,
    data: PathBuf,
}

/// How long `perf` may take to attach; what it misses before that is no loss.
const ATTACH: Duration = Duration::from_millis(500);

impl Samples {
    /// Begins to sample a process, 2,000 times a second of its processor time.
    ///
    /// # Errors
    ///
    /// [`Failure::Skipped`] where there is no `perf`.
    pub fn of(pid: u32) -> Result<Self, Failure> {
        let data = super::scratch("perf");
        let mut command = Command::new("perf");
        // The clock, and not the processor's counters, which virtual machines do not have.
        command.args([
            "record",
            "--quiet",
            "--freq",
            "1999",
            "--event",
            "cpu-clock",
            "--pid",
            &pid.to_string(),
            "--output",
        ]);
        command.arg(&data).stdout(Stdio::null()).stderr(Stdio::null());
        let perf = super::start(&mut command)?;
        std::thread::sleep(ATTACH);
        Ok(Self { perf, data })
    }

    /// Ends the sampling: where time went.
    ///
    /// # Errors
    ///
    /// [`Failure::Skipped`] when `perf` was not let sample.
    pub fn end(self) -> Result<Functions, Failure> {
        super::finish(self.perf)?;
        let mut command = Command::new("perf");
        command.args(["report", "--stdio", "--no-children", "--no-inline", "--fields", "overhead,sym", "--input"]);
        let report = command.arg(&self.data).output().map_err(Failure::io("the report of perf"))?;
        // A file that stays in the temporary directory is no failure of the run.
        let _ = std::fs::remove_file(&self.data);
        let functions = parse(&String::from_utf8_lossy(&report.stdout));
        if functions == Functions::default() {
            return Err(Failure::Skipped("perf was not let sample: see kernel.perf_event_paranoid".to_owned()));
        }
        Ok(functions)
    }
}

fn parse(report: &str) -> Functions {
    let mut functions = Functions::default();
    for line in report.lines() {
        // `30.56%  [k] name`
        let Some((percent, symbol)) = line.trim().split_once('%') else { continue };
        let (Ok(percent), Some((space, name))) = (percent.parse::<f64>(), symbol.trim().split_once(' ')) else {
            continue;
        };
        match space {
            "[.]" => functions.user.push((name.trim().to_owned(), percent / 100.0)),
            _ => functions.kernel += percent / 100.0,
        }
    }
    functions.user.sort_by(|one, other| other.1.total_cmp(&one.1));
    functions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_the_kernel_and_the_functions_beside_it() {
        let report = "# Overhead  Symbol\n    30.5%  [k] tcp_sendmsg\n     2.0%  [.] <A as B>::poll\n    60.5%  [k] softirq\n     7.0%  [.] fan_out \n";
        let functions = parse(report);
        assert!((functions.kernel - 0.91).abs() < 1e-9);
        assert_eq!(functions.user, [("fan_out".to_owned(), 0.07), ("<A as B>::poll".to_owned(), 0.02)]);
    }
}
