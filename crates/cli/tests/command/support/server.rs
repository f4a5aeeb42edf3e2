//! The fixture's rooms, on a port of their own.

use std::net::SocketAddr;

use fixture::{Fixture, Settings};
use roomful::Rooms;
use roomful_axum::RoomsExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    pub(crate) async fn start_with(settings: Settings) -> Self {
        let fixture = Fixture::build(settings).unwrap();
        Self::serve(fixture.router(), fixture.rooms().clone()).await
    }

    /// Rooms that only one test needs.
    pub(crate) async fn start_rooms(rooms: Rooms) -> Self {
        Self::serve(axum_of(&rooms), rooms).await
    }

    async fn serve(router: axum::Router, rooms: Rooms) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            roomful_axum::serve(listener, router, &rooms, std::future::pending()).await.unwrap();
        });
        Self { address, task }
    }
}

fn axum_of(rooms: &Rooms) -> axum::Router {
    rooms.router()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
