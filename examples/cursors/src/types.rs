//! The rooms' types for the page, once for each of its frameworks.

use roomful::{Framework, Rooms, TypescriptError};

const FILES: [(Framework, &str); 2] = [
    (Framework::Preact, concat!(env!("CARGO_MANIFEST_DIR"), "/web/src/rooms.gen.ts")),
    (Framework::React, concat!(env!("CARGO_MANIFEST_DIR"), "/web/src/rooms.react.gen.ts")),
];

pub(crate) fn write(rooms: &Rooms) -> Result<(), TypescriptError> {
    FILES.into_iter().try_for_each(|(framework, path)| rooms.typescript(framework)?.write(path))
}

pub(crate) fn check(rooms: &Rooms) -> Result<(), TypescriptError> {
    FILES.into_iter().try_for_each(|(framework, path)| rooms.typescript(framework)?.check(path))
}
