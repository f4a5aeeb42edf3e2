//! When a connection is cut, and that it is counted.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use metrics::counter;
use tokio::time::Sleep;

use super::turn::{Cut, Turn};

/// Ready when the client has waited too long. It asks again each time, because whatever the connection did has moved the end.
pub(super) async fn overdue(turn: &Turn, clock: Pin<&mut Sleep>) -> Cut {
    struct Overdue<'a>(&'a Turn, Pin<&'a mut Sleep>);

    impl Future for Overdue<'_> {
        type Output = Cut;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cut> {
            let Some((until, cut)) = self.0.overdue() else { return Poll::Pending };
            if self.1.deadline() != until {
                self.1.as_mut().reset(until);
            }
            self.1.as_mut().poll(cx).map(|()| cut)
        }
    }

    Overdue(turn, clock).await
}

/// Nobody is cut in silence.
pub(super) fn count(peer: SocketAddr, cut: Cut) {
    let reason = cut.reason();
    counter!("roomful_http_cut_total", "reason" => reason).increment(1);
    tracing::debug!(%peer, reason, "an HTTP connection was cut");
}
