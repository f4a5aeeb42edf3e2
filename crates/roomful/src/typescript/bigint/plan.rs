//! What of a value is made a bigint.

use std::collections::BTreeMap;

use super::super::apart::{Alternative, Part, alternatives, are_tagged};
use super::super::check::last_word;
use super::super::error::Refusal;
use super::super::shape::{Member, Object, Shape, Variation};
use super::super::table::{Keys, Table};
use super::holding::Holding;
use super::literal::Literal;
use super::mixed::are_mixed;

/// What of a value is made a bigint. Each looks at values of one kind, and leaves every other as it is.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Plan<'a> {
    /// A string of digits.
    BigInt,
    /// What is said of the type of this name.
    Named(&'a str),
    /// Each of a list.
    List(Box<Plan<'a>>),
    /// Those at these places of a list.
    Tuple(Vec<Option<Plan<'a>>>),
    /// Each value of an object.
    Map(Box<Plan<'a>>),
    /// These properties of an object.
    Object(Vec<(&'a str, Plan<'a>)>),
    /// What is said of the value that this property of an object has.
    Tagged(&'a str, Vec<(&'a str, Plan<'a>)>),
    /// Each of these.
    All(Vec<Plan<'a>>),
    /// Each of these, where it is one of several things: what does not fit is another.
    Any(Vec<Plan<'a>>),
}

/// Makes plans of shapes.
pub(in super::super) struct Planner<'a> {
    table: Table<'a>,
    /// Of each entry.
    names: &'a [String],
    holding: Holding,
    /// The entries that plans name.
    named: Vec<usize>,
    refusals: Vec<Refusal>,
}

impl<'a> Planner<'a> {
    pub(in super::super) fn new(table: Table<'a>, names: &'a [String]) -> Self {
        Self { table, names, holding: Holding::of(table), named: Vec::new(), refusals: Vec::new() }
    }

    /// Whether there is a bigint in it.
    pub(in super::super) fn holds(&self, shape: &Shape) -> bool {
        self.holding.holds(shape)
    }

    /// What of it is made a bigint; `None` where nothing is. `at` is where it is in Rust.
    pub(in super::super) fn plan(&mut self, shape: &'a Shape, at: &str) -> Option<Plan<'a>> {
        if !self.holds(shape) {
            return None;
        }
        match shape {
            Shape::BigInt => Some(Plan::BigInt),
            Shape::Named(index) => {
                self.named.push(*index);
                self.names.get(*index).map(|name| Plan::Named(name))
            }
            Shape::Option(inner) | Shape::Buffered { shape: inner, .. } => self.plan(inner, at),
            Shape::Array(inner) => self.plan(inner, at).map(|plan| Plan::List(Box::new(plan))),
            Shape::Tuple(elements) => {
                Some(Plan::Tuple(elements.iter().map(|element| self.plan(&element.shape, at)).collect()))
            }
            Shape::Map(key, value) => self.map(key, value, at),
            Shape::Object(object) => self.object(object, at),
            Shape::External(variations) => {
                let contents = variations.iter().filter_map(|one| self.variation(one, at));
                object(contents.collect())
            }
            Shape::Union(members) => self.union(members, at),
            _ => None,
        }
    }

    /// What is said of the types that plans name, by their names, and what cannot be planned.
    pub(in super::super) fn finish(mut self) -> (BTreeMap<&'a str, Plan<'a>>, Vec<Refusal>) {
        let mut types = BTreeMap::new();
        while let Some(index) = self.named.pop() {
            let (Some(entry), Some(name)) = (self.table.entry(index), self.names.get(index)) else { continue };
            if !types.contains_key(&**name)
                && let Some(plan) = self.plan(&entry.shape, last_word(entry.path))
            {
                types.insert(&**name, plan);
            }
        }
        (types, self.refusals)
    }

    fn map(&mut self, key: &'a Shape, value: &'a Shape, at: &str) -> Option<Plan<'a>> {
        let value = self.plan(value, at)?;
        let each = |names: Vec<&'a str>| names.into_iter().map(|name| (name, value.clone())).collect();
        match self.table.keys(key) {
            // Flattened, it is beside others, which have other names.
            Some(Keys::Names(names)) => object(each(names)),
            Some(Keys::Boolean) => object(each(vec!["true", "false"])),
            _ => Some(Plan::Map(Box::new(value))),
        }
    }

    fn object(&mut self, of: &'a Object, at: &str) -> Option<Plan<'a>> {
        let properties = of.properties.iter();
        let own = properties.filter_map(|one| Some((one.name, self.plan(&one.shape, &one.place(at))?))).collect();
        let merged = of.merged.iter().filter_map(|merged| self.plan(&merged.shape, &merged.at));
        let mut plans: Vec<_> = merged.collect();
        plans.extend(object(own));
        if plans.len() > 1 { Some(Plan::All(plans)) } else { plans.pop() }
    }

    fn variation(&mut self, variation: &'a Variation, at: &str) -> Option<(&'a str, Plan<'a>)> {
        let content = variation.content.as_ref()?;
        Some((variation.name, self.plan(content, &variation.place(at))?))
    }

    /// What has a tag is told by it. What has none is looked at as all that it may be, where that leaves no doubt.
    fn union(&mut self, members: &'a [Member], at: &str) -> Option<Plan<'a>> {
        let alternatives = alternatives(self.table, members);
        self.refuse_mixed(&alternatives, at);
        let mut by_tag: Vec<(&'a str, Vec<(&'a str, Plan<'a>)>)> = Vec::new();
        let mut plans = Vec::new();
        for one in &alternatives {
            let plan = match one.part {
                Part::Shape(shape) => self.plan(shape, at),
                Part::Variation(variation) => self.variation(variation, at).and_then(|one| object(vec![one])),
            };
            match (plan, one.tag) {
                (Some(plan), Some((tag, value))) => match by_tag.iter_mut().find(|(known, _)| *known == tag) {
                    Some((_, of)) => add(of, value, plan),
                    None => by_tag.push((tag, vec![(value, plan)])),
                },
                (Some(plan), None) => plans.push(plan),
                (None, _) => {}
            }
        }
        let is_told = are_tagged(&alternatives) && plans.is_empty();
        plans.extend(by_tag.into_iter().map(|(tag, of)| Plan::Tagged(tag, of)));
        if is_told { plans.pop() } else { Some(Plan::Any(plans)) }
    }

    fn refuse_mixed(&mut self, alternatives: &[Alternative<'a>], at: &str) {
        let others = |nth: usize| alternatives.iter().skip(nth + 1);
        let is_mixed = |(nth, one): (usize, &Alternative<'a>)| {
            others(nth).any(|other| are_mixed(self.table, &self.holding, one, other))
        };
        if alternatives.iter().enumerate().any(is_mixed) {
            let what = "which leaves a bigint where another variant may have a string, and nothing tells the two apart: take \
                        `roomful::AsText`, or give the enum a tag";
            self.refuse(at, "#[serde(untagged)]", what);
        }
    }

    fn refuse(&mut self, at: &str, attribute: &str, what: &str) {
        let refusal = Refusal { at: at.to_owned(), attribute: attribute.to_owned(), what: what.to_owned() };
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }
}

fn object<'a>(properties: Vec<(&'a str, Plan<'a>)>) -> Option<Plan<'a>> {
    (!properties.is_empty()).then_some(Plan::Object(properties))
}

/// Two variants of different enums may have one tag.
fn add<'a>(of: &mut Vec<(&'a str, Plan<'a>)>, value: &'a str, plan: Plan<'a>) {
    match of.iter_mut().find(|(known, _)| *known == value) {
        Some((_, known)) => *known = Plan::Any(vec![known.clone(), plan]),
        None => of.push((value, plan)),
    }
}

impl Plan<'_> {
    /// As the client reads it.
    pub(in super::super) fn literal(&self) -> Literal {
        let named = |of: &[(&str, Plan<'_>)]| Literal::object(of.iter().map(|(name, plan)| (*name, plan.literal())));
        match self {
            Self::BigInt => Literal::text("bigint"),
            Self::Named(name) => Literal::text(name),
            Self::List(plan) => Literal::object([("list", plan.literal())]),
            Self::Tuple(plans) => {
                let place = |plan: &Option<Plan<'_>>| plan.as_ref().map_or_else(Literal::null, Plan::literal);
                Literal::object([("tuple", Literal::list(plans.iter().map(place)))])
            }
            Self::Map(plan) => Literal::object([("map", plan.literal())]),
            Self::Object(properties) => Literal::object([("object", named(properties))]),
            Self::Tagged(tag, of) => Literal::object([("tag", Literal::text(tag)), ("of", named(of))]),
            Self::All(plans) => Literal::object([("all", Literal::list(plans.iter().map(Plan::literal)))]),
            Self::Any(plans) => Literal::object([("any", Literal::list(plans.iter().map(Plan::literal)))]),
        }
    }
}
