//! What a process costs: processor time and memory, as the system counts them.

use std::fs;
use std::io;
use std::ops::{Add, Sub};
use std::time::Duration;

use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

use crate::failure::Failure;

/// Processor time that a process has used since it began, all threads together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cpu {
    /// All of it, to the nanosecond.
    pub total: Duration,
    /// How long its threads could have run and had no processor, one after the other.
    pub waited: Duration,
    /// What was spent in user space, in the system's ticks of 10 ms: good for a share over some seconds, no more.
    pub user_ticks: u64,
    /// What was spent in the kernel, in the same ticks.
    pub system_ticks: u64,
}

impl Cpu {
    /// Nothing yet.
    pub const NONE: Self = Self { total: Duration::ZERO, waited: Duration::ZERO, user_ticks: 0, system_ticks: 0 };

    /// What this process has used.
    ///
    /// # Errors
    ///
    /// When there is no such process, or the system tells of it in other words.
    pub fn of(pid: u32) -> Result<Self, Failure> {
        let gone = |error: nix::Error| Failure::io(format!("the processor time of process {pid}"))(error.into());
        let clock: ClockId = clock_getcpuclockid(Pid::from_raw(pid.cast_signed())).map_err(gone)?;
        let total = Duration::from(clock.now().map_err(gone)?);
        let path = format!("/proc/{pid}/stat");
        let (user_ticks, system_ticks) = ticks(&read(&path)?).ok_or_else(|| unreadable(&path))?;
        Ok(Self { total, waited: waited(pid)?, user_ticks, system_ticks })
    }

    /// The part spent in user space, from 0 to 1, or nothing when there was no tick.
    pub fn user_share(self) -> Option<f64> {
        let ticks = self.user_ticks + self.system_ticks;
        (ticks > 0).then(|| self.user_ticks as f64 / ticks as f64)
    }
}

impl Add for Cpu {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            total: self.total + other.total,
            waited: self.waited + other.waited,
            user_ticks: self.user_ticks + other.user_ticks,
            system_ticks: self.system_ticks + other.system_ticks,
        }
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            total: self.total.saturating_sub(earlier.total),
            // A thread that ended took its waiting with it.
            waited: self.waited.saturating_sub(earlier.waited),
            user_ticks: self.user_ticks.saturating_sub(earlier.user_ticks),
            system_ticks: self.system_ticks.saturating_sub(earlier.system_ticks),
        }
    }
}

/// Memory of a process in user space, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// What is in memory and belongs to it alone: what it would free by ending.
    pub private_dirty: u64,
    /// What is in memory.
    pub rss: u64,
}

impl Memory {
    /// What this process uses.
    ///
    /// # Errors
    ///
    /// When there is no such process, or the system tells of it in other words.
    pub fn of(pid: u32) -> Result<Self, Failure> {
        let path = format!("/proc/{pid}/smaps_rollup");
        let rollup = read(&path)?;
        let bytes = |name| Ok(kilobytes(&rollup, name).ok_or_else(|| unreadable(&path))? << 10);
        Ok(Self { private_dirty: bytes("Private_Dirty:")?, rss: bytes("Rss:")? })
    }
}

fn read(path: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(Failure::io(path))
}

/// A figure that is not there must end the slot: as zero it would be one of the best.
fn unreadable(path: &str) -> Failure {
    Failure::io(path)(io::Error::new(io::ErrorKind::InvalidData, "it has no such figure"))
}

/// The second number of each thread's `schedstat`.
fn waited(pid: u32) -> Result<Duration, Failure> {
    let tasks = format!("/proc/{pid}/task");
    let mut nanoseconds = 0_u64;
    for task in fs::read_dir(&tasks).map_err(Failure::io(&*tasks))? {
        let path = task.map_err(Failure::io(&*tasks))?.path().join("schedstat");
        // A thread may end between the two calls.
        let Ok(schedstat) = fs::read_to_string(&path) else { continue };
        let waited = schedstat.split_whitespace().nth(1).and_then(|waited| waited.parse().ok());
        let waited: u64 = waited.ok_or_else(|| unreadable(&path.to_string_lossy()))?;
        nanoseconds = nanoseconds.saturating_add(waited);
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// `utime` and `stime` of `/proc/PID/stat`.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    // The program's name stands in parentheses and may hold anything, so the fields count from behind it.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11).map(|field| field.parse().ok());
    Some((fields.next()??, fields.next()??))
}

fn kilobytes(rollup: &str, name: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_name_may_look_like_fields() {
        let stat = "7 (a) b 1 2) S 1 7 7 0 -1 4194560 90 0 0 0 123 45 0 0 20 0 1 0 100";
        assert_eq!(ticks(stat), Some((123, 45)));
        for broken in ["", "7 (a) S 1 7 7 0 -1 4194560 90 0 0 0 123", "7 (a) S 1 7 7 0 -1 4194560 90 0 0 0 123 ? 0"] {
            assert_eq!(ticks(broken), None, "{broken}");
        }
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let rollup = "0-1 ---p 0 00:00 0 [rollup]\nRss:   12 kB\nPss_Dirty:   9 kB\nPrivate_Dirty:   3 kB\n";
        assert_eq!(kilobytes(rollup, "Private_Dirty:"), Some(3));
        assert_eq!(kilobytes(rollup, "Rss:"), Some(12));
        assert_eq!(kilobytes(rollup, "Pss:"), None);
    }

    #[test]
    fn this_process_has_used_something() {
        let pid = std::process::id();
        let before = Cpu::of(pid).expect("this process");
        let work: u64 = (0..1_000_000_u64).map(std::hint::black_box).sum();
        let used = Cpu::of(pid).expect("this process") - before;
        assert!(work > 0 && used.total > Duration::ZERO);
        assert!(Memory::of(pid).expect("this process").rss > 0);
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(Cpu::of(0x3fff_fff0).is_err());
    }
}
