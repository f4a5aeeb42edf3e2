//! The listener.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use super::connection::{self, Accepted, Site};
use super::places::Places;
use super::turn::{Timeouts, Turn};

/// A listener that stops is closed when nobody has come for so long: longer than a handshake of TCP takes that had begun.
const QUIET: Duration = Duration::from_millis(100);

/// And after so long, whoever comes.
const LONGEST_BACKLOG: Duration = Duration::from_secs(2);

/// Where connections come in.
pub(super) struct Door {
    pub(super) listener: TcpListener,
    pub(super) timeouts: Timeouts,
    pub(super) places: Arc<Places>,
    pub(super) site: Arc<Site>,
}

impl Door {
    /// Accepts until the server stops, and then whoever waits in the listener's queue: closing it would reset them, and they
    /// could not know that they were not heard.
    pub(super) async fn stand_open(self) {
        let stopping = &self.site.stopping;
        let until_nobody_waits = async {
            while let Some(accepted) = stopping.run_until_cancelled(self.listener.accept()).await {
                self.admit(accepted).await;
            }
            while let Ok(accepted) = timeout(QUIET, self.listener.accept()).await {
                self.admit(accepted).await;
            }
        };
        let late = async {
            stopping.cancelled().await;
            sleep(LONGEST_BACKLOG).await;
        };
        tokio::select! {
            () = until_nobody_waits => {}
            () = late => tracing::warn!("connections still came when the listener was closed"),
        }
    }

    async fn admit(&self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        match accepted {
            Ok((stream, peer)) => {
                let turn = Turn::new(self.timeouts, Instant::now());
                let place = self.places.take(&turn).await;
                let accepted = Accepted { stream, peer, turn, place };
                self.site.connections.spawn(connection::serve(Arc::clone(&self.site), accepted));
            }
            Err(error) if is_of_one_connection(&error) => {}
            // Out of file descriptors, most often.
            Err(error) => {
                tracing::error!(%error, "cannot accept a connection");
                self.places.make_room().await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
