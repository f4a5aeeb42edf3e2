//! `Send` where there are threads, nothing where there are none.
//!
//! Handlers move between threads under tokio and never do in a Durable Object, where the platform's own types are not
//! `Send`. One bound that means the right thing on each is what lets one room definition run on both.

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
