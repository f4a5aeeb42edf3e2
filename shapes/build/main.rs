//! Makes up types, as many shapes as serde can say, with values of each. `ROOMFUL_SHAPES_SEED` makes others, `ROOMFUL_SHAPES_TYPES`
//! more.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a build script has nobody else to tell")]

mod chance;
mod item;
mod ty;

use std::path::Path;
use std::{env, fs};

use chance::Chance;
use item::Items;

const SEED: u64 = 9;
const TYPES: u64 = 120;

fn main() {
    println!("cargo::rerun-if-env-changed=ROOMFUL_SHAPES_SEED");
    println!("cargo::rerun-if-env-changed=ROOMFUL_SHAPES_TYPES");
    println!("cargo::rerun-if-changed=build");
    let number = |name: &str, default: u64| env::var(name).map_or(default, |text| text.parse().unwrap());
    let seed = number("ROOMFUL_SHAPES_SEED", SEED);
    let mut items = Items::new(Chance::new(seed));
    for _ in 0..number("ROOMFUL_SHAPES_TYPES", TYPES) {
        items.add();
    }
    let written = format!("/// What made them up.\npub(crate) const SEED: u64 = {seed};\n\n{}", items.written());
    let out = env::var("OUT_DIR").unwrap();
    fs::write(Path::new(&out).join("shapes.rs"), written).unwrap();
}
