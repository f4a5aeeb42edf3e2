//! The page that the browser loads.

use std::path::PathBuf;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse as _;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

/// Nothing of another site runs in it, and no other site shows it.
const POLICY: &str =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const NOT_BUILT: &str = "The page has not been built: `npm ci && npm run build` in `web`.\n";

/// Serves the built page, or says how to build it.
pub(crate) fn service(folder: PathBuf) -> Router {
    let policy = SetResponseHeaderLayer::overriding(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if folder.join("index.html").exists() {
        return Router::new().fallback_service(ServeDir::new(folder)).layer(policy);
    }
    tracing::warn!("{}", NOT_BUILT.trim_end());
    Router::new().fallback(async || (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT).into_response())
}
