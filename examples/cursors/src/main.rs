//! The board on axum: its rooms, plain HTTP beside them in `api`, and the page; alone, or as one node of many.

mod api;
mod nodes;
mod operators;
mod page;
mod secret;
mod types;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use axum::Router;
use clap::{Parser, Subcommand};
use cursors::directory::{Directory, InMemory};
use roomful::{BuildError, TypescriptError};
use roomful_axum::RoomsExt as _;
use roomful_cluster::{Cluster, StartError};
use roomful_inspect::InspectExt as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
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
    /// Be one node of many, over this broker: nats://, tls://, redis:// or rediss://.
    #[arg(long, value_name = "URL", requires = "node")]
    cluster: Option<String>,
    /// What this node is called.
    #[arg(long, value_name = "NAME", requires = "cluster")]
    node: Option<String>,
    /// Show on the page which node each member is on, and a button that has the front of `cursors nodes` kill it.
    #[arg(long, requires = "node")]
    show_node: bool,
    /// Stop when standard input ends, too: however whoever started this ends, it does not stay.
    #[arg(long)]
    until_input_ends: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Starts a broker, three nodes, and a front before them that goes round.
    Nodes {
        /// What the nodes talk over.
        #[arg(long, default_value = "nats")]
        broker: nodes::Kind,
        /// The front's port; 0 takes any that is free.
        #[arg(long, default_value_t = 3000)]
        port: u16,
        /// The address that the front listens on.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
        listen: IpAddr,
    },
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
    #[error(transparent)]
    Cluster(#[from] StartError),
    #[error(transparent)]
    Nodes(#[from] nodes::NodesError),
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
    match &args.command {
        Some(Command::Types { check }) => {
            let rooms = cursors::rooms_and_site(directory()).build()?;
            let done = if *check { types::check(&rooms) } else { types::write(&rooms) };
            Ok(done?)
        }
        Some(Command::Nodes { broker, port, listen }) => {
            Ok(nodes::run(*broker, SocketAddr::new(*listen, *port)).await?)
        }
        None => serve(&args).await,
    }
}

async fn serve(args: &Args) -> Result<(), Failure> {
    let secret = secret::secret().map_err(Failure::Secret)?;
    let rooms = match &args.node {
        // The list of boards is what one process knows.
        Some(node) => cursors::rooms_on(args.show_node.then(|| node.clone())),
        None => cursors::rooms_and_site(directory()),
    };
    let rooms = rooms.secret(&secret).build()?;
    let (operators, password) = operators::operators();
    let app = Router::new().merge(rooms.router()).merge(api::router(rooms.clone()));
    let app = app.nest_service("/ops", rooms.inspector(operators)).fallback_service(page::service());
    // Before the address is told: whoever reads it may send the signal at once.
    let shutdown = shutdown(args.until_input_ends)?;
    if let (Some(broker), Some(node)) = (&args.cluster, &args.node) {
        Cluster::connect(broker).app("cursors").node(node).secret(&secret).start(&rooms).await?;
    }
    let address = SocketAddr::new(args.listen, args.port);
    let listener = TcpListener::bind(address).await.map_err(|error| Failure::Listen { address, error })?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}");
    println!("Open it in two windows, side by side. Ctrl-C stops it.");
    if let Some(password) = password {
        println!("What goes on: http://{address}/ops, as `{}` with the password {password}", operators::NAME);
    }
    Ok(roomful_axum::serve(listener, app, &rooms, shutdown).await?)
}

fn directory() -> Arc<dyn Directory> {
    Arc::new(InMemory::default())
}

/// SIGTERM, Ctrl-C, or that standard input ends where that counts.
fn shutdown(until_input_ends: bool) -> io::Result<impl Future<Output = ()>> {
    let signal = roomful_axum::shutdown_signal();
    let (ended, end) = oneshot::channel();
    if until_input_ends {
        // A thread of its own, since nothing can take it out of its waiting.
        thread::Builder::new().spawn(move || {
            let read = io::copy(&mut io::stdin(), &mut io::sink());
            drop(ended.send(read));
        })?;
    }
    Ok(async move {
        tokio::select! {
            () = signal => {}
            Ok(_) = end => {}
        }
    })
}
