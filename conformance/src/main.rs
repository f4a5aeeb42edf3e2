//! The runner: replays the recordings against a server, and says what it did otherwise.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use conformance::{InvalidAddress, Recording, RecordingsError, Remote, Server as _, replay};
use tokio::net::TcpStream;

/// Replays recordings of the wire protocol against a server that serves the rooms they use.
///
/// Exits with 0 when it does as recorded, with 1 when it does anything otherwise, with 2 when nothing could be tried.
#[derive(Parser)]
#[command(name = "conformance")]
struct Args {
    /// The server, as http://HOST:PORT.
    #[arg(required_unless_present = "list")]
    address: Option<String>,
    /// Replay this recording alone; may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// List the recordings and what each shows, and replay none.
    #[arg(long)]
    list: bool,
    /// Recordings of your own in place of those that come with this program.
    #[arg(long, value_name = "FILE")]
    recordings: Option<PathBuf>,
    /// How long a frame may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    patience: u32,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Address(#[from] InvalidAddress),
    #[error("{file}: {error}")]
    File { file: String, error: io::Error },
    #[error("{0}")]
    Recordings(#[from] RecordingsError),
    #[error("there is no recording `{0}`; --list names all")]
    Unknown(String),
    #[error("`{0}` shows what this protocol wants otherwise, and is not replayed; --list tells which are")]
    Differs(String),
    #[error("no server answers at {authority}: {error}")]
    Unreachable { authority: String, error: io::Error },
    #[error("cannot print: {0}")]
    Output(#[from] io::Error),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("conformance: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Whether the server did everything as recorded.
async fn run(args: Args) -> Result<bool, Failure> {
    let recordings = match &args.recordings {
        None => conformance::bundled()?,
        Some(path) => {
            let read = fs::read_to_string(path);
            conformance::read(&read.map_err(|error| Failure::File { file: path.display().to_string(), error })?)?
        }
    };
    let chosen = choose(&recordings, &args.only)?;
    match args.address {
        Some(address) if !args.list => {
            let patience = Duration::from_secs(args.patience.into());
            replay_all(&Remote::parse(&address, patience)?, &chosen).await
        }
        _ => {
            list(&recordings)?;
            Ok(true)
        }
    }
}

fn choose<'a>(recordings: &'a [Recording], only: &[String]) -> Result<Vec<&'a Recording>, Failure> {
    if only.is_empty() {
        return Ok(recordings.iter().filter(|recording| !recording.reference_differs).collect());
    }
    let find = |name: &String| {
        let found = recordings.iter().find(|recording| recording.name == *name);
        match found.ok_or_else(|| Failure::Unknown(name.clone()))? {
            recording if recording.reference_differs => Err(Failure::Differs(name.clone())),
            recording => Ok(recording),
        }
    };
    only.iter().map(find).collect()
}

fn list(recordings: &[Recording]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for Recording { name, about, reference_differs, .. } in recordings {
        let mark = if *reference_differs { "not replayed" } else { "" };
        writeln!(out, "{name:36} {mark:12} {about}")?;
    }
    Ok(())
}

async fn replay_all(server: &Remote, recordings: &[&Recording]) -> Result<bool, Failure> {
    let authority = server.authority();
    if let Err(error) = TcpStream::connect(&authority).await {
        return Err(Failure::Unreachable { authority, error });
    }
    let mut out = io::stdout();
    let mut differ = 0;
    for recording in recordings {
        match replay(server, recording).await {
            Ok(()) => writeln!(out, "ok      {}", recording.name)?,
            Err(difference) => {
                differ += 1;
                writeln!(out, "DIFFERS {difference}")?;
            }
        }
    }
    writeln!(out, "{} of {} recordings as recorded", recordings.len() - differ, recordings.len())?;
    Ok(differ == 0)
}
