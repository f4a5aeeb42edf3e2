//! The sockets of one object, and the connections they are.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use futures_util::future::{AbortHandle, Abortable};
use roomful_core::{Close, MemberId};
use roomful_runtime::{Connection, Mailbox, ToWrite};
use worker::WebSocket;
use worker::wasm_bindgen_futures::spawn_local;

/// Sockets by the ids that they are kept by, which are also their tags.
#[derive(Default)]
pub(crate) struct Sockets(RefCell<HashMap<MemberId, Entry>>);

struct Entry {
    connection: Rc<RefCell<Connection>>,
    sender: AbortHandle,
}

impl Sockets {
    /// Begins to send what waits for this connection.
    pub(crate) fn add(&self, id: MemberId, connection: Connection, socket: WebSocket) {
        let (sender, registration) = AbortHandle::new_pair();
        let sending = Abortable::new(send_all(connection.mailbox().clone(), socket), registration);
        spawn_local(async move {
            let _closed_or_aborted = sending.await;
        });
        self.0.borrow_mut().insert(id, Entry { connection: Rc::new(RefCell::new(connection)), sender });
    }

    pub(crate) fn get(&self, id: &MemberId) -> Option<Rc<RefCell<Connection>>> {
        self.0.borrow().get(id).map(|entry| Rc::clone(&entry.connection))
    }

    pub(crate) fn remove(&self, id: &MemberId) -> Option<Rc<RefCell<Connection>>> {
        let Entry { connection, sender } = self.0.borrow_mut().remove(id)?;
        sender.abort();
        Some(connection)
    }

    /// Sends nothing more.
    pub(crate) fn clear(&self) {
        self.0.take().into_values().for_each(|entry| entry.sender.abort());
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

/// The platform takes every frame at once, and keeps what a slow client has not read.
async fn send_all(mailbox: std::sync::Arc<Mailbox>, socket: WebSocket) {
    loop {
        match std::future::poll_fn(|cx| mailbox.poll_next(cx)).await {
            ToWrite::Frame(frame) => {
                // A socket that is closing takes no more, and nobody is there to be told of it.
                if let Err(error) = std::str::from_utf8(&frame).map(|text| socket.send_with_str(text)) {
                    tracing::error!(%error, "a frame is not text");
                }
            }
            ToWrite::Close(close) => return close_socket(&socket, &close),
        }
    }
}

/// Sends a close frame, or answers one. The platform leaves a peer that is not answered waiting.
pub(crate) fn close_socket(socket: &WebSocket, Close { code, reason }: &Close) {
    let closed = match code {
        1005 => socket.close(None, None::<&str>),
        // These stand for a close frame that never was, and cannot be sent.
        1006 | 1015 => socket.close(Some(1000), Some("")),
        _ => socket.close(Some(*code), Some(reason)),
    };
    if let Err(error) = closed {
        tracing::debug!(%error, "a socket was closed already");
    }
}
