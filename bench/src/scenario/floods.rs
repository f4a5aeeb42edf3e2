//! Small rooms beside strangers who send too much.

use std::time::{Duration, Instant};

use crate::content::Content;
use crate::failure::Failure;
use crate::figures::{Figures, UnderFlood};
use crate::flood::{Flood, Flooders};
use crate::trial::Trial;

/// How long the rooms talk alone and then under each flood, in slots: until they have said some hundred things.
const SLOTS: u32 = 2;
/// A server that uses less than this part of a processor has worked off what it was sent. The rooms are silent then.
const IDLE: f64 = 0.1;
/// How often it is asked.
const LOOK: Duration = Duration::from_millis(50);
/// How long it is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn floods(trial: &mut Trial, content: Content, per_second: f64, slot: Duration) -> Result<Figures, Failure> {
    trial.fill()?;
    trial.paced(content, per_second, slot)?;
    let alone = trial.paced(content, per_second, slot * SLOTS)?;
    let mut floods = Vec::new();
    for flood in Flood::ALL {
        let Some(flooders) = Flooders::begin(flood, trial.server.address, trial.dialect())? else { continue };
        let under = trial.paced(content, per_second, slot * SLOTS);
        let flooded = flooders.end()?;
        let left = Instant::now();
        let under = under?;
        let busy_seconds = work_off(trial, left)?;
        let (closed, latency) = (flooded.closed, under.latency);
        floods.push(UnderFlood { flood, latency, cores: under.cores(), busy_seconds, bytes: flooded.bytes, closed });
    }
    Ok(Figures { floods, ..alone })
}

/// How long the server goes on working after they left.
fn work_off(trial: &mut Trial, left: Instant) -> Result<f64, Failure> {
    loop {
        let (before, began) = (trial.server.cpu()?, Instant::now());
        let until = began + LOOK;
        while Instant::now() < until {
            trial.fleet.poll(&mut trial.tally, LOOK / 10)?;
        }
        let used = (trial.server.cpu()? - before).total.as_secs_f64();
        if used < began.elapsed().as_secs_f64() * IDLE {
            return Ok((began - left).as_secs_f64());
        }
        if left.elapsed() > PATIENCE {
            return Ok(PATIENCE.as_secs_f64());
        }
    }
}
