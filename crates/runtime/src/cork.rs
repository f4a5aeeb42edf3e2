//! A thread of sockets is woken (rung) once for all that a task sends while it runs.
//!
//! A handler may take sixteen messages from its queue, and send each to five hundred sockets. Were their thread woken for each
//! message, it would write the first to all five hundred while the others are still being made. It is woken when the task waits
//! or ends, and then writes all sixteen with one call a socket.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Transport;
use super::transport::TransportKey;

/// Transports that are to be rung, each once.
#[derive(Default)]
struct Held {
    /// Most tasks send to one thread of sockets.
    first: Option<Arc<dyn Transport>>,
    others: HashMap<TransportKey, Arc<dyn Transport>>,
}

impl Held {
    fn add(&mut self, transport: &Arc<dyn Transport>) {
        let key = TransportKey::of(transport);
        match &self.first {
            None => self.first = Some(Arc::clone(transport)),
            Some(first) if TransportKey::of(first) == key => {}
            Some(_) => {
                self.others.entry(key).or_insert_with(|| Arc::clone(transport));
            }
        }
    }

    fn ring(self) {
        self.first.iter().chain(self.others.values()).for_each(|transport| transport.ring());
    }
}

thread_local! {
    /// Which transports are to be rung when the task that runs here has stopped; `None` while none is corked.
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// Rings a transport: at once, or when the corked task that runs here waits or ends.
pub(crate) fn ring(transport: &Arc<dyn Transport>) {
    let held = HELD.with_borrow_mut(|held| match held {
        Some(transports) => {
            transports.add(transport);
            true
        }
        None => false,
    });
    if !held {
        transport.ring();
    }
}

/// Rings what the corked task that runs here has sent so far.
pub(crate) fn let_go() {
    let transports = HELD.with_borrow_mut(|held| held.as_mut().map(std::mem::take));
    transports.unwrap_or_default().ring();
}

pin_project! {
    /// A task whose rings are held until it waits or ends.
    pub(crate) struct Corked<F> {
        #[pin]
        task: F,
    }
}

/// Holds the rings of this task.
pub(crate) fn corked<F: Future>(task: F) -> Corked<F> {
    Corked { task }
}

impl<F: Future> Future for Corked<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _cork = Cork::hold();
        self.project().task.poll(cx)
    }
}

/// Rings when it is dropped, after a panic too. A task that is run within another has a cork of its own.
struct Cork {
    outer: Option<Held>,
}

impl Cork {
    fn hold() -> Self {
        Self { outer: HELD.replace(Some(Held::default())) }
    }
}

impl Drop for Cork {
    fn drop(&mut self) {
        HELD.replace(self.outer.take()).unwrap_or_default().ring();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use std::future::poll_fn;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::Delivery;

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Transport for Bell {
        fn deliver(&self, _: Delivery) {}

        fn ring(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn waiting_bytes(&self) -> usize {
            0
        }
    }

    #[test]
    fn a_task_rings_once_each_time_it_waits_or_ends() {
        let bell = Arc::new(Bell::default());
        let transport: Arc<dyn Transport> = bell.clone();
        let rung = || bell.0.load(Ordering::Relaxed);
        ring(&transport);
        assert_eq!(rung(), 1, "nothing holds it");
        let mut task = Box::pin(corked(async {
            ring(&transport);
            ring(&transport);
            let mut waited = false;
            poll_fn(move |_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
            ring(&transport);
            let_go();
            ring(&transport);
        }));
        assert!(task.as_mut().now_or_never().is_none());
        assert_eq!(rung(), 2);
        task.now_or_never().expect("it ends");
        assert_eq!(rung(), 4);
        ring(&transport);
        assert_eq!(rung(), 5);
    }
}
