//! Collects the types that rooms, sockets, feeds and live values name, and those that these types name.

use std::any::{TypeId, type_name};
use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::bigint::{Literal, Plan, Planner};
use super::check::{check, last_word};
use super::describing::Describing;
use super::error::{Refusal, TypescriptError};
use super::large::{self, LargeInteger, LargeIntegers};
use super::names;
use super::print::Printer;
use super::shape::{Shape, Way};
use super::sides;
use super::table::Table;
use super::ts::TS;
use crate::integer::INSTEAD;

/// Collects the types of whatever a client connects to, as the derives name them.
pub struct TypeSink {
    types: Describing,
    undescribed: Option<&'static str>,
    told: Vec<TypesTold>,
}

/// The types of one thing that a client connects to.
pub(super) enum TypesTold {
    /// A room or a socket.
    Said(Box<SaidTypes>),
    /// A feed, or a live value, and its word for what is heard.
    Heard(&'static str, Told),
}

/// The types of a room or a socket.
pub(super) struct SaidTypes {
    incoming: Told,
    outgoing: Told,
    /// What a client sets of its presence, and what others see of it. A socket has none.
    presence: Option<(Told, Told)>,
    /// What the server says of a member.
    info: Option<Told>,
}

/// One type of a channel.
pub struct Told {
    /// `None` for `()`.
    shape: Option<Shape>,
    rust: &'static str,
    way: Way,
}

/// How the types of one thing that a client connects to are written.
pub(super) struct Written {
    /// Each with its name: `incoming: Say`.
    pub(super) types: Vec<(&'static str, String)>,
    /// Where the bigints are in what a client reads, each with its name; `None` where there are none, in what it sends either.
    pub(super) bigints: Option<Vec<(&'static str, Literal)>>,
}

/// All types, as they are written.
pub(super) struct Finished {
    /// The declarations, in the order of their names.
    pub(super) declarations: String,
    /// What each has said, in the order in which they were asked.
    pub(super) written: Vec<Written>,
    /// Where the bigints are in the types that these name.
    pub(super) bigints: Literal,
    pub(super) large: Vec<LargeInteger>,
}

impl TypeSink {
    /// `asks`: whether types are asked what their own code does.
    pub(super) fn new(asks: bool) -> Self {
        Self { types: Describing::new(asks), undescribed: None, told: Vec::new() }
    }

    /// Called by the derive of a channel.
    pub fn channel(&mut self, incoming: Told, outgoing: Told, presence: (Told, Told), info: Told) {
        self.said(SaidTypes { incoming, outgoing, presence: Some(presence), info: Some(info) });
    }

    /// Called by the derive of a socket.
    pub fn socket(&mut self, incoming: Told, outgoing: Told) {
        self.said(SaidTypes { incoming, outgoing, presence: None, info: None });
    }

    /// Called by the derive of a channel, for a feed.
    pub fn feed(&mut self, event: Told) {
        self.told.push(TypesTold::Heard("event", event));
    }

    /// What a live value is.
    pub fn live<T: TS>(&mut self) {
        let value = Described::told(&&Probe::<T>::new(), self, Way::Outgoing);
        self.told.push(TypesTold::Heard("value", value));
    }

    fn said(&mut self, types: SaidTypes) {
        self.told.push(TypesTold::Said(Box::new(types)));
    }

    /// Everything that was named.
    pub(super) fn finish(mut self, large_integers: LargeIntegers) -> Result<Finished, TypescriptError> {
        if let Some(name) = self.undescribed {
            return Err(TypescriptError::Undescribed { name });
        }
        let mut refusals = std::mem::take(&mut self.types.refusals);
        let table = Table(&self.types.entries);
        let roots = self.roots();
        refusals.extend(check(table, &roots));
        let names = sides::names(table);
        refusals.extend(refused_names(table, &names));
        let mut large = match large_integers {
            LargeIntegers::Number => Vec::new(),
            LargeIntegers::Warn | LargeIntegers::Refuse => large::find(table, &roots),
        };
        if large_integers == LargeIntegers::Refuse {
            refusals.extend(large.drain(..).map(refused_integer));
        }
        let mut planner = Planner::new(table, &names);
        let plans: Vec<_> = self.told.iter().map(|told| told.bigints(&mut planner)).collect();
        let (bigints, unplanned) = planner.finish();
        refusals.extend(unplanned);
        if !refusals.is_empty() {
            return Err(TypescriptError::Refused(refusals));
        }
        let printer = Printer { table, names: &names };
        let declarations = declarations(printer, &roots)?;
        let written = self.told.iter().zip(plans).map(|(told, bigints)| told.written(printer, bigints)).collect();
        let bigints = Literal::object(bigints.iter().map(|(name, plan)| (*name, plan.literal())));
        Ok(Finished { declarations, written, bigints, large })
    }

    /// The integers that JavaScript rounds, of all types that say what they are.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn large(&self) -> Vec<LargeInteger> {
        large::find(Table(&self.types.entries), &self.roots())
    }

    /// What was told, without a name of its own.
    fn roots(&self) -> Vec<(Way, &Shape, &str)> {
        let told = self.told.iter().flat_map(TypesTold::all);
        told.filter_map(|told| Some((told.way, told.shape.as_ref()?, last_word(told.rust)))).collect()
    }
}

fn refused_integer(large: LargeInteger) -> Refusal {
    Refusal { at: large.at, attribute: format!("an integer of {} bits", large.bits), what: INSTEAD.to_owned() }
}

fn refused_names(table: Table<'_>, names: &[String]) -> Vec<Refusal> {
    let refused = table.0.iter().zip(names).filter_map(|(entry, name)| {
        let why = names::refused(name)?;
        let what = format!("{why}: choose another with `#[ts(rename = \"..\")]`");
        Some(Refusal { at: last_word(entry.path).to_owned(), attribute: format!("the name `{name}`"), what })
    });
    let mut refusals: Vec<Refusal> = Vec::new();
    for refusal in refused {
        if !refusals.contains(&refusal) {
            refusals.push(refusal);
        }
    }
    refusals
}

fn declarations(printer: Printer<'_>, roots: &[(Way, &Shape, &str)]) -> Result<String, TypescriptError> {
    let mut declared: BTreeMap<&str, (&'static str, String)> = BTreeMap::new();
    let has_json = uses_json(printer.table, roots);
    if has_json {
        declared.insert("JsonValue", ("serde_json::Value", JSON_VALUE.to_owned()));
    }
    for (entry, name) in printer.table.0.iter().zip(printer.names) {
        let declaration = printer.declaration(name, entry.docs, &entry.shape, entry.way);
        match declared.get(name.as_str()) {
            Some((first, known)) if *known != declaration => {
                return Err(TypescriptError::DuplicateType { name: name.clone(), first, second: entry.path });
            }
            _ => {
                declared.insert(name, (entry.path, declaration));
            }
        }
    }
    Ok(declared.into_values().map(|(_, declaration)| format!("{declaration}\n")).collect())
}

const JSON_VALUE: &str = "export type JsonValue =\n  | string\n  | number\n  | boolean\n  | null\n  | JsonValue[]\n  \
                          | { [key: string]: JsonValue };\n";

fn uses_json(table: Table<'_>, roots: &[(Way, &Shape, &str)]) -> bool {
    let mut open: Vec<&Shape> = roots.iter().map(|(_, shape, _)| *shape).collect();
    open.extend(table.0.iter().map(|entry| &entry.shape));
    while let Some(shape) = open.pop() {
        if *shape == Shape::Json {
            return true;
        }
        shape.for_each_part(&mut |part| open.push(part));
    }
    false
}

impl TypesTold {
    fn all(&self) -> Vec<&Told> {
        match self {
            Self::Said(types) => types.all().collect(),
            Self::Heard(_, told) => vec![told],
        }
    }

    /// What a client makes bigints of; `None` where it neither reads nor sends any.
    fn bigints<'a>(&'a self, planner: &mut Planner<'a>) -> Option<Vec<(&'static str, Plan<'a>)>> {
        if !self.all().into_iter().filter_map(|told| told.shape.as_ref()).any(|shape| planner.holds(shape)) {
            return None;
        }
        let read = match self {
            Self::Said(types) => types.read(),
            Self::Heard(word, told) => vec![(*word, told)],
        };
        Some(read.into_iter().filter_map(|(name, told)| Some((name, told.bigints(planner)?))).collect())
    }

    fn written(&self, printer: Printer<'_>, bigints: Option<Vec<(&'static str, Plan<'_>)>>) -> Written {
        let types = match self {
            Self::Said(types) => types.written(printer),
            // Nothing was said with it, and JSON has a word for that.
            Self::Heard(word, told) => vec![(*word, told.written(printer, "null"))],
        };
        let bigints = bigints.map(|plans| plans.iter().map(|(name, plan)| (*name, plan.literal())).collect());
        Written { types, bigints }
    }
}

impl SaidTypes {
    fn all(&self) -> impl Iterator<Item = &Told> {
        let presence = self.presence.iter().flat_map(|(set, seen)| [set, seen]);
        [&self.incoming, &self.outgoing].into_iter().chain(presence).chain(&self.info)
    }

    /// What a client reads.
    fn read(&self) -> Vec<(&'static str, &Told)> {
        let seen = self.presence.as_ref().map(|(_, seen)| ("presence", seen));
        let info = self.info.as_ref().map(|info| ("info", info));
        [Some(("outgoing", &self.outgoing)), seen, info].into_iter().flatten().collect()
    }

    fn written(&self, printer: Printer<'_>) -> Vec<(&'static str, String)> {
        let mut types = vec![
            ("incoming", self.incoming.written(printer, "never")),
            ("outgoing", self.outgoing.written(printer, "never")),
        ];
        if let Some((set, seen)) = &self.presence {
            let (set, seen) = (set.written(printer, "undefined"), seen.written(printer, "undefined"));
            types.push(("presence", seen.clone()));
            if set != seen {
                types.push(("presenceIncoming", set));
            }
        }
        // Most rooms say nothing of their members, and have no such word then.
        let info = self.info.as_ref().filter(|info| info.shape.is_some());
        types.extend(info.map(|info| ("info", info.written(printer, "undefined"))));
        types
    }
}

impl Told {
    fn bigints<'a>(&'a self, planner: &mut Planner<'a>) -> Option<Plan<'a>> {
        planner.plan(self.shape.as_ref()?, last_word(self.rust))
    }

    /// `unit` is what stands for `()`.
    fn written(&self, printer: Printer<'_>, unit: &str) -> String {
        match &self.shape {
            Some(shape) => printer.line(shape, self.way),
            None => unit.to_owned(),
        }
    }
}

/// Stands for a type that may be `TS` or not: the derive cannot know.
///
/// `(&&Probe::<T>::new()).told(..)` finds [`Described`] where it is and [`Undescribed`] where it is not: method
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

/// Says what a type is that is `TS`.
pub trait Described {
    /// Describes the type.
    fn told(&self, types: &mut TypeSink, way: Way) -> Told;
}

impl<T: TS> Described for &Probe<T> {
    fn told(&self, types: &mut TypeSink, way: Way) -> Told {
        let is_unit = TypeId::of::<T>() == TypeId::of::<()>();
        let shape = (!is_unit).then(|| types.types.shape_of(way, T::shape));
        Told { shape, rust: type_name::<T>(), way }
    }
}

/// Notes a type that is not `TS`.
pub trait Undescribed {
    /// Notes that it cannot be declared.
    fn told(&self, types: &mut TypeSink, way: Way) -> Told;
}

impl<T> Undescribed for Probe<T> {
    fn told(&self, types: &mut TypeSink, way: Way) -> Told {
        types.undescribed.get_or_insert(type_name::<T>());
        Told { shape: None, rust: type_name::<T>(), way }
    }
}
