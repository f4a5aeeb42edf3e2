//! All steps of `cargo xtask check`, in the order in which they run: first what fails soonest, and each tool where the
//! first step needs it.

use super::passed;
use crate::npm;
use crate::rust;
use crate::step::Step;
use crate::typescript::{self, CLIENT, ENVIRONMENTS, WEB};
use crate::worker::WORKER;
use crate::{
    bench, book, circles, deploy, doc_examples, fuzz, instructions, layering, package, public_api, release, sans_io,
    simulate, team, tools, tutorial,
};

pub(crate) const CHECK: &[Step] = &[
    Step { name: "tools-rust", promise: "rustfmt and clippy are installed", needs: &[], work: tools::rust },
    Step { name: "fmt", promise: "the Rust code is formatted", needs: &["tools-rust"], work: rust::fmt },
    Step {
        name: "layering",
        promise: "imports point down, and the core does no I/O",
        needs: &[],
        work: |repo| {
            layering::check(repo)?;
            passed(sans_io::check(repo))
        },
    },
    Step {
        name: "circles",
        promise: "no file needs another that needs it",
        needs: &[],
        work: |repo| passed(circles::check(repo)),
    },
    Step {
        name: "prettier",
        promise: "the TypeScript code is formatted",
        needs: &["client-install"],
        work: typescript::prettier,
    },
    Step {
        name: "client-lint",
        promise: "no type error and no warning in the client",
        needs: &["client-build"],
        work: |repo| passed(npm::script(repo, CLIENT, "lint", &[])),
    },
    Step {
        name: "client-size",
        promise: "the client is as small as it promises",
        needs: &["client-build"],
        work: |repo| passed(npm::script(repo, CLIENT, "size", &[])),
    },
    Step {
        name: "environments-install",
        promise: "Next.js and Jest are installed",
        needs: &["tools-node"],
        work: |repo| passed(npm::install(repo, ENVIRONMENTS)),
    },
    Step {
        name: "environments",
        promise: "the npm package, as it is published, in Node, in Jest and in Next.js",
        needs: &["environments-install", "client-build"],
        work: |repo| passed(npm::script(repo, ENVIRONMENTS, "test", &[])),
    },
    Step {
        name: "web-lint",
        promise: "no type error and no warning in the board's page",
        needs: &["web-install", "client-build"],
        work: |repo| passed(npm::script(repo, WEB, "lint", &[])),
    },
    Step { name: "tools-deny", promise: "cargo-deny is installed", needs: &[], work: tools::cargo_deny },
    Step {
        name: "deny",
        promise: "licences, sources, bans and advisories of what is imported",
        needs: &["tools-deny"],
        work: rust::deny,
    },
    Step {
        name: "clippy",
        promise: "no warning anywhere in the Rust code",
        needs: &["tools-rust"],
        work: rust::clippy,
    },
    Step {
        name: "worker-clippy",
        promise: "no warning in what only runs on workerd",
        needs: &["tools-rust", "tools-wasm"],
        work: rust::clippy_worker,
    },
    Step {
        name: "wasm",
        promise: "the core and the app's API build for WebAssembly",
        needs: &["tools-wasm"],
        work: rust::wasm,
    },
    Step {
        name: "platforms",
        promise: "the libraries compile for macOS and Windows",
        needs: &[],
        work: rust::platforms,
    },
    Step { name: "doc", promise: "the documentation builds without a warning", needs: &[], work: rust::doc },
    Step {
        name: "public-api",
        promise: "an app can name every type that it meets, with `roomful` alone",
        needs: &["tools-wasm"],
        work: |repo| passed(public_api::check(repo)),
    },
    Step {
        name: "doc-examples",
        promise: "the documentation's examples need only what an app depends on",
        needs: &["tools-wasm"],
        work: doc_examples::check,
    },
    Step {
        name: "bench-lint",
        promise: "the load generator is formatted, and no warning is in it",
        needs: &["tools-rust"],
        work: bench::lint,
    },
    Step { name: "bench-test", promise: "the tests of the load generator", needs: &[], work: bench::test },
    Step { name: "tools-mdbook", promise: "mdBook is installed", needs: &[], work: book::tools },
    Step {
        name: "docs",
        promise: "the documentation is a site, and every link of it leads somewhere",
        needs: &["tools-mdbook"],
        work: book::build,
    },
    Step {
        name: "docs-types",
        promise: "the TypeScript of the documentation compiles",
        needs: &["client-build"],
        work: typescript::documents,
    },
    Step {
        name: "tutorial",
        promise: "from an empty folder to two browsers, as the first chapter says it",
        needs: &["tools-chromium", "web-install", "client-install"],
        work: tutorial::check,
    },
    Step {
        name: "team-install",
        promise: "the dependencies of the team's page are installed",
        needs: &["tools-node"],
        work: |repo| passed(npm::install(repo, team::WEB)),
    },
    Step {
        name: "team-server",
        promise: "the team's chat: no warning, its tests, and the page's types are what it says",
        needs: &["tools-rust"],
        work: team::server,
    },
    Step {
        name: "team-page",
        promise: "the page of the team's chat: no type error, its tests, and it builds",
        needs: &["team-install", "client-build"],
        work: team::page,
    },
    Step {
        name: "team-browser",
        promise: "the team's chat in a real browser: through a restart, over two nodes, and whom an admin removes",
        needs: &["tools-chromium", "tools-brokers", "team-server", "team-page"],
        work: team::browser,
    },
    Step { name: "tools-proxies", promise: "nginx and Caddy are installed", needs: &[], work: tools::proxies },
    Step {
        name: "proxies",
        promise: "nginx and Caddy pass on all that rooms need, as `deploy/` has them",
        needs: &["tools-proxies"],
        work: deploy::proxies,
    },
    Step { name: "tools-promtool", promise: "promtool is installed", needs: &[], work: tools::promtool },
    Step {
        name: "alerts",
        promise: "each alert fires when it should and not when it should not, and Prometheus reads the dashboard",
        needs: &["tools-promtool"],
        work: deploy::alerts,
    },
    Step {
        name: "systemd",
        promise: "systemd knows what its unit says, and calls the service confined",
        needs: &[],
        work: deploy::systemd,
    },
    Step {
        name: "worker-size",
        promise: "the worker is as small as it promises",
        needs: &["worker-build"],
        work: |repo| passed(npm::script(repo, WORKER, "size", &[])),
    },
    Step {
        name: "package",
        promise: "what is published is whole, and builds without the rest",
        needs: &["client-build"],
        work: package::check,
    },
    Step {
        name: "release",
        promise: "the next version could be released, and the oldest compiler is the one that compiles all of this",
        needs: &[],
        work: release::check,
    },
    Step { name: "tools-valgrind", promise: "valgrind is installed", needs: &[], work: tools::valgrind },
    Step {
        name: "instructions",
        promise: "a message to 500 members takes no more instructions than it did",
        needs: &["tools-valgrind"],
        work: instructions::check,
    },
    Step {
        name: "tools-engines",
        promise: "Firefox and WebKitGTK are installed",
        needs: &["tools-chromium"],
        work: tools::engines,
    },
    Step {
        name: "engines",
        promise: "a visitor's session in Chromium, Firefox and WebKit, whatever is lost",
        needs: &["tools-engines", "web-install", "client-build"],
        work: typescript::engines,
    },
    Step {
        name: "simulator",
        promise: "ten million events in rooms, and many nodes under faults, in virtual time break no promise",
        needs: &[],
        work: simulate::many,
    },
    Step { name: "miri", promise: "the one place with `unsafe` does nothing undefined", needs: &[], work: rust::miri },
    Step { name: "fuzz", promise: "no bytes break the WebSocket protocol", needs: &[], work: fuzz::run },
];
