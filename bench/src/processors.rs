//! Which processor works for whom.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::failure::Failure;

/// The processors of a run, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processors {
    /// Where servers run, as `taskset` reads it.
    pub servers: String,
    /// Where the load generator runs.
    pub generator: usize,
}

impl Processors {
    /// One for the servers and another for the load generator, of those that this process may use; with `spread`, all of them
    /// for the servers.
    ///
    /// # Errors
    ///
    /// When the system does not tell which they are.
    pub fn choose(spread: bool) -> Result<Self, Failure> {
        let myself = Pid::from_raw(0);
        let allowed = sched_getaffinity(myself).map_err(|error| Failure::io("asking for processors")(error.into()))?;
        let allowed: Vec<usize> = (0..CpuSet::count()).filter(|number| allowed.is_set(*number) == Ok(true)).collect();
        let chosen = Self::of(&allowed, spread);
        if allowed.len() < 2 {
            println!("There is one processor: servers and load generator share it, and figures will say little.");
        }
        Ok(chosen)
    }

    fn of(allowed: &[usize], spread: bool) -> Self {
        let first = allowed.first().copied().unwrap_or_default();
        let list: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        Self {
            servers: if spread { list.join(",") } else { first.to_string() },
            generator: allowed.get(1).copied().unwrap_or(first),
        }
    }

    /// Keeps this thread to the load generator's processor.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn keep_generator(&self) -> Result<(), Failure> {
        let mut set = CpuSet::new();
        set.set(self.generator)
            .and_then(|()| sched_setaffinity(Pid::from_raw(0), &set))
            .map_err(|error| Failure::io(format!("keeping to processor {}", self.generator))(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_generator_are_apart_where_they_can_be() {
        let of = |allowed: &[usize], spread| {
            let chosen = Processors::of(allowed, spread);
            (chosen.servers, chosen.generator)
        };
        assert_eq!(of(&[0, 1, 2], false), ("0".to_owned(), 1));
        assert_eq!(of(&[4, 6], false), ("4".to_owned(), 6));
        assert_eq!(of(&[4, 6], true), ("4,6".to_owned(), 6));
        assert_eq!(of(&[3], false), ("3".to_owned(), 3));
    }
}
