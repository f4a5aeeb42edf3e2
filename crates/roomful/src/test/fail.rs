//! How the test kit reports.

/// A test kit's way to report is to fail the test.
#[allow(clippy::panic, reason = "this module is for tests alone")]
#[track_caller]
pub(super) fn fail(why: &str) -> ! {
    panic!("{why}")
}
