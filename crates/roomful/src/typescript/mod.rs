//! The browser's types, from the Rust ones.

mod apart;
mod asked;
#[cfg(not(target_family = "wasm"))]
mod at_build;
mod bigint;
mod check;
mod describing;
mod error;
mod framework;
mod item;
mod large;
mod lower;
mod making;
mod names;
mod print;
mod shape;
mod sides;
mod sink;
mod std_types;
mod table;
mod taken;
mod ts;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub use asked::{Reading, Reads, ReadsNot, Writes, WritesNot, Writing};
#[cfg(not(target_family = "wasm"))]
pub(crate) use at_build::large_integers;
pub use describing::Describing;
pub use error::{Refusal, TypescriptError};
pub use framework::Framework;
pub use item::{Argument, Body, Container, Describe, Field, Item, Names, SkipIf, Variant};
pub use large::{LargeInteger, LargeIntegers, TypescriptOptions};
pub use making::{Makes, MakesNot, Making};
use roomful_core::frame::EndpointKind;
use roomful_core::pattern::Pattern;
pub(crate) use shape::Number;
pub use shape::{Shape, Way};
pub use sink::{Described, Probe, TypeSink, Undescribed};
pub use ts::TS;

use crate::Rooms;
use bigint::Literal;
use names::{property, quoted};
use roomful_runtime::Definition;
use sink::{Finished, Written};

/// A generated file. Commit it, and [`check`](Typescript::check) it in CI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typescript {
    text: String,
    warnings: Vec<LargeInteger>,
}

impl Rooms {
    /// The TypeScript for all that a client connects to: the types, `serverRooms` with an entry for each room, and in the same
    /// way `serverSockets`, `serverFeeds` and `serverLive`. An entry has the name of its room. Where two modules have a room of
    /// the same name, the entries have the module's name, too (`boardCursors`).
    ///
    /// A type that serde does not write as it reads it, because a field may be left out on one side for example, is declared
    /// twice where it goes both ways: `Moved` is what is written, and `MovedIncoming` what may be sent.
    ///
    /// An integer of 64 bits or more is `number` there, which JavaScript rounds from 2^53 on: each is a warning, unless the
    /// options, or else [`RoomsBuilder::large_integers`](crate::RoomsBuilder::large_integers), say what is meant.
    ///
    /// # Errors
    ///
    /// When a type is not [`TS`]; when serde's attributes make of one what TypeScript cannot say, or what serde itself does not
    /// read back; when two types, or two rooms, have one name. In a worker always, which knows of no types.
    pub fn typescript(&self, options: impl Into<TypescriptOptions>) -> Result<Typescript, TypescriptError> {
        if cfg!(target_family = "wasm") {
            return Err(TypescriptError::InWorker);
        }
        let TypescriptOptions { framework, large_integers } = options.into();
        let large_integers = large_integers.unwrap_or(self.large_integers());
        let groups = groups(self.definitions());
        let mut types = TypeSink::new(true);
        for definition in groups.iter().flat_map(|(_, definitions)| definitions) {
            definition.endpoint.describe(&mut types);
        }
        let Finished { declarations, written, bigints, large: warnings } = types.finish(large_integers)?;
        warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        let (mut functions, mut readers, mut constants) = (Vec::new(), Vec::new(), Vec::new());
        let mut written = written.into_iter();
        for (kind, definitions) in &groups {
            let written: Vec<_> = written.by_ref().take(definitions.len()).collect();
            functions.push(kind.function);
            if written.iter().any(|one| one.bigints.is_some()) {
                readers.push(format!("{}Bigints", kind.function));
            }
            constants.push(constant(kind, definitions, &written)?);
        }
        let (imported, constants) = (functions.join(", "), constants.join("\n"));
        let (reading, bigints) = if readers.is_empty() {
            (String::new(), String::new())
        } else {
            let reading = format!("import {{ {} }} from 'roomful/bigint';\n", readers.join(", "));
            (reading, format!("const bigints = {};\n\n", bigints.broken(0)))
        };
        let text = format!(
            "// Generated from the Rust rooms by `rooms.typescript()`. Do not edit.\n\
             import {{ {imported} }} from '{}';\n{reading}\n{declarations}{bigints}{constants}",
            framework.import()
        );
        Ok(Typescript { text, warnings })
    }
}

/// How one kind of what a client connects to stands in the file.
struct Kind {
    of: EndpointKind,
    /// What errors call it.
    word: &'static str,
    /// The constant that has an entry for each.
    constant: &'static str,
    /// The client's function that names one.
    function: &'static str,
    /// What its params are called.
    params: &'static str,
}

/// In the order of the file.
const KINDS: [Kind; 4] = [
    Kind { of: EndpointKind::Room, word: "room", constant: "serverRooms", function: "room", params: "key" },
    Kind { of: EndpointKind::Socket, word: "socket", constant: "serverSockets", function: "socket", params: "params" },
    Kind { of: EndpointKind::Feed, word: "feed", constant: "serverFeeds", function: "feed", params: "key" },
    Kind { of: EndpointKind::Live, word: "live value", constant: "serverLive", function: "live", params: "key" },
];

/// The kinds that there are any of; `serverRooms` where there is nothing at all, so that a page can be begun.
fn groups(definitions: &[Arc<Definition>]) -> Vec<(&'static Kind, Vec<&Arc<Definition>>)> {
    let of = |kind: &Kind| definitions.iter().filter(|definition| definition.kind == kind.of).collect::<Vec<_>>();
    let groups = KINDS.iter().map(|kind| (kind, of(kind)));
    groups
        .filter(|(kind, found)| !found.is_empty() || (definitions.is_empty() && kind.of == EndpointKind::Room))
        .collect()
}

fn constant(kind: &Kind, definitions: &[&Arc<Definition>], written: &[Written]) -> Result<String, TypescriptError> {
    let names = entry_names(kind, definitions)?;
    let entries = definitions.iter().zip(names).zip(written);
    let entries: String = entries.map(|((definition, name), types)| entry(kind, definition, &name, types)).collect();
    Ok(format!("export const {} = {{\n{entries}}} as const;\n", kind.constant))
}

fn entry(kind: &Kind, definition: &Definition, name: &str, written: &Written) -> String {
    let Kind { function, params: key, .. } = kind;
    let key = key_type(&definition.pattern).map(|params| format!("{key}: {params}"));
    let types = written.types.iter().map(|(what, shape)| format!("{what}: {shape}"));
    let types: Vec<_> = key.into_iter().chain(types).collect();
    let (module, asked_for) = (quoted(&definition.terms.module), quoted(&definition.terms.name));
    // As a plain property it would be the object's prototype.
    let name = if name == "__proto__" { "['__proto__']".to_owned() } else { property(name) };
    let on_one = format!("{{ {} }}", types.join("; "));
    let on_many = format!("{{\n{}  }}", types.iter().map(|one| format!("    {one};\n")).collect::<String>());
    let reference = |types: &str| format!("{function}<{types}>({module}, {asked_for})");
    let Some(bigints) = &written.bigints else {
        let line = |types: &str| format!("  {name}: {},\n", reference(types));
        let short = Some(line(&on_one)).filter(|line| line.chars().count() <= 101);
        return short.unwrap_or_else(|| line(&on_many));
    };
    let plans = Literal::object(bigints.iter().cloned()).fitting(4, 0);
    let reference = Some(reference(&on_one)).filter(|line| line.chars().count() <= 95).unwrap_or_else(|| {
        // It stands deeper here.
        reference(&on_many).replace("\n  ", "\n    ")
    });
    format!("  {name}: {function}Bigints(\n    {reference},\n    bigints,\n    {plans},\n  ),\n")
}

impl Typescript {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the types say that JavaScript may not keep; it was logged, too.
    #[must_use]
    pub fn warnings(&self) -> &[LargeInteger] {
        &self.warnings
    }

    /// Writes the file, unless it has this text already.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), TypescriptError> {
        let path = path.as_ref();
        match self.check(path) {
            Ok(()) => Ok(()),
            Err(_) => {
                std::fs::write(path, &self.text).map_err(|error| TypescriptError::Io { path: path.into(), error })
            }
        }
    }

    /// Compares with the file.
    ///
    /// # Errors
    ///
    /// [`TypescriptError::Stale`] when it differs, [`TypescriptError::Io`] when it cannot be read.
    pub fn check(&self, path: impl AsRef<Path>) -> Result<(), TypescriptError> {
        let path = path.as_ref();
        let found = std::fs::read_to_string(path);
        let found = found.map_err(|error| TypescriptError::Io { path: path.into(), error })?;
        // A checkout may have turned the line ends around.
        if found.replace("\r\n", "\n") == self.text {
            Ok(())
        } else {
            Err(TypescriptError::Stale { path: path.into() })
        }
    }
}

impl fmt::Display for Typescript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn entry_names(kind: &Kind, definitions: &[&Arc<Definition>]) -> Result<Vec<String>, TypescriptError> {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for definition in definitions {
        *uses.entry(&definition.terms.name).or_default() += 1;
    }
    let name = |definition: &Definition| match uses.get(definition.terms.name.as_str()) {
        Some(1) => definition.terms.name.clone(),
        _ => format!("{}{}", definition.terms.module, capitalised(&definition.terms.name)),
    };
    let names: Vec<_> = definitions.iter().map(|definition| name(definition)).collect();
    let mut taken: HashMap<&str, &Definition> = HashMap::new();
    for (definition, name) in definitions.iter().zip(&names) {
        if let Some(first) = taken.insert(name, definition) {
            let path = |definition: &Definition| format!("{}/{}", definition.terms.module, definition.terms.name);
            let (first, second) = (path(first), path(definition));
            return Err(TypescriptError::DuplicateEntry { kind: kind.word, name: name.clone(), first, second });
        }
    }
    Ok(names)
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// `{ boardId: string; tail?: string }`; `None` for a pattern without params.
fn key_type(pattern: &Pattern) -> Option<String> {
    let params: Vec<_> = pattern
        .params()
        .map(|param| {
            format!("{}{}: string", property(param.name()), if param.kind().must_have_value() { "" } else { "?" })
        })
        .collect();
    (!params.is_empty()).then(|| format!("{{ {} }}", params.join("; ")))
}
