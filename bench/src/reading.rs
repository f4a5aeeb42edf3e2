//! A slot, from its beginning to its end: what the server and the load generator used between the two.

use std::time::Instant;

use crate::client::Traffic;
use crate::failure::Failure;
use crate::figures::{Figures, Latency};
use crate::meter::Cpu;
use crate::trial::Trial;

/// What was so when a slot began.
pub struct Reading {
    /// When that was.
    pub began: Instant,
    server: Cpu,
    generator: Cpu,
    traffic: Traffic,
}

impl Reading {
    /// Begins a slot: what came before it does not count.
    ///
    /// # Errors
    ///
    /// When the server has ended.
    pub fn begin(trial: &mut Trial) -> Result<Self, Failure> {
        trial.fleet.settle(&mut trial.tally)?;
        trial.tally.restart();
        Ok(Self {
            began: Instant::now(),
            server: trial.server.cpu()?,
            generator: Cpu::of(std::process::id())?,
            traffic: trial.fleet.traffic,
        })
    }

    /// Ends it.
    ///
    /// # Errors
    ///
    /// When the server has ended.
    pub fn end(&self, trial: &Trial, messages: u64, owed: u64) -> Result<Figures, Failure> {
        let seconds = self.began.elapsed().as_secs_f64();
        let server = trial.server.cpu()? - self.server;
        let generator = Cpu::of(std::process::id())? - self.generator;
        Ok(Figures {
            seconds,
            cpu_seconds: server.total.as_secs_f64(),
            user_share: server.user_share(),
            generator_cpu_seconds: generator.total.as_secs_f64(),
            waited_seconds: [server.waited.as_secs_f64(), generator.waited.as_secs_f64()],
            messages,
            deliveries: trial.tally.deliveries,
            owed,
            bytes: trial.fleet.traffic.bytes - self.traffic.bytes,
            latency: Latency::of(&trial.tally.latency),
            ..Figures::default()
        })
    }
}
