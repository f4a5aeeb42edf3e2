//! What lies between a client and its server, and can be cut.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

/// Passes bytes both ways.
pub(crate) struct Cable {
    pub(crate) address: SocketAddr,
    cuts: broadcast::Sender<()>,
    task: JoinHandle<()>,
}

impl Cable {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (cuts, _) = broadcast::channel(1);
        let cutting = cuts.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server, cutting.subscribe()));
            }
        });
        Self { address, cuts, task }
    }

    /// Ends each connection that there is, without a word.
    pub(crate) fn cut(&self) {
        self.cuts.send(()).expect("somebody is connected");
    }
}

async fn pass(mut client: TcpStream, server: SocketAddr, mut cuts: broadcast::Receiver<()>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    tokio::select! {
        _ended = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _cut = cuts.recv() => {}
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.task.abort();
    }
}
