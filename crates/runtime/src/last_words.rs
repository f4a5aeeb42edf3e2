//! Who may still speak for a member that has left: the hooks of its end, and nobody else who holds a `Conn`.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;

use crate::member::LiveMember;

thread_local! {
    /// Of which member the hooks of its end run here right now, by its address.
    static OF: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Whether it is the hook of this member's end that speaks.
pub(crate) fn are_of(member: &LiveMember) -> bool {
    OF.get() == Some(address(member))
}

/// Runs the hooks of a member's end.
pub(crate) async fn of<T>(member: &LiveMember, hooks: impl Future<Output = T>) -> T {
    let mut hooks = pin!(hooks);
    poll_fn(|cx| {
        let _outer = Speaking::of(member);
        hooks.as_mut().poll(cx)
    })
    .await
}

/// Gives back what was, also after a panic.
struct Speaking {
    outer: Option<usize>,
}

impl Speaking {
    fn of(member: &LiveMember) -> Self {
        Self { outer: OF.replace(Some(address(member))) }
    }
}

impl Drop for Speaking {
    fn drop(&mut self) {
        OF.set(self.outer);
    }
}

fn address(member: &LiveMember) -> usize {
    std::ptr::from_ref(member) as usize
}
