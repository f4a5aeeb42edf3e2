//! A team's chat: who is in it signs in, what is said is kept, and everybody sees who is here and who is typing.
//!
//! The room is in `room`, what is plain HTTP in `api`, and what is kept in `store`.

mod api;
mod cookies;
mod failure;
mod page;
mod passwords;
mod room;
mod store;
mod token;
mod values;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use axum::Router;
use clap::{Parser, Subcommand};
use roomful::{BuildError, Framework, Rooms, RoomsBuilder, TypescriptError};
use roomful_axum::RoomsExt as _;
use roomful_cluster::{Cluster, StartError};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::api::App;
use crate::cookies::Cookies;
use crate::passwords::{PasswordError, Passwords};
use crate::room::Chats;
use crate::store::{Store, StoreError};

/// Serves a team's chat until SIGTERM or Ctrl-C.
#[derive(Parser)]
#[command(name = "team", args_conflicts_with_subcommands = true)]
struct Args {
    /// The port; 0 takes any that is free.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// The address to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    listen: IpAddr,
    /// The database; it is made where there is none.
    #[arg(long, value_name = "FILE", default_value = "team.db")]
    database: PathBuf,
    /// The built page.
    #[arg(long, value_name = "FOLDER", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/web/dist"))]
    page: PathBuf,
    /// Let the session's cookie travel without TLS. Only where nobody else is on the way; Safari needs it on `localhost`.
    #[arg(long)]
    plain_http: bool,
    /// Be one node of many, over this broker: nats:// or tls://.
    #[arg(long, value_name = "URL", requires = "node")]
    cluster: Option<String>,
    /// What this node is called.
    #[arg(long, value_name = "NAME", requires = "cluster")]
    node: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the TypeScript of the rooms, for the page.
    Types {
        /// Writes nothing, and fails when the file is not what the rooms say.
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
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    #[error(transparent)]
    Cluster(#[from] StartError),
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
            eprintln!("team: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Failure> {
    let store = match args.command {
        // The rooms' types are the same over any database.
        Some(_) => Store::open(":memory:".as_ref())?,
        None => Store::open(&args.database)?,
    };
    match args.command {
        Some(Command::Types { check }) => types(store, check),
        None => serve(args, store).await,
    }
}

fn rooms(store: Store) -> RoomsBuilder {
    Rooms::new().module("team", |m| m.room("chat", Chats::over(store)))
}

fn types(store: Store, check: bool) -> Result<(), Failure> {
    let generated = rooms(store).build()?.typescript(Framework::React)?;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/web/src/rooms.gen.ts");
    Ok(if check { generated.check(path) } else { generated.write(path) }?)
}

async fn serve(args: Args, store: Store) -> Result<(), Failure> {
    let secret = store.secret().await?;
    let rooms = rooms(store.clone()).secret(&secret).build()?;
    let app = App {
        store: store.clone(),
        rooms: rooms.clone(),
        passwords: Passwords::new()?,
        cookies: Cookies { plain_http: args.plain_http },
    };
    let app = Router::new().merge(rooms.router()).merge(api::router(app)).fallback_service(page::service(args.page));
    // Before the address is told: whoever reads it may send the signal at once.
    let shutdown = roomful_axum::shutdown_signal();
    if let (Some(broker), Some(node)) = (&args.cluster, &args.node) {
        Cluster::connect(broker).app("team").node(node).secret(&secret).start(&rooms).await?;
    }
    let address = SocketAddr::new(args.listen, args.port);
    let listener = TcpListener::bind(address).await.map_err(|error| Failure::Listen { address, error })?;
    let address = listener.local_addr()?;
    if !store.has_people().await? {
        let invitation = store.invite(true, SystemTime::now()).await?;
        println!("The first admin joins at http://{address}/#join={}", invitation.as_str());
    }
    println!("listening on http://{address}");
    Ok(roomful_axum::serve(listener, app, &rooms, shutdown).await?)
}
