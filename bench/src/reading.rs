//! A slot, from its beginning to its end: what the server and the load generator used between the two.

use std::time::Instant;

use crate::client::{Fleet, Traffic};
use crate::failure::Failure;
use crate::figures::{Figures, Latency};
use crate::meter::Cpu;
use crate::server::Server;
use crate::tally::Tally;

/// What was so when a slot began.
pub struct Reading {
    /// When that was.
    pub began: Instant,
    server: Cpu,
    broker: Option<Cpu>,
    generator: Cpu,
    traffic: Traffic,
}

impl Reading {
    /// Begins a slot: what came before it does not count.
    ///
    /// # Errors
    ///
    /// When the server has ended.
    pub fn begin(server: &Server, fleet: &mut Fleet, tally: &mut Tally) -> Result<Self, Failure> {
        fleet.settle(tally)?;
        tally.restart();
        Ok(Self {
            began: Instant::now(),
            server: server.cpu()?,
            broker: server.broker_cpu()?,
            generator: Cpu::of(std::process::id())?,
            traffic: fleet.traffic,
        })
    }

    /// Ends it, with so many messages sent and so many deliveries owed for them.
    ///
    /// # Errors
    ///
    /// When the server has ended.
    pub fn end(
        &self,
        server: &Server,
        fleet: &Fleet,
        tally: &Tally,
        messages: u64,
        owed: u64,
    ) -> Result<Figures, Failure> {
        let seconds = self.began.elapsed().as_secs_f64();
        let broker = server.broker_cpu()?.zip(self.broker).map(|(now, before)| now - before);
        let server = server.cpu()? - self.server;
        let generator = Cpu::of(std::process::id())? - self.generator;
        Ok(Figures {
            seconds,
            cpu_seconds: server.total.as_secs_f64(),
            user_share: server.user_share(),
            generator_cpu_seconds: generator.total.as_secs_f64(),
            waited_seconds: [server.waited.as_secs_f64(), generator.waited.as_secs_f64()],
            messages,
            deliveries: tally.deliveries,
            owed,
            bytes: fleet.traffic.bytes - self.traffic.bytes,
            latency: Latency::of(&tally.latency),
            here: Latency::of(&tally.here),
            elsewhere: Latency::of(&tally.elsewhere),
            broker_cpu_seconds: broker.map(|broker| broker.total.as_secs_f64()),
            ..Figures::default()
        })
    }
}
