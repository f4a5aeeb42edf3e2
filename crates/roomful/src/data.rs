//! A connection's data, which may be renewed while somebody reads it.

use std::sync::{Arc, Mutex, PoisonError};

/// The newest of it, in what all clones of a `Conn` share. Whoever was given an earlier one keeps that; it is dropped with the last
/// who has it.
pub(crate) struct Newest<T>(Mutex<Arc<T>>);

impl<T> Newest<T> {
    pub(crate) fn new(data: T) -> Self {
        Self(Mutex::new(Arc::new(data)))
    }

    pub(crate) fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, data: Arc<T>) {
        let before = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), data);
        // Not under the lock: it is the app's, and may ask for the newest as it goes.
        drop(before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_read_and_what_was_read_stays_for_as_long_as_somebody_has_it() {
        let data = Newest::new("first".to_owned());
        let first = data.get();
        let is_kept = Arc::downgrade(&first);
        data.set(Arc::new("second".into()));
        assert_eq!([&*first, &*data.get()], ["first", "second"]);
        drop(first);
        assert!(is_kept.upgrade().is_none());
    }

    #[test]
    fn what_goes_may_ask_for_the_newest() {
        struct Asks(Option<Arc<Newest<Self>>>);
        impl Drop for Asks {
            fn drop(&mut self) {
                let newest = self.0.take().map(|data| data.get());
                assert!(newest.is_none_or(|newest| newest.0.is_none()));
            }
        }
        let data = Arc::new(Newest::new(Asks(None)));
        data.set(Arc::new(Asks(Some(Arc::clone(&data)))));
        data.set(Arc::new(Asks(None)));
    }
}
