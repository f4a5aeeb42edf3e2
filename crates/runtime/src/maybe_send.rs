//! `Send` where there are threads, nothing where there are none.
//!
//! Hooks move between threads under tokio. In a Durable Object there is one thread, and the platform's types are not `Send`. So
//! that one definition of a room runs on both, this bound means what the target needs.

use std::future::Future;
use std::pin::Pin;

#[cfg(not(target_family = "wasm"))]
mod bounds {
    /// `Send` on native targets, no bound on wasm.
    pub trait MaybeSend: Send {}
    impl<T: Send + ?Sized> MaybeSend for T {}
    /// `Sync` on native targets, no bound on wasm.
    pub trait MaybeSync: Sync {}
    impl<T: Sync + ?Sized> MaybeSync for T {}
    /// A future of any type.
    pub type BoxFuture<'a, T> = super::Pin<Box<dyn super::Future<Output = T> + Send + 'a>>;
}

#[cfg(target_family = "wasm")]
mod bounds {
    /// `Send` on native targets, no bound on wasm.
    pub trait MaybeSend {}
    impl<T: ?Sized> MaybeSend for T {}
    /// `Sync` on native targets, no bound on wasm.
    pub trait MaybeSync {}
    impl<T: ?Sized> MaybeSync for T {}
    /// A future of any type.
    pub type BoxFuture<'a, T> = super::Pin<Box<dyn super::Future<Output = T> + 'a>>;
}

pub use bounds::{BoxFuture, MaybeSend, MaybeSync};
