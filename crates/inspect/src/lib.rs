//! What a running Roomful app shows its operators: a page, and the same as JSON.
//!
//! It is there only where it is mounted, and cannot be mounted without a [guard](roomful::Guard), which sees each request as it
//! sees an upgrade:
//!
//! ```
//! use roomful::{Deny, Rooms, Upgrade};
//! use roomful_inspect::InspectExt as _;
//!
//! async fn operators(upgrade: Upgrade) -> Result<(), Deny> {
//!     match upgrade.header("x-signed-in-as") {
//!         Some("operator") => Ok(()),
//!         _ => Err(Deny::redirect("/login")),
//!     }
//! }
//!
//! # fn app(rooms: &Rooms) -> axum::Router {
//! axum::Router::new().nest_service("/ops", rooms.inspector(operators))
//! # }
//! ```
//!
//! Nobody can forget it:
//!
//! ```compile_fail,E0061
//! use roomful_inspect::InspectExt as _;
//! # fn app(rooms: &roomful::Rooms) -> axum::Router {
//! axum::Router::new().nest_service("/ops", rooms.inspector())
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! use roomful_inspect::InspectExt as _;
//! # fn app(rooms: &roomful::Rooms) -> axum::Router {
//! axum::Router::new().nest_service("/ops", rooms.inspector(()))
//! # }
//! ```
//!
//! It must never write into a page what a peer has said, name a web framework, or keep a room waiting while it writes an answer.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod body;
mod inspector;
mod page;
mod route;
mod sample;
mod views;

pub use body::Body;
pub use inspector::{InspectExt, Inspector};
