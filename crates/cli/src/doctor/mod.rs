//! `roomful doctor`: tries a deployment as a browser would, and says what is wrong and where it is set right.

mod entry;
mod examined;
mod finding;
mod room;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::client::Connector;
use crate::door::DoorArgs;
use crate::failure::Failure;
use crate::signal;
use examined::Examined;
use finding::Report;

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    door: DoorArgs,
    /// How long a connection is to stand without a word from the client; longer than the server's heartbeat when not given, 0 leaves it out
    #[arg(long, value_name = "SECONDS")]
    idle: Option<u32>,
    /// Print what was found as one JSON object
    #[arg(long)]
    json: bool,
}

/// Tries one thing after the other, and says each as it is known. A fault is exit code 1, a warning is not.
///
/// # Errors
///
/// When what is asked for says nothing, or the output cannot be written.
pub(crate) async fn run(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let door = args.door.door()?;
    let report = Report::new(&door.address, args.json);
    let idle = args.idle.map(|seconds| Duration::from_secs(seconds.into()));
    let mut examined = Examined::new(door, Connector::default(), report, idle);
    tokio::select! {
        done = examine(&mut examined) => done,
        interrupted = signal::interrupted() => interrupted,
    }
    .map_err(|error| Failure::output(&error))?;
    let is_sound = examined.report.end().map_err(|error| Failure::output(&error))?;
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn examine(examined: &mut Examined) -> io::Result<()> {
    let Some(answer) = entry::enter(examined).await? else { return Ok(()) };
    entry::foreign_origin(examined).await?;
    entry::compression(examined, &answer).await?;
    entry::clock(examined, &answer)?;
    entry::encryption(examined)?;
    room::unknown(examined).await?;
    let Some(greeting) = room::join(examined).await? else { return Ok(()) };
    room::come_back(examined, &greeting).await?;
    room::leave(examined).await?;
    room::idle(examined, &greeting).await
}
