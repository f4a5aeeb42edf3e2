//! Threads of sockets.
//!
//! Every socket belongs to one shard, which is one thread: it reads frames and writes frames, and runs no code of the app's but
//! the hooks of rooms that have asked for it: see [`RoomSetup::inline`](roomful::RoomSetup::inline).
//! A room hands a frame once to each shard that has members in it; the shard writes it to each of them.

mod backlog;
mod bell;
#[cfg(test)]
mod bell_model;
mod clock;
mod closers;
#[cfg(all(test, target_os = "linux"))]
mod closing_tests;
mod command;
#[cfg(all(test, target_os = "linux"))]
mod deadline_tests;
#[cfg(all(test, target_os = "linux"))]
mod extremes_tests;
mod heard;
mod life;
#[cfg(all(feature = "bench", unix))]
mod manual;
mod memory;
mod queue;
mod reactor;
#[cfg(all(test, target_os = "linux"))]
mod reactor_tests;
#[cfg(all(test, target_os = "linux"))]
mod reading_tests;
mod room;
mod sender;
mod socket;
mod stream;
#[cfg(test)]
mod tests;
mod tick;
mod timers;
mod writes;

use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::num::NonZero;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError, atomic};
use std::thread;
use std::time::Duration;

use hyper::upgrade::Upgraded;
use roomful::Limits;
use roomful_runtime::{Admission, Platform};

#[cfg(all(feature = "bench", unix))]
pub use manual::ManualShard;
use queue::{Newcomer, Shard};
use reactor::Reactor;

/// How the sockets are served. See [`RoomsExt::router_with`](crate::RoomsExt::router_with).
///
/// ```
/// use std::num::NonZero;
///
/// use roomful_axum::{RoomsExt as _, Sockets};
///
/// # let rooms = roomful::Rooms::new().build()?;
/// let sockets = Sockets::new().threads(NonZero::<usize>::MIN).io_uring(false);
/// let app: axum::Router = axum::Router::new().merge(rooms.router_with(sockets));
/// # Ok::<(), roomful::BuildError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sockets {
    threads: Option<NonZero<usize>>,
    io_uring: bool,
}

impl Default for Sockets {
    fn default() -> Self {
        Self { threads: None, io_uring: true }
    }
}

impl Sockets {
    /// A thread for each core, and io_uring where the system has it and lets it be used.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// So many threads. Over 1,024 it is 1,024: each is meant to have a core.
    #[must_use]
    pub fn threads(mut self, threads: NonZero<usize>) -> Self {
        self.threads = Some(threads);
        self
    }

    /// `false`: each socket is written to with a call of its own. The log says what is used.
    #[must_use]
    pub fn io_uring(mut self, io_uring: bool) -> Self {
        self.io_uring = io_uring;
        self
    }
}

/// No machine has more cores for them.
const MOST_THREADS: usize = 1_024;

/// The threads that sockets are spread over. They end with the last socket after this is dropped.
pub(crate) struct Shards {
    /// In place of one whose thread has failed comes another.
    shards: Vec<Mutex<Arc<Shard>>>,
    hasher: RandomState,
    io_uring: bool,
    limits: Arc<Limits>,
    /// What is dropped with this ends the thread that looks at hooks.
    _looks_at_hooks: mpsc::Sender<Infallible>,
}

impl Shards {
    /// Starts them.
    ///
    /// # Errors
    ///
    /// When the system gives no thread, or nothing to wait for sockets with.
    pub(crate) fn start(sockets: &Sockets, platform: Platform) -> io::Result<Self> {
        let io_uring = sockets.io_uring;
        let one_a_core = || thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        let threads = sockets.threads.unwrap_or_else(one_a_core).get().min(MOST_THREADS);
        let limits = Arc::clone(&platform.settings().limits);
        let looks = look_at_hooks(platform)?;
        let mut shards =
            Self { shards: Vec::new(), hasher: RandomState::new(), io_uring, limits, _looks_at_hooks: looks };
        for nth in 0..threads {
            let shard = start_one(&shards.limits, (nth, threads), io_uring)?;
            shards.shards.push(Mutex::new(shard));
        }
        Ok(shards)
    }

    /// Serves a connection that has been upgraded.
    pub(crate) fn serve(&self, upgraded: Upgraded, admission: Admission, deflate: bool) {
        let (stream, read) = match stream::take(upgraded) {
            Ok(taken) => taken,
            Err(error) => return admission.give_up(&error),
        };
        match self.choose(&admission) {
            Some(shard) => shard.serve(Newcomer { stream, read, admission, deflate }),
            // The socket is dropped, so its client is not left waiting.
            None => admission.give_up(&"no thread of sockets is left"),
        }
    }

    /// The members of a room share a shard, so that a small room's frame wakes one thread; where that one has far more
    /// sockets than the least loaded, as with one large room, they are spread.
    fn choose(&self, admission: &Admission) -> Option<Arc<Shard>> {
        let alive: Vec<_> = (0..self.shards.len()).map(|nth| self.alive(nth)).collect();
        let least = alive.iter().flatten().min_by_key(|shard| shard.sockets())?;
        let own = admission.topic().map(|topic| self.hasher.hash_one(topic) as usize % alive.len());
        let own = own.and_then(|own| alive.get(own)?.as_ref()).unwrap_or(least);
        Some(Arc::clone(if own.sockets() > SPREAD_FROM + 2 * least.sockets() { least } else { own }))
    }

    /// One of the shards. Where its thread has failed, another is started in its place.
    fn alive(&self, nth: usize) -> Option<Arc<Shard>> {
        let mut shard = self.shards.get(nth)?.lock().unwrap_or_else(PoisonError::into_inner);
        if !shard.is_alive() {
            match start_one(&self.limits, (nth, self.shards.len()), self.io_uring) {
                Ok(started) => *shard = started,
                Err(error) => {
                    tracing::error!(%error, "no thread of sockets can be started in place of one that failed");
                    return None;
                }
            }
        }
        Some(Arc::clone(&shard))
    }
}

fn start_one(limits: &Limits, (nth, of): (usize, usize), io_uring: bool) -> io::Result<Arc<Shard>> {
    let reactor = Reactor::one_of(limits, nth, of)?;
    let shard = Arc::clone(&reactor.shard);
    thread::Builder::new().name(format!("roomful-shard-{nth}")).spawn(move || reactor.run(io_uring))?;
    Ok(shard)
}

/// A hook that never ends holds its thread, so a thread on which no hook runs says so.
fn look_at_hooks(platform: Platform) -> io::Result<mpsc::Sender<Infallible>> {
    let (held, looks) = mpsc::channel::<Infallible>();
    thread::Builder::new().name("roomful-watch".to_owned()).spawn(move || {
        while let Err(RecvTimeoutError::Timeout) = looks.recv_timeout(BETWEEN_LOOKS) {
            platform.look_at_hooks();
        }
    })?;
    Ok(held)
}

/// A second: somebody who looks for why nothing moves still does, and it costs nothing.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// So many more sockets than twice the least loaded one's may a shard have before its rooms are spread.
const SPREAD_FROM: usize = 256;

impl Drop for Shards {
    fn drop(&mut self) {
        for shard in &self.shards {
            shard.lock().unwrap_or_else(PoisonError::into_inner).end_with_last();
        }
    }
}
