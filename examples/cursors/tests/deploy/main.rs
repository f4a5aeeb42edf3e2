//! What the files of `deploy/` say, against what the board and Roomful need. That proxies do as theirs say is tested with the
//! fixture, `cargo xtask check --only proxies`; what systemd makes of its unit, `--only systemd`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows a test by its attribute, and all of this is only there for tests"
)]

mod board;
mod compose;
mod dockerfile;
mod files;
mod kubernetes;
mod served;
mod systemd;
mod telemetry;
mod yaml;
