//! When the process is asked to end.

use std::future::Future;

/// Ready at the first SIGTERM or Ctrl-C. It listens from the call on, not only when it is awaited: a signal that comes
/// while the app still starts must not kill it half way.
///
/// # Panics
///
/// Outside a tokio runtime.
pub fn shutdown_signal() -> impl Future<Output = ()> + Send {
    let signals = listen::all().into_iter().map(|signal| {
        Box::pin(async move {
            match signal {
                Ok(mut signal) => drop(signal.recv().await),
                Err(error) => {
                    // The other one may still come.
                    tracing::error!(%error, "cannot listen for a signal");
                    std::future::pending().await
                }
            }
        })
    });
    let first = futures_util::future::select_all(signals);
    async { drop(first.await) }
}

#[cfg(unix)]
mod listen {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(super) fn all() -> Vec<io::Result<Signal>> {
        vec![signal(SignalKind::terminate()), signal(SignalKind::interrupt())]
    }
}

#[cfg(windows)]
mod listen {
    use std::io;

    use tokio::signal::windows::{CtrlC, ctrl_c};

    pub(super) fn all() -> Vec<io::Result<CtrlC>> {
        vec![ctrl_c()]
    }
}
