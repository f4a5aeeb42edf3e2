//! What the environment asks to be played.

use std::str::FromStr;
use std::time::Duration;

use super::Steps;

#[derive(Debug)]
pub(super) enum Ask {
    /// One seed.
    One { seed: u64, steps: Steps },
    /// The seeds under this number.
    Under(u64),
    /// Seeds from this one on, for a time.
    For { first: u64, time: Duration },
}

impl Ask {
    /// `usual`: how many seeds are played where it asks for nothing.
    pub(super) fn from_env(usual: u64) -> Result<Self, String> {
        if let Some(seed) = read("ROOMFUL_SIM_SEED", "a whole number")? {
            let steps = read("ROOMFUL_SIM_STEPS", "as `0-4,17`")?.unwrap_or_else(Steps::all);
            return Ok(Self::One { seed, steps });
        }
        if let Some(seconds) = read("ROOMFUL_SIM_FOR", "a number of seconds")? {
            let first = read("ROOMFUL_SIM_FIRST", "a whole number")?.unwrap_or(0);
            return Ok(Self::For { first, time: Duration::from_secs(seconds) });
        }
        Ok(Self::Under(read("ROOMFUL_SIM_RUNS", "a whole number")?.unwrap_or(usual)))
    }
}

fn read<T: FromStr>(name: &str, what: &str) -> Result<Option<T>, String> {
    match std::env::var(name) {
        Ok(text) => text.parse().map(Some).map_err(|_| format!("{name} is {what}, not {text:?}")),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(unreadable) => Err(format!("{name}: {unreadable}")),
    }
}
