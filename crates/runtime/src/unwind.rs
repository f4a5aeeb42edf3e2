//! The app's code may panic at any moment: when it is called, and when something of it is dropped. Here it ends.
//!
//! On WebAssembly nothing can be caught: a panic ends the instance.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls the app's code. Of a panic its message comes back.
pub(crate) fn catch<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(message)
}

/// Drops a value of the app's, or one that holds some. A panic of that can only be logged.
pub fn let_go<T>(value: T) {
    if let Err(panic) = catch(move || drop(value)) {
        tracing::error!(panic, "a value of the app's panicked when it was dropped");
    }
}

fn message(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    // What was panicked with may panic in its own drop, and so may what that panics with: that one is not dropped.
    if let Err(again) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
        std::mem::forget(again);
    }
    text.unwrap_or_else(|| "a value that is not text".to_owned())
}
