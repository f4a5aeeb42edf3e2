//! The lock that this crate uses.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// No user code runs while one of these locks is held, so a panic cannot leave what it guards half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
