//! The browser's types, from the Rust ones.

mod error;
mod sink;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub use error::TypescriptError;
use roomful_core::frame::EndpointKind;
use roomful_core::pattern::Pattern;
pub use sink::{Described, Probe, TypeSink, Undescribed};

use crate::Rooms;
use roomful_runtime::Definition;

/// Which hooks the generated file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framework {
    /// None: `joinRoom(serverRooms.cursors, ..)`.
    None,
    /// `serverRooms.cursors.useRoom(..)` and `serverSockets.chat.useSocket(..)` for Preact.
    Preact,
    /// `serverRooms.cursors.useRoom(..)` and `serverSockets.chat.useSocket(..)` for React.
    React,
}

impl Framework {
    fn import(self) -> &'static str {
        match self {
            Self::None => "roomful",
            Self::Preact => "roomful/preact",
            Self::React => "roomful/react",
        }
    }
}

/// A generated file. Commit it, and [`check`](Typescript::check) it in CI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typescript(String);

impl Rooms {
    /// The TypeScript for all rooms and sockets: their types, `serverRooms` with an entry for each room, and `serverSockets`
    /// with an entry for each socket. An entry has the name of its room. Where two modules have a room of the same name, the
    /// entries have the module's name, too (`boardCursors`). Sockets are named in the same way.
    ///
    /// # Errors
    ///
    /// When a type is not `ts_rs::TS`, or two types have the same name.
    pub fn typescript(&self, framework: Framework) -> Result<Typescript, TypescriptError> {
        let mut types = TypeSink::new();
        let rooms = Entries::of(EndpointKind::Room, self.definitions(), &mut types);
        let sockets = Entries::of(EndpointKind::Socket, self.definitions(), &mut types);
        let (imported, constants) = match (rooms.0.is_empty(), sockets.0.is_empty()) {
            (_, true) => ("room", rooms.constant("serverRooms")),
            (true, false) => ("socket", sockets.constant("serverSockets")),
            (false, false) => {
                let both = [rooms.constant("serverRooms"), sockets.constant("serverSockets")];
                ("room, socket", both.join("\n"))
            }
        };
        let declarations = types.declarations()?;
        Ok(Typescript(format!(
            "// Generated from the Rust rooms by `rooms.typescript()`. Do not edit.\n\
             import {{ {imported} }} from '{}';\n\n{declarations}{constants}",
            framework.import()
        )))
    }
}

/// One line a room, or one a socket.
struct Entries(Vec<String>);

impl Entries {
    fn of(kind: EndpointKind, definitions: &[Arc<Definition>], types: &mut TypeSink) -> Self {
        let definitions: Vec<_> = definitions.iter().filter(|definition| definition.kind == kind).collect();
        let names = entry_names(&definitions);
        Self(definitions.iter().zip(names).map(|(definition, name)| entry(definition, &name, types)).collect())
    }

    fn constant(&self, name: &str) -> String {
        format!("export const {name} = {{\n{}}} as const;\n", self.0.concat())
    }
}

fn entry(definition: &Definition, name: &str, types: &mut TypeSink) -> String {
    definition.endpoint.describe(types);
    let sink::TypesTold { incoming, outgoing, presence } = types.take();
    let (function, key) = match definition.kind {
        EndpointKind::Room => ("room", "key"),
        EndpointKind::Socket => ("socket", "params"),
    };
    let key = key_type(&definition.pattern).map(|params| format!("{key}: {params}; ")).unwrap_or_default();
    let presence = presence.map(|presence| format!("; presence: {presence}")).unwrap_or_default();
    let (module, asked_for, name) = (quoted(&definition.module), quoted(&definition.name), property(name));
    format!(
        "  {name}: {function}<{{ {key}incoming: {incoming}; outgoing: {outgoing}{presence} }}>({module}, {asked_for}),\n"
    )
}

impl Typescript {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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
            Err(_) => std::fs::write(path, &self.0).map_err(|error| TypescriptError::Io { path: path.into(), error }),
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
        if found.replace("\r\n", "\n") == self.0 { Ok(()) } else { Err(TypescriptError::Stale { path: path.into() }) }
    }
}

impl fmt::Display for Typescript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn entry_names(definitions: &[&Arc<Definition>]) -> Vec<String> {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for definition in definitions {
        *uses.entry(&definition.name).or_default() += 1;
    }
    let name = |definition: &Definition| match uses.get(definition.name.as_str()) {
        Some(1) => definition.name.clone(),
        _ => format!("{}{}", definition.module, capitalised(&definition.name)),
    };
    definitions.iter().map(|definition| name(definition)).collect()
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// `{ boardId: string; tail?: string }`; `None` for a pattern without params.
fn key_type(pattern: &Pattern) -> Option<String> {
    let params: Vec<_> = pattern
        .params()
        .map(|param| format!("{}{}: string", param.name(), if param.kind().must_have_value() { "" } else { "?" }))
        .collect();
    (!params.is_empty()).then(|| format!("{{ {} }}", params.join("; ")))
}

fn property(name: &str) -> String {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let plain = starts && chars.all(|rest| rest.is_ascii_alphanumeric() || rest == '_');
    if plain { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}
