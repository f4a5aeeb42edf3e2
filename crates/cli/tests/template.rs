//! What `roomful new` writes, as far as it can be tried without building a project of its own: the rooms' tests, and their types.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows a test by its attribute, and all of this is only there for tests"
)]

#[path = "../templates/src/lib.rs"]
#[allow(unreachable_pub, reason = "in a project it is a crate of its own")]
mod template;

use std::path::Path;

use roomful::Framework;

#[test]
fn the_types_are_what_the_rooms_say() {
    let rooms = template::rooms().build().unwrap();
    for (framework, file) in [(Framework::React, "rooms.gen.react.ts"), (Framework::Preact, "rooms.gen.preact.ts")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/web/src").join(file);
        let types = rooms.typescript(framework).unwrap();
        if let Err(error) = types.check(&path) {
            panic!("{error}\n{}", types.as_str());
        }
    }
}
