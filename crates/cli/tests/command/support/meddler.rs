//! What stands before a server and does something to what goes through.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it does. Heads are changed a line at a time: `None` takes the line out.
#[derive(Clone, Copy)]
pub(crate) struct Habits {
    pub(crate) request: fn(&str) -> Option<String>,
    pub(crate) response: fn(&str) -> Option<String>,
    /// Whether it cuts the connection in place of passing these bytes of the server's on.
    pub(crate) cuts_at: fn(&[u8]) -> bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self { request: |line| Some(line.to_owned()), response: |line| Some(line.to_owned()), cuts_at: |_| false }
    }
}

/// A line of a head, unless it is this header's.
pub(crate) fn without(line: &str, header: &str) -> Option<String> {
    let is_it = line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case(header));
    (!is_it).then(|| line.to_owned())
}

pub(crate) struct Meddler {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Meddler {
    /// Connections go to the servers in turn.
    pub(crate) async fn before(servers: &[SocketAddr], habits: Habits) -> Self {
        let servers = servers.to_vec();
        let turn = Arc::new(AtomicUsize::new(0));
        Self::with(move |client| {
            let server = servers[turn.fetch_add(1, Ordering::Relaxed) % servers.len()];
            async move {
                // Either side may end at any time.
                let _ended = pass(client, server, habits).await;
            }
        })
        .await
    }

    /// It answers everything so.
    pub(crate) async fn answering(answer: &'static str) -> Self {
        Self::with(move |mut client| async move {
            if head(&mut client).await.is_ok() {
                let _whoever_asked_may_be_gone = client.write_all(answer.as_bytes()).await;
            }
        })
        .await
    }

    async fn with<F: Future<Output = ()> + Send + 'static>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client));
            }
        });
        Self { address, task }
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(mut client: TcpStream, server: SocketAddr, habits: Habits) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    let request = changed(&head(&mut client).await?, habits.request);
    server.write_all(request.as_bytes()).await?;
    let response = changed(&head(&mut server).await?, habits.response);
    client.write_all(response.as_bytes()).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let down = async {
        let mut bytes = vec![0; 64 << 10];
        loop {
            match from_server.read(&mut bytes).await? {
                0 => return Ok(()),
                read if (habits.cuts_at)(&bytes[..read]) => return Ok(()),
                read => to_client.write_all(&bytes[..read]).await?,
            }
        }
    };
    tokio::select! {
        ended = tokio::io::copy(&mut from_client, &mut to_server) => ended.map(|_| ()),
        ended = down => ended,
    }
}

/// Up to the empty line.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8(head).unwrap())
}

fn changed(head: &str, change: fn(&str) -> Option<String>) -> String {
    let lines = head.trim_end().lines().filter_map(change).map(|line| line + "\r\n");
    lines.chain(["\r\n".to_owned()]).collect()
}
