//! The page that the browser loads.

use std::path::Path;

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use tower_http::services::ServeDir;

const DIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web/dist");
const NOT_BUILT: &str = "The page has not been built. `cargo xtask demo` builds it and starts the server; \
                         `npm run build` in examples/cursors/web builds it alone.\n";

/// Serves the built page, or says how to build it.
pub(crate) fn service() -> Router {
    if Path::new(DIST).join("index.html").exists() {
        return Router::new().fallback_service(ServeDir::new(DIST));
    }
    tracing::warn!("{}", NOT_BUILT.trim_end());
    Router::new().fallback(async || (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT).into_response())
}
