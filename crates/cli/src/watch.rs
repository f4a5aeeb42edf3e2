//! `roomful watch`: what a room says, frame by frame.

use std::io::{self, BufWriter, ErrorKind, Stdout, Write as _};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::client::{Client, Closing, Connector, Happening};
use crate::door::{Address, DoorArgs, require_room};
use crate::failure::Failure;
use crate::screen::printable;
use crate::signal;

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    door: DoorArgs,
    /// Print one JSON object a line: {"at":MS,"event":"frame","frame":..}, and `open`, `lost` and `closed`
    #[arg(long)]
    json: bool,
    /// Leave after so many frames
    #[arg(long, value_name = "FRAMES")]
    count: Option<u64>,
}

/// Watches until Ctrl-C, until it has seen enough, or until the server lets nobody back.
///
/// # Errors
///
/// When it never got in, was put out, or cannot write.
pub(crate) async fn run(args: &WatchArgs) -> Result<ExitCode, Failure> {
    let door = args.door.door()?;
    let address = door.address.clone();
    require_room(&address)?;
    let mut client = Client::new(door, Connector::default());
    let mut printer = Printer { out: BufWriter::new(io::stdout()), is_json: args.json };
    let watched = tokio::select! {
        watched = watch(&mut client, &mut printer, &address, args.count) => watched,
        interrupted = signal::interrupted() => interrupted.map_err(End::Output),
    };
    client.leave().await;
    match watched {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // Whoever reads it has enough, as `head` does.
        Err(End::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(End::Output(error)) => Err(Failure::output(&error)),
        Err(End::Room(failure)) => Err(failure),
    }
}

/// Why it ends early.
enum End {
    Output(io::Error),
    Room(Failure),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

async fn watch(client: &mut Client, printer: &mut Printer, address: &Address, count: Option<u64>) -> Result<(), End> {
    let mut frames = 0;
    let mut was_open = false;
    while count.is_none_or(|count| frames < count) {
        match client.next().await {
            Happening::Opened { is_v1 } => {
                was_open = true;
                printer.opened(address, is_v1)?;
            }
            Happening::Frame(frame) => {
                frames += 1;
                printer.frame(&frame)?;
            }
            // A typing error is not to be tried again for ever.
            Happening::NotOpened(error, _) if !was_open => {
                return Err(End::Room(Failure::new(format_args!("{address}: {error}"), error.remedy())));
            }
            Happening::NotOpened(error, wait) => printer.lost(&error.to_string(), None, wait)?,
            Happening::Lost(closing, wait) => printer.lost(&closing.reason, Some(closing.code), wait)?,
            Happening::Closed(closing) => {
                printer.closed(&closing)?;
                let what = format!("{address}: the server closed the connection for good: {closing}");
                return if closing.code == 1000 {
                    Ok(())
                } else {
                    Err(End::Room(Failure::new(what, closing.remedy())))
                };
            }
        }
    }
    Ok(())
}

/// Frames go to the output, and what happens to the connection beside them, or among them as JSON.
struct Printer {
    out: BufWriter<Stdout>,
    is_json: bool,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event<'a> {
    Open {
        dialect: &'a str,
    },
    Frame {
        frame: &'a RawValue,
    },
    /// On a plain typed socket anything may be said.
    Text {
        text: &'a str,
    },
    Lost {
        reason: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<u16>,
        back_in_ms: u128,
    },
    Closed {
        code: u16,
        reason: &'a str,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    at: u128,
    #[serde(flatten)]
    event: Event<'a>,
}

impl Printer {
    fn opened(&mut self, address: &Address, is_v1: bool) -> io::Result<()> {
        let dialect = if is_v1 { "roomful.v1" } else { "plain" };
        if self.is_json {
            return self.json(Event::Open { dialect });
        }
        eprintln!("-- connected to {address}, {dialect}");
        Ok(())
    }

    fn frame(&mut self, frame: &str) -> io::Result<()> {
        if !self.is_json {
            writeln!(self.out, "{}  {}", time_of_day(now()), printable(frame))?;
            return self.out.flush();
        }
        let safe = printable(frame);
        match serde_json::from_str(&safe) {
            Ok(frame) => self.json(Event::Frame { frame }),
            Err(_) => self.json(Event::Text { text: &safe }),
        }
    }

    fn lost(&mut self, reason: &str, code: Option<u16>, wait: Duration) -> io::Result<()> {
        if self.is_json {
            return self.json(Event::Lost { reason: &printable(reason), code, back_in_ms: wait.as_millis() });
        }
        let code = code.map(|code| format!("{code} ")).unwrap_or_default();
        eprintln!("-- lost: {code}{}; back in {:.1} s", printable(reason), wait.as_secs_f64());
        Ok(())
    }

    fn closed(&mut self, closing: &Closing) -> io::Result<()> {
        if self.is_json {
            return self.json(Event::Closed { code: closing.code, reason: &printable(&closing.reason) });
        }
        eprintln!("-- closed: {closing}");
        Ok(())
    }

    fn json(&mut self, event: Event<'_>) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, &Line { at: now().as_millis(), event })?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }
}

fn now() -> Duration {
    // A clock before 1970 is none.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// In UTC, to the millisecond.
fn time_of_day(now: Duration) -> String {
    let (seconds, millis) = (now.as_secs() % 86_400, now.subsec_millis());
    format!("{:02}:{:02}:{:02}.{millis:03}Z", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
