//! Rooms in Cloudflare Durable Objects: the definitions that run on axum, one object for each room.
//!
//! Two things run: the worker, where requests come in, and the objects, where rooms live. [`RoomsExt::fetch`] is the
//! worker's half: it reads which room an upgrade is for and runs guards and `data`, so whoever is denied never wakes an
//! object. [`room_object!`] exports the class of the objects.
//!
#![cfg_attr(target_family = "wasm", doc = "```no_run,standalone_crate")]
#![cfg_attr(not(target_family = "wasm"), doc = "```ignore")]
//! use roomful::{BuildError, Rooms};
//! use roomful_worker::RoomsExt as _;
//! use worker::{Context, Env, Request, Response, event};
//!
//! # use roomful::{Channel, Deny, Room, Upgrade};
//! # #[derive(Clone, Channel)]
//! # #[channel("board/:boardId", message = String)]
//! # struct Board { board_id: String }
//! # struct Cursors;
//! # impl Room for Cursors {
//! #     type Channel = Board;
//! #     type Data = ();
//! #     async fn data(&self, _: &Upgrade<Board>) -> Result<(), Deny> { Ok(()) }
//! # }
//! fn rooms(_: &Env) -> Result<Rooms, BuildError> {
//!     Rooms::new().module("board", |m| m.room("cursors", Cursors)).build()
//! }
//!
//! // Exports the class of the objects.
//! roomful_worker::room_object!(RoomObject, rooms);
//!
//! #[event(fetch)]
//! async fn fetch(request: Request, env: Env, _: Context) -> worker::Result<Response> {
//!     rooms(&env).map_err(|error| error.to_string())?.fetch(request, &env).await
//! }
//! # fn main() {}
//! ```
//!
//! An HTTP handler of the worker's reaches a room in its object: `rooms.on(&env).at(&key)`, see [`RoomsExt::on`].
//!
//! An object is put away while its sockets stay open, and may be lost at any moment; what it needs to go on lies beside
//! each socket, and of members who are held without one in its storage. It must never keep anything in memory that the next
//! instance would miss, and never hold an object awake: a timer lives for a presence tick at most, and what waits longer waits
//! for the object's alarm.
//!
//! Only this crate names the `worker` crate. It is empty on other targets than WebAssembly.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(target_family = "wasm"),
    allow(rustdoc::broken_intra_doc_links, reason = "what this page links to is not there on this target")
)]

#[cfg(target_family = "wasm")]
mod alarm;
#[cfg(target_family = "wasm")]
mod console;
#[cfg(target_family = "wasm")]
mod edge;
// Needs nothing of the platform's, so its tests run on any machine.
#[cfg(any(target_family = "wasm", test))]
mod forwarded;
#[cfg(target_family = "wasm")]
mod host;
#[cfg(target_family = "wasm")]
mod instances;
// As `forwarded`.
#[cfg(any(target_family = "wasm", test))]
mod named;
#[cfg(target_family = "wasm")]
mod object;
#[cfg(target_family = "wasm")]
mod objects;
#[cfg(target_family = "wasm")]
mod reach;
#[cfg(target_family = "wasm")]
mod request;
#[cfg(target_family = "wasm")]
mod socket;
#[cfg(target_family = "wasm")]
mod store;
#[cfg(target_family = "wasm")]
mod streams;
#[cfg(target_family = "wasm")]
mod tasks;

#[cfg(target_family = "wasm")]
pub use edge::{Edge, RoomsExt};
#[cfg(target_family = "wasm")]
pub use instances::Define;
#[cfg(target_family = "wasm")]
pub use object::Object;

/// Exports the class of the objects that rooms live in: `room_object!(RoomObject, rooms)`, where `rooms` is an
/// `fn(&Env) -> Result<Rooms, BuildError>` of the same module. The name is the `class_name` of the binding in `wrangler.jsonc`.
#[cfg(target_family = "wasm")]
#[macro_export]
macro_rules! room_object {
    ($name:ident, $rooms:ident) => {
        pub use __room_object::$name;

        #[doc(hidden)]
        mod __room_object {
            // What `durable_object` writes names `wasm_bindgen` as if it stood here.
            use ::worker::wasm_bindgen;
            use ::worker::{Env, Error, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage};

            /// One room, or one typed socket.
            #[::worker::durable_object]
            pub struct $name {
                object: $crate::Object,
            }

            impl ::worker::DurableObject for $name {
                fn new(state: State, env: Env) -> Self {
                    Self { object: $crate::Object::new(state, &env, super::$rooms) }
                }

                async fn fetch(&self, request: Request) -> Result<Response> {
                    self.object.fetch(request).await
                }

                async fn alarm(&self) -> Result<Response> {
                    self.object.alarm().await
                }

                async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
                    self.object.message(&socket, message).await;
                    Ok(())
                }

                async fn websocket_close(&self, socket: WebSocket, code: usize, reason: String, _: bool) -> Result<()> {
                    self.object.close(&socket, code, reason).await;
                    Ok(())
                }

                async fn websocket_error(&self, socket: WebSocket, error: Error) -> Result<()> {
                    self.object.error(&socket, error).await;
                    Ok(())
                }
            }
        }
    };
}
