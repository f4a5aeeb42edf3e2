//! One slot of one server.

use std::time::{Duration, Instant};

use super::floods::floods;
use super::{CURSOR_HZ, Load, Pace, Scenario};
use crate::content::Content;
use crate::failure::Failure;
use crate::figures::Figures;
use crate::probe::functions::Samples;
use crate::probe::system_calls::Count;
use crate::trial::Trial;

/// What is said while something looks on.
const SMALL: Content = Content::Text(64);
/// How often a cursor moves in a document that is being edited.
const EDITING_HZ: f64 = 10.0;
/// How long an idle server may put itself in order before its memory is read, in slots.
const REST_SLOTS: u32 = 2;
/// How long a reader is stalled, in slots: until the kernel holds no more for it, and the server has to.
const STALLED_SLOTS: u32 = 6;
/// How long a small room talks alone and then beside a huge one, in slots: until it has said about a hundred things.
const NEIGHBOUR_SLOTS: u32 = 4;

/// Runs a slot of this scenario. The trial is full already, unless the load is about how it fills.
///
/// # Errors
///
/// When the server does not do what it must.
pub fn run(scenario: &Scenario, trial: &mut Trial, pace: Pace) -> Result<Figures, Failure> {
    match scenario.load {
        Load::Bursts { content, in_flight, .. } => trial.bursts(content, in_flight, pace.slot),
        Load::Deflate { content, .. } | Load::Publish { content, .. } => trial.bursts(content, 1, pace.slot),
        Load::Paced { content, per_second, .. } if scenario.is_fresh_each_slot() => {
            trial.fill()?;
            trial.paced(content, per_second, pace.slot)?;
            trial.paced(content, per_second, pace.slot)
        }
        Load::Paced { content, per_second, .. } | Load::Window { content, per_second, .. } => {
            trial.paced(content, per_second, pace.slot)
        }
        Load::Documents { content, per_second, .. } => {
            trial.paced_with_cursors(content, per_second, EDITING_HZ, pace.slot)
        }
        Load::Cursors { .. } => cursors(trial, pace),
        Load::Joins { .. } => joins(trial),
        Load::Storm { content, per_second, .. } => {
            trial.fill()?;
            trial.storm(content, per_second)
        }
        Load::Wakes { content, per_second, .. } => {
            trial.fill()?;
            trial.wakes(content, per_second, pace.slot)
        }
        Load::Idle { slots, .. } | Load::IdleListeners { slots, .. } => {
            idle(trial, pace.slot * REST_SLOTS, pace.slot * slots)
        }
        Load::Arrivals { newcomers, .. } => trial.arrivals((newcomers / pace.divisor).max(2)),
        Load::Ghosts { .. } => {
            trial.fill()?;
            trial.ghosts()
        }
        Load::IdleNodes { slots, .. } => trial.idle_nodes(pace.slot * slots),
        Load::Floods { content, per_second, .. } => floods(trial, content, per_second, pace.slot),
        Load::SystemCalls { in_flight, .. } => system_calls(trial, in_flight, pace),
        Load::Functions { in_flight, .. } => functions(trial, in_flight, pace),
        Load::Neighbour { content, per_second, neighbours_per_second, .. } => {
            let length = pace.slot * NEIGHBOUR_SLOTS;
            let alone = trial.paced(content, per_second, length)?;
            let beside = trial.paced_beside(content, per_second, Some(neighbours_per_second), length)?;
            Ok(Figures { undisturbed: alone.latency, ..beside })
        }
        Load::Stalled { content, per_second, .. } => {
            trial.fill()?;
            trial.paced(content, per_second, pace.slot)?;
            let undisturbed = trial.paced(content, per_second, pace.slot)?;
            let before = trial.server.memory()?.private_dirty;
            trial.fleet.stall(trial.layout.members - 1)?;
            let stalled = trial.paced(content, per_second, pace.slot * STALLED_SLOTS)?;
            let after = trial.server.memory()?.private_dirty;
            Ok(Figures {
                undisturbed: undisturbed.latency,
                memory_growth: Some(after as f64 - before as f64),
                ..stalled
            })
        }
    }
}

/// Once for everything to get warm, once for the figures.
fn cursors(trial: &mut Trial, pace: Pace) -> Result<Figures, Failure> {
    trial.fill()?;
    trial.states(CURSOR_HZ, pace.slot / 4)?;
    trial.states(CURSOR_HZ, pace.slot * 2)
}

fn system_calls(trial: &mut Trial, in_flight: usize, pace: Pace) -> Result<Figures, Failure> {
    trial.fill()?;
    trial.bursts(SMALL, in_flight, pace.slot)?;
    let count = Count::of(trial.server.pid())?;
    let figures = trial.bursts(SMALL, in_flight, pace.slot)?;
    Ok(Figures { system_calls: Some(count.end()?), ..figures })
}

fn functions(trial: &mut Trial, in_flight: usize, pace: Pace) -> Result<Figures, Failure> {
    trial.fill()?;
    trial.bursts(SMALL, in_flight, pace.slot)?;
    let samples = Samples::of(trial.server.pid())?;
    let figures = trial.bursts(SMALL, in_flight, pace.slot * 3)?;
    Ok(Figures { functions: Some(samples.end()?), ..figures })
}

fn joins(trial: &mut Trial) -> Result<Figures, Failure> {
    let reading = trial.begin_slot()?;
    let began = Instant::now();
    let (rooms, offer) = (trial.layout.room_names(), trial.layout.offer);
    trial.fleet.open_at_once(&trial.server.addresses, &rooms, offer, &mut trial.tally)?;
    trial.await_rosters()?;
    let ready_seconds = Some(began.elapsed().as_secs_f64());
    let members = trial.layout.connections() as u64;
    Ok(Figures { ready_seconds, ..trial.end_slot(&reading, members, 0)? })
}

fn idle(trial: &mut Trial, rest: Duration, watched: Duration) -> Result<Figures, Failure> {
    std::thread::sleep(rest);
    let empty = trial.server.memory()?.private_dirty;
    trial.fill()?;
    let reading = trial.begin_slot()?;
    let until = Instant::now() + watched;
    while Instant::now() < until {
        trial.fleet.poll(&mut trial.tally, Duration::from_millis(100))?;
    }
    let full = trial.server.memory()?.private_dirty;
    let connections = trial.layout.connections();
    let memory_per_connection = Some((full as f64 - empty as f64) / connections as f64);
    let connections = Some(connections);
    Ok(Figures { memory_per_connection, connections, ..trial.end_slot(&reading, 0, 0)? })
}
