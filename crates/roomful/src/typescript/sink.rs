//! Collects the types that channels and sockets name, and those that these types name.

use std::any::{TypeId, type_name};
use std::collections::{BTreeMap, HashSet};
use std::marker::PhantomData;

use ts_rs::{Config, TS, TypeVisitor};

use super::error::TypescriptError;

/// Collects the types of channels and sockets, as the derives name them.
pub struct TypeSink {
    config: Config,
    seen: HashSet<TypeId>,
    declared: BTreeMap<String, String>,
    duplicate: Option<String>,
    undescribed: Option<&'static str>,
    told: TypesTold,
}

/// How the types of a channel or a socket are written.
#[derive(Default)]
pub(super) struct TypesTold {
    pub(super) incoming: String,
    pub(super) outgoing: String,
    /// A socket has none.
    pub(super) presence: Option<String>,
}

impl TypeSink {
    pub(super) fn new() -> Self {
        Self {
            // JSON numbers are what the browser reads; `JSON.parse` never makes a `bigint`.
            config: Config::new().with_large_int("number"),
            seen: HashSet::new(),
            declared: BTreeMap::new(),
            duplicate: None,
            undescribed: None,
            told: TypesTold::default(),
        }
    }

    /// Called by the derive of a channel.
    pub fn channel(&mut self, incoming: String, outgoing: String, presence: String) {
        self.told = TypesTold { incoming, outgoing, presence: Some(presence) };
    }

    /// Called by the derive of a socket.
    pub fn socket(&mut self, incoming: String, outgoing: String) {
        self.told = TypesTold { incoming, outgoing, presence: None };
    }

    pub(super) fn take(&mut self) -> TypesTold {
        std::mem::take(&mut self.told)
    }

    /// The declarations of everything that was named, in the order of their names.
    pub(super) fn declarations(self) -> Result<String, TypescriptError> {
        match (self.undescribed, self.duplicate) {
            (Some(name), _) => Err(TypescriptError::Undescribed { name }),
            (None, Some(name)) => Err(TypescriptError::DuplicateType { name }),
            (None, None) => Ok(self.declared.into_values().collect()),
        }
    }

    fn declare<T: TS + 'static + ?Sized>(&mut self) {
        let docs = T::docs().map(|docs| format!("{}\n", docs.trim_end())).unwrap_or_default();
        let declaration = format!("{docs}export {}\n\n", T::decl(&self.config));
        let name = T::ident(&self.config);
        if self.declared.get(&name).is_some_and(|other| *other != declaration) {
            self.duplicate.get_or_insert(name);
        } else {
            self.declared.insert(name, declaration);
        }
    }
}

impl TypeVisitor for TypeSink {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // What the derive made has a file of its own; a primitive, a `Vec` or an `Option` has none and is written out.
        if T::output_path().is_some() {
            self.declare::<T>();
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

/// Stands for a type that may be `TS` or not: the derive cannot know.
///
/// `(&&Probe::<T>::new()).reference(..)` finds [`Described`] where it is and [`Undescribed`] where it is not: method
/// lookup tries the fewest dereferences first. So a crate that needs no TypeScript compiles unchanged when another crate
/// of its build turns the feature on.
pub struct Probe<T>(PhantomData<T>);

impl<T> Probe<T> {
    #[allow(clippy::new_without_default, reason = "only the derive's expansion makes one")]
    /// Knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// Writes a type that is `TS`; `unit` is what stands for `()`.
pub trait Described {
    /// Declares the type and returns its name.
    fn reference(&self, types: &mut TypeSink, unit: &str) -> String;
}

impl<T: TS + 'static> Described for &Probe<T> {
    fn reference(&self, types: &mut TypeSink, unit: &str) -> String {
        if TypeId::of::<T>() == TypeId::of::<()>() {
            return unit.to_owned();
        }
        types.visit::<T>();
        T::name(&types.config)
    }
}

/// Notes a type that is not `TS`.
pub trait Undescribed {
    /// Notes that it cannot be declared.
    fn reference(&self, types: &mut TypeSink, unit: &str) -> String;
}

impl<T> Undescribed for Probe<T> {
    fn reference(&self, types: &mut TypeSink, _: &str) -> String {
        types.undescribed.get_or_insert(type_name::<T>());
        String::new()
    }
}
