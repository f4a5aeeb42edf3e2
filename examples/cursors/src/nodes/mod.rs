//! `cursors nodes`: a broker, three nodes of the board and a front before them, all on this machine, to see what happens when
//! a node dies. On machines of yours each of these is somebody else's: a broker that runs already, what starts your services
//! again, and a load balancer.

mod broker;
mod front;
mod node;
mod process;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(crate) use self::broker::Kind;
use self::broker::{Broker, BrokerError};
use self::node::{Node, NodeError};

const NODES: [&str; 3] = ["node-1", "node-2", "node-3"];

#[derive(Debug, thiserror::Error)]
pub(crate) enum NodesError {
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error("cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: io::Error },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs all of it until SIGTERM or Ctrl-C. Nothing that it started is left then, nor where it is killed.
pub(crate) async fn run(kind: Kind, address: SocketAddr) -> Result<(), NodesError> {
    // Before the address is told: whoever reads it may send the signal at once.
    let shutdown = roomful_axum::shutdown_signal();
    let listener = TcpListener::bind(address).await.map_err(|error| NodesError::Listen { address, error })?;
    let mut broker = Broker::start(kind).await?;
    let nodes: Arc<[Node]> = NODES.into_iter().map(|name| Node::new(name, broker.address())).collect();
    let mut lives = JoinSet::new();
    let ran = tokio::select! {
        ran = serve(listener, &nodes, &mut lives, broker.address().to_owned()) => ran,
        ended = broker.ended() => Err(ended.into()),
        () = shutdown => Ok(()),
    };
    // The nodes first: they say goodbye over the broker.
    nodes.iter().for_each(Node::stop);
    while lives.join_next().await.is_some() {}
    broker.stop().await?;
    ran
}

async fn serve(
    listener: TcpListener,
    nodes: &Arc<[Node]>,
    lives: &mut JoinSet<()>,
    broker: String,
) -> Result<(), NodesError> {
    for node in 0..nodes.len() {
        let run = nodes[node].start().await?;
        let nodes = nodes.clone();
        lives.spawn(async move { nodes[node].live(run).await });
    }
    println!("listening on http://{}", listener.local_addr()?);
    for (node, address) in nodes.iter().filter_map(|node| Some((node, node.address()?))) {
        println!("  {} is at http://{address}", node.name());
    }
    println!("  the broker is at {broker}");
    println!("Open it in two windows, and kill the node of one. Ctrl-C stops all of it.");
    Ok(axum::serve(listener, front::router(nodes.clone())).await?)
}
