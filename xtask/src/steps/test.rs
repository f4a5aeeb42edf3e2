//! All steps of `cargo xtask test`. As soon as what it needs has passed, the first in this order begins: what may be missing on the
//! machine, then what others wait for, then what takes longest.
//!
//! Nothing is compiled here in two ways but what runs on two targets. The programs are those of the `dev` profile; the workers
//! are built as one deploys them, since there is no other build of them that runs the same code.

use super::passed;
use crate::npm;
use crate::rust;
use crate::step::Step;
use crate::tools;
use crate::typescript::{self, CLIENT, WEB};
use crate::worker::{self, WORKER};

pub(crate) const TEST: &[Step] = &[
    Step { name: "tools-wasm", promise: "the WebAssembly target is installed", needs: &[], work: tools::wasm },
    Step { name: "tools-node", promise: "Node and npm are installed", needs: &[], work: tools::node },
    Step { name: "tools-chromium", promise: "a Chromium is installed", needs: &[], work: tools::chromium },
    Step { name: "tools-brokers", promise: "NATS and Redis are installed", needs: &[], work: tools::brokers },
    Step {
        name: "tools-worker",
        promise: "worker-build and wasm-bindgen are installed",
        needs: &["tools-wasm"],
        work: worker::tools,
    },
    Step { name: "rust-build", promise: "the Rust programs and their tests build", needs: &[], work: rust::build },
    Step {
        name: "client-install",
        promise: "the client's dependencies are installed",
        needs: &["tools-node"],
        work: |repo| passed(npm::install(repo, CLIENT)),
    },
    Step {
        name: "client-build",
        promise: "the client builds",
        needs: &["client-install"],
        work: |repo| passed(npm::script(repo, CLIENT, "build", &[])),
    },
    Step {
        name: "client-test",
        promise: "the client's tests",
        needs: &["client-build"],
        work: |repo| passed(npm::script(repo, CLIENT, "test", &[])),
    },
    Step {
        name: "web-install",
        promise: "the board's dependencies are installed",
        needs: &["tools-node"],
        work: |repo| passed(npm::install(repo, WEB)),
    },
    Step {
        name: "web-build",
        promise: "the board's page builds",
        needs: &["web-install", "client-build"],
        work: |repo| passed(npm::script(repo, WEB, "build", &[])),
    },
    Step {
        name: "web-test",
        promise: "the tests of the board's page",
        needs: &["web-install", "client-build"],
        work: |repo| passed(npm::script(repo, WEB, "test", &[])),
    },
    Step {
        name: "worker-install",
        promise: "workerd and what builds a worker are installed",
        needs: &["tools-node"],
        work: |repo| passed(npm::install(repo, WORKER)),
    },
    Step {
        name: "worker-serve",
        promise: "what serves a worker starts, acts on its objects, and leaves nothing behind",
        needs: &["worker-install"],
        work: |repo| passed(npm::script(repo, WORKER, "test", &[])),
    },
    Step {
        name: "worker-build",
        promise: "the board's worker builds",
        needs: &["tools-worker", "worker-install"],
        work: worker::build_board,
    },
    Step {
        name: "worker-fixture",
        promise: "the worker with the rooms that tests use builds",
        needs: &["tools-worker", "worker-install"],
        work: worker::build_fixture,
    },
    Step {
        name: "types",
        promise: "the generated TypeScript is what the Rust code says",
        needs: &["rust-build"],
        work: rust::types,
    },
    Step {
        name: "type-shapes",
        promise: "types of every shape are in TypeScript what serde writes and reads",
        needs: &["rust-build", "client-install"],
        work: rust::shapes,
    },
    Step {
        name: "rust-test",
        promise: "the Rust tests, those in the documentation too",
        needs: &["rust-build", "tools-brokers"],
        work: rust::test,
    },
    Step {
        name: "browser",
        promise: "the board and typed sockets in a real browser, on axum and on workerd",
        needs: &["tools-chromium", "tools-brokers", "rust-build", "web-build", "worker-build", "worker-fixture"],
        work: typescript::browser,
    },
    Step {
        name: "worker-test",
        promise: "the rooms in Durable Objects, on workerd",
        needs: &["rust-build", "worker-fixture"],
        work: worker::test,
    },
    Step {
        name: "inline-test",
        promise: "the fixture's suite, with hooks that run where their sockets are read",
        needs: &["rust-build"],
        work: rust::test_inline,
    },
    Step {
        name: "nodes-test",
        promise: "the fixture's suite and the recordings, with the members of a room at different nodes",
        needs: &["rust-build"],
        work: rust::test_nodes,
    },
];
