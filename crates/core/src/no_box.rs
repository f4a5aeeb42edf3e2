//! A box that nothing is ever in.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// Stands for a `Box<T>` on a platform where there is no `T`: a worker is in no cluster, for one, and is downloaded. It has no
/// size and no value, so what is done with one where there is one is left out of the program, whatever leads there.
#[derive(Debug)]
pub struct NoBox<T>(Infallible, PhantomData<T>);

impl<T> Deref for NoBox<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self.0 {}
    }
}

impl<T> DerefMut for NoBox<T> {
    fn deref_mut(&mut self) -> &mut T {
        match self.0 {}
    }
}
