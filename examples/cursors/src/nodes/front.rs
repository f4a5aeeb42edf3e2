//! What stands before the nodes: each request goes to the next one that is there, a WebSocket too. No client has to come to the
//! same node twice.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::delete;
use hyper::client::conn::http1;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::node::Node;

#[derive(Clone)]
struct Front {
    nodes: Arc<[Node]>,
    next: Arc<AtomicUsize>,
}

pub(crate) fn router(nodes: Arc<[Node]>) -> Router {
    let front = Front { nodes, next: Arc::default() };
    // Browsers ask before they send a `DELETE` for a page of another origin, and nobody here allows it.
    Router::new().route("/demo/nodes/{node}", delete(kill)).fallback(pass).with_state(front)
}

/// `curl -X DELETE localhost:3000/demo/nodes/node-2`, or the button of the page: as where a machine loses its power.
async fn kill(State(front): State<Front>, Path(name): Path<String>) -> StatusCode {
    match front.nodes.iter().find(|node| node.name() == name) {
        Some(node) => {
            node.kill().await;
            StatusCode::NO_CONTENT
        }
        None => StatusCode::NOT_FOUND,
    }
}

async fn pass(State(front): State<Front>, mut request: Request) -> Response {
    let client =
        request.extensions_mut().remove::<OnUpgrade>().filter(|_| request.headers().contains_key(header::UPGRADE));
    match front.ask(request).await {
        Ok(answer) => passed_back(client, answer),
        Err(failed) => failed,
    }
}

impl Front {
    async fn ask(&self, request: Request) -> Result<hyper::Response<hyper::body::Incoming>, Response> {
        let node = self.connect().await.ok_or_else(|| refused(StatusCode::SERVICE_UNAVAILABLE, "no node is there"))?;
        let lost = |error: hyper::Error| refused(StatusCode::BAD_GATEWAY, &format!("the node is lost: {error}"));
        let (mut sender, connection) = http1::handshake(TokioIo::new(node)).await.map_err(lost)?;
        tokio::spawn(async move { report(connection.with_upgrades().await) });
        sender.send_request(request).await.map_err(lost)
    }

    /// To the next node that takes a connection.
    async fn connect(&self) -> Option<TcpStream> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        for turn in 0..self.nodes.len() {
            let node = &self.nodes[first.wrapping_add(turn) % self.nodes.len()];
            if let Some(address) = node.address()
                && let Ok(stream) = TcpStream::connect(address).await
            {
                return Some(stream);
            }
        }
        None
    }
}

/// Where the node has agreed to a WebSocket, what either side says goes to the other from now on.
fn passed_back(client: Option<OnUpgrade>, mut answer: hyper::Response<hyper::body::Incoming>) -> Response {
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(client) = client
    {
        let node = hyper::upgrade::on(&mut answer);
        tokio::spawn(async move { report(join(client, node).await) });
    }
    answer.map(Body::new)
}

async fn join(client: OnUpgrade, node: OnUpgrade) -> io::Result<()> {
    let (client, node) = tokio::try_join!(client, node).map_err(io::Error::other)?;
    tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(node)).await?;
    Ok(())
}

/// That one side has ended is what there is to see here.
fn report<E: std::fmt::Display>(ended: Result<(), E>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection has ended");
    }
}

fn refused(status: StatusCode, why: &str) -> Response {
    (status, why.to_owned()).into_response()
}
