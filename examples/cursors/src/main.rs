//! The board on axum: its rooms, plain HTTP beside them in `api`, and the page.

mod api;
mod page;
mod secret;
mod types;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;

use axum::Router;
use clap::{Parser, Subcommand};
use roomful::{BuildError, Rooms, TypescriptError};
use roomful_axum::RoomsExt as _;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// Serves the live cursor board until SIGTERM or Ctrl-C.
#[derive(Parser)]
#[command(name = "cursors", args_conflicts_with_subcommands = true)]
struct Args {
    /// The port; 0 takes any that is free.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// The address to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    listen: IpAddr,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the TypeScript of the rooms, for the page.
    Types {
        /// Writes nothing, and fails when a file is not what the rooms say.
        #[arg(long)]
        check: bool,
    },
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Rooms(#[from] BuildError),
    #[error(transparent)]
    Types(#[from] TypescriptError),
    #[error("the secret of the sessions can be neither read nor kept, and CURSORS_SECRET gives none: {0}")]
    Secret(io::Error),
    #[error("cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: io::Error },
    #[error(transparent)]
    Serve(#[from] io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("cursors: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Failure> {
    let rooms = cursors::rooms_and_site();
    match args.command {
        Some(Command::Types { check: true }) => Ok(types::check(&rooms.build()?)?),
        Some(Command::Types { check: false }) => Ok(types::write(&rooms.build()?)?),
        None => {
            let secret = secret::secret().map_err(Failure::Secret)?;
            serve(&rooms.secret(secret).build()?, SocketAddr::new(args.listen, args.port)).await
        }
    }
}

async fn serve(rooms: &Rooms, address: SocketAddr) -> Result<(), Failure> {
    let app = Router::new().merge(rooms.router()).merge(api::router(rooms.clone())).fallback_service(page::service());
    // Before the address is told: whoever reads it may send the signal at once.
    let shutdown = roomful_axum::shutdown_signal();
    let listener = TcpListener::bind(address).await.map_err(|error| Failure::Listen { address, error })?;
    println!("listening on http://{}", listener.local_addr()?);
    println!("Open it in two windows, side by side. Ctrl-C stops it.");
    Ok(roomful_axum::serve(listener, app, rooms, shutdown).await?)
}
