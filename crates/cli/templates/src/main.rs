//! Serves the rooms and the page, until SIGTERM or Ctrl-C.
//!
//! `cargo run -- types` writes the rooms' TypeScript, `cargo run -- types --check` fails where it is not what they say.

use std::error::Error;

use roomful::Framework;
use roomful_axum::RoomsExt as _;
use tower_http::services::ServeDir;
use tracing_subscriber::EnvFilter;

/// Where the page's types are.
const TYPES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web/src/rooms.gen.ts");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).init();
    let mut rooms = {{crate}}::rooms();
    // With a secret everybody is who they were after a restart, too: set 32 random bytes or more.
    if let Ok(secret) = std::env::var("ROOMFUL_SECRET") {
        rooms = rooms.secret(&secret);
    }
    let rooms = rooms.build()?;
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {}
        ["types"] => return Ok(rooms.typescript(Framework::{{framework}})?.write(TYPES)?),
        ["types", "--check"] => return Ok(rooms.typescript(Framework::{{framework}})?.check(TYPES)?),
        _ => return Err("nothing, `types` or `types --check`".into()),
    }
    let page = std::env::var("PAGE").unwrap_or_else(|_| "web/dist".to_owned());
    let app = axum::Router::new().merge(rooms.router()).fallback_service(ServeDir::new(page));
    let address = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(roomful_axum::serve(listener, app, &rooms, roomful_axum::shutdown_signal()).await?)
}
