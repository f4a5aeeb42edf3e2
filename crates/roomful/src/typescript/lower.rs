//! What serde's attributes make of an item, in one direction.

use super::asked::Asked;
use super::describing::{Describing, Place, as_word};
use super::item::{Argument, Body, Container, Field, Item, Names, SkipIf, Variant};
use super::shape::{ADJACENT, Element, Member, Merged, MergedBy, Object, Property, Shape, Variation, Way};

const SAY: &str = "which does not say what it is in JSON: say it with `#[ts(as = \"..\")]` beside it";

impl Describing {
    /// Called by the derive: the type that `item` says, by its name.
    pub fn item<T: 'static>(&mut self, item: Item) -> Shape {
        // It has a place before what is in it is looked at: that may name this type again.
        let place = self.enter::<T>(item.docs, |to| name_of(to, &item));
        let (Place::Known(index) | Place::New(index)) = place;
        if let Place::New(index) = place {
            let (way, rust, container) = (self.way, item.rust, &item.container);
            let shape = Lowering { way, rust, container, to: self }.item(&item);
            self.fill(index, shape);
        }
        Shape::Named(index)
    }
}

/// `Page<Post>` is `PagePost`: one type for what it is with each argument.
fn name_of(to: &mut Describing, item: &Item) -> String {
    let mut name = item.name.to_owned();
    for argument in &item.arguments {
        match argument {
            Argument::Type(describe) => {
                let shape = describe(to);
                name.push_str(&to.word_for(&shape));
            }
            Argument::Constant(constant) => name.push_str(&as_word(constant)),
        }
    }
    name
}

struct Lowering<'a> {
    to: &'a mut Describing,
    way: Way,
    rust: &'static str,
    container: &'a Container,
}

impl Lowering<'_> {
    fn item(&mut self, item: &Item) -> Shape {
        self.refuse_unknown(self.rust.to_owned(), self.container.unknown);
        let body = (item.body)();
        if self.container.transparent {
            return self.transparent(&body);
        }
        let instead = match self.way {
            Way::Incoming => self.container.read_from,
            Way::Outgoing => self.container.written_into,
        };
        if let Some(instead) = instead {
            return instead(self.to);
        }
        self.refuse_its_own(item, &body);
        match &body {
            Body::Unit => Shape::Null,
            Body::Tuple(fields) => match &fields[..] {
                [field] => self.newtype(field),
                fields => self.tuple(self.rust, fields),
            },
            Body::Struct(fields) => self.structure(item.names, fields),
            Body::Enum(variants) => self.enumeration(variants),
        }
    }

    /// Attributes are for serde's derives, and mean nothing to who writes or reads without them.
    fn refuse_its_own(&mut self, item: &Item, body: &Body) {
        if !self.to.asks {
            return;
        }
        let (asked, name) = match self.way {
            Way::Incoming => ((item.read)(), item.names.read),
            Way::Outgoing => ((item.written)(), item.names.written),
        };
        let (Some(asked), Some(expected)) = (asked, self.asked_by_derive(name, body)) else { return };
        if asked != expected {
            let of_its_own = match self.way {
                Way::Incoming => "a `Deserialize` of its own",
                Way::Outgoing => "a `Serialize` of its own",
            };
            let what = "which serde's derive has not made: say what it is in JSON with `#[ts(as = \"..\")]` on it";
            self.to.refuse(self.rust, of_its_own, what);
        }
    }

    /// What serde's derive asks for first; `None` where that depends on what is in it.
    fn asked_by_derive(&self, name: &'static str, body: &Body) -> Option<Asked> {
        let flattens = |field: &Field| field.flatten && !skips(self.way, field);
        match body {
            Body::Unit => Some(Asked::Unit(name)),
            Body::Tuple(fields) if fields.len() == 1 => Some(Asked::Newtype(name)),
            Body::Tuple(_) => Some(Asked::TupleStruct(name)),
            Body::Struct(fields) if fields.iter().any(flattens) => Some(Asked::Map),
            Body::Struct(_) => Some(Asked::Struct(name)),
            Body::Enum(variants) => match (self.container.tag, self.container.content) {
                _ if self.container.untagged || variants.iter().any(|variant| variant.untagged) => None,
                (None, _) => Some(Asked::Enum(name)),
                (Some(_), None) if self.way == Way::Incoming => Some(Asked::Any),
                (Some(_), None) => None,
                (Some(_), Some(_)) => Some(Asked::Struct(name)),
            },
        }
    }

    fn transparent(&mut self, body: &Body) -> Shape {
        let (Body::Tuple(fields) | Body::Struct(fields)) = body else { return Shape::Null };
        let seen = |field: &&Field| {
            let skipped = match self.way {
                Way::Incoming => field.skip_deserializing || field.default,
                Way::Outgoing => field.skip_serializing,
            };
            !field.phantom && !skipped
        };
        match fields.iter().find(seen) {
            Some(field) => self.value(field, &self.field_at(self.rust, field)),
            None => Shape::Null,
        }
    }

    /// serde does not look at `skip` here, or at `default`.
    fn newtype(&mut self, field: &Field) -> Shape {
        let at = self.field_at(self.rust, field);
        if skips(self.way, field) {
            self.to.refuse(&*at, "#[serde(skip)]", "which serde ignores on the only field: take it away");
        }
        self.value(field, &at)
    }

    fn structure(&mut self, names: Names, fields: &[Field]) -> Shape {
        let mut object = self.object(self.rust, fields, self.container.default);
        let Some(tag) = self.container.tag else { return Shape::Object(object) };
        let property = match self.way {
            Way::Outgoing => Some((names.written, false)),
            // Whoever reads does not look at it, but for stumbling over it where nothing else may be there.
            Way::Incoming => (!self.container.deny_unknown_fields).then_some((names.read, true)),
        };
        if let Some((name, optional)) = property {
            object.properties.insert(0, self.tag(tag, name, optional));
        }
        object.unread.extend((self.way == Way::Incoming).then_some(tag));
        Shape::Object(object)
    }

    fn enumeration(&mut self, variants: &[Variant]) -> Shape {
        let seen = |variant: &&Variant| match self.way {
            Way::Incoming => !variant.skip_deserializing,
            Way::Outgoing => !variant.skip_serializing,
        };
        let variants: Vec<_> = variants.iter().filter(seen).collect();
        let (untagged, tagged): (Vec<_>, Vec<_>) =
            variants.into_iter().partition(|variant| self.container.untagged || variant.untagged);
        self.refuse_one_name_for_two(&tagged);
        let mut members = Vec::new();
        let buffered_by = match (self.container.tag, self.container.content) {
            (Some(tag), Some(content)) => {
                members.extend(tagged.iter().map(|variant| self.adjacent(variant, tag, content)));
                Some(ADJACENT)
            }
            (Some(tag), None) => {
                members.extend(tagged.iter().map(|variant| self.internal(variant, tag)));
                Some("#[serde(tag)]")
            }
            (None, _) => {
                let variations: Vec<_> = tagged.iter().map(|variant| self.external(variant)).collect();
                if untagged.is_empty() {
                    return Shape::External(variations);
                }
                if !variations.is_empty() {
                    members.push(Member { shape: Shape::External(variations), docs: "" });
                }
                None
            }
        };
        let by = if untagged.is_empty() { buffered_by.unwrap_or_default() } else { "#[serde(untagged)]" };
        members.extend(untagged.iter().map(|variant| self.untagged(variant)));
        if members.is_empty() {
            return Shape::Never;
        }
        Shape::Union(members).buffered(self.way, by)
    }

    fn refuse_one_name_for_two(&mut self, variants: &[&Variant]) {
        for (at, variant) in variants.iter().enumerate() {
            let name = self.name(variant.names);
            if variants[..at].iter().any(|earlier| self.name(earlier.names) == name) {
                let what = format!("by which two variants are `{name}`: rename one of them");
                self.to.refuse(self.variant_at(variant), "its name", what);
            }
        }
    }

    fn external(&mut self, variant: &Variant) -> Variation {
        let content = match self.content(variant) {
            Content::None => None,
            Content::Value(shape) => Some(shape),
            Content::Fields(object) => Some(Shape::Object(object)),
        };
        let at = self.variant_at(variant);
        Variation { name: self.name(variant.names), content, docs: variant.docs, at }
    }

    fn internal(&mut self, variant: &Variant, tag: &'static str) -> Member {
        let tag = self.tag(tag, self.name(variant.names), false);
        let object = match self.content(variant) {
            Content::None => Object { properties: vec![tag], ..Object::default() },
            Content::Value(shape) => {
                let at = self.variant_at(variant);
                let merged = Merged { shape, optional: false, by: MergedBy::Tag, at };
                Object { properties: vec![tag], merged: vec![merged], ..Object::default() }
            }
            Content::Fields(mut object) => {
                object.properties.insert(0, tag);
                object
            }
        };
        Member { shape: Shape::Object(object), docs: variant.docs }
    }

    fn adjacent(&mut self, variant: &Variant, tag: &'static str, content: &'static str) -> Member {
        let at = self.variant_at(variant);
        if let Body::Tuple(fields) = &variant.body
            && let [field] = &fields[..]
            && skips(self.way, field)
        {
            let what = "which serde does not read back with `content`: use a variant without fields";
            self.to.refuse(&*at, "#[serde(skip)]", what);
        }
        let mut properties = vec![self.tag(tag, self.name(variant.names), false)];
        let shape = match self.content(variant) {
            Content::None => None,
            Content::Value(shape) => Some(shape),
            Content::Fields(object) => Some(Shape::Object(object)),
        };
        properties.extend(shape.map(|shape| Property { name: content, optional: false, shape, docs: "", at }));
        let object = Object { properties, closed: self.container.deny_unknown_fields, ..Object::default() };
        Member { shape: Shape::Object(object), docs: variant.docs }
    }

    fn untagged(&mut self, variant: &Variant) -> Member {
        let shape = match self.content(variant) {
            Content::None => Shape::Null,
            Content::Value(shape) => shape,
            Content::Fields(object) => Shape::Object(object),
        };
        Member { shape, docs: variant.docs }
    }

    fn content(&mut self, variant: &Variant) -> Content {
        let at = self.variant_at(variant);
        self.refuse_unknown(at.clone(), variant.unknown);
        if let Some(replaced) = variant.replaced {
            return Content::Value(replaced(self.to));
        }
        if let Some(with) = self.with(variant.written_with, variant.read_with) {
            self.to.refuse(at, attribute(with), SAY);
            return Content::Value(Shape::Never);
        }
        match &variant.body {
            Body::Tuple(fields) => match &fields[..] {
                [field] if skips(self.way, field) => Content::None,
                [field] => Content::Value(self.value(field, &at)),
                fields => Content::Value(self.tuple(&at, fields)),
            },
            Body::Struct(fields) => Content::Fields(self.object(&at, fields, false)),
            Body::Unit | Body::Enum(_) => Content::None,
        }
    }

    fn object(&mut self, at: &str, fields: &[Field], default: bool) -> Object {
        let way = self.way;
        let mut object = Object { closed: self.container.deny_unknown_fields, ..Object::default() };
        for field in fields.iter().filter(|field| !skips(way, field)) {
            let at = self.field_at(at, field);
            let shape = self.value(field, &at);
            if field.flatten {
                if object.closed && self.way == Way::Incoming {
                    let what = "which serde does not support beside `deny_unknown_fields`: take one of them away";
                    self.to.refuse(&*at, "#[serde(flatten)]", what);
                }
                object.merged.push(self.flattened(field, shape, at));
            } else {
                object.properties.push(self.property(field, shape, at, default));
            }
        }
        if way == Way::Incoming {
            object.unread = unread(fields);
        }
        object
    }

    fn flattened(&self, field: &Field, shape: Shape, at: String) -> Merged {
        let (shape, is_option) = match shape {
            Shape::Option(inner) => (*inner, true),
            shape => (shape, false),
        };
        let skipped = self.way == Way::Outgoing && field.skip_if != SkipIf::Never;
        let shape = shape.buffered(self.way, "#[serde(flatten)]");
        Merged { shape, optional: is_option || skipped, by: MergedBy::Flatten, at }
    }

    fn property(&self, field: &Field, shape: Shape, at: String, default: bool) -> Property {
        let optional = match self.way {
            Way::Outgoing => field.skip_if != SkipIf::Never,
            Way::Incoming => {
                let is_option = matches!(shape, Shape::Option(_));
                field.default || default || (is_option && field.may_be_missing && field.read_with.is_none())
            }
        };
        let shape = match shape {
            // Nobody has to read a `null` that is never written, where the same is said by leaving it out.
            Shape::Option(inner) if optional && field.skip_if == SkipIf::None => *inner,
            shape => shape,
        };
        Property { name: self.name(field.names), optional, shape, docs: field.docs, at }
    }

    fn tuple(&mut self, at: &str, fields: &[Field]) -> Shape {
        let way = self.way;
        let mut elements = Vec::new();
        for field in fields.iter().filter(|field| !skips(way, field)) {
            let at = self.field_at(at, field);
            if self.way == Way::Outgoing && field.skip_if != SkipIf::Never {
                let what = "which moves what comes after it to another place: give the fields names";
                self.to.refuse(&*at, "#[serde(skip_serializing_if)]", what);
            }
            let optional = self.way == Way::Incoming && (field.default || self.container.default);
            elements.push(Element { shape: self.value(field, &at), optional });
        }
        // One that is followed by one that must be there must be there, too.
        let mut ends = true;
        for element in elements.iter_mut().rev() {
            ends &= element.optional;
            element.optional = ends;
        }
        Shape::Tuple(elements)
    }

    fn value(&mut self, field: &Field, at: &str) -> Shape {
        self.refuse_unknown(at.to_owned(), field.unknown);
        match self.with(field.written_with, field.read_with) {
            Some(with) if !field.replaced => {
                self.to.refuse(at, attribute(with), SAY);
                Shape::Never
            }
            _ => (field.shape)(self.to),
        }
    }

    fn with(&self, written: Option<&'static str>, read: Option<&'static str>) -> Option<&'static str> {
        match self.way {
            Way::Incoming => read,
            Way::Outgoing => written,
        }
    }

    fn tag(&self, tag: &'static str, name: &'static str, optional: bool) -> Property {
        let variation = Variation { name, content: None, docs: "", at: String::new() };
        let at = format!("{}.{tag}", self.rust);
        Property { name: tag, optional, shape: Shape::External(vec![variation]), docs: "", at }
    }

    fn name(&self, names: Names) -> &'static str {
        match self.way {
            Way::Incoming => names.read,
            Way::Outgoing => names.written,
        }
    }

    fn refuse_unknown(&mut self, at: String, unknown: &[&str]) {
        for word in unknown {
            self.to.refuse(&*at, format!("#[serde({word})]"), "of which is not known here what it makes of the JSON");
        }
    }

    fn variant_at(&self, variant: &Variant) -> String {
        format!("{}::{}", self.rust, variant.rust)
    }

    fn field_at(&self, at: &str, field: &Field) -> String {
        format!("{at}.{}", field.rust)
    }
}

fn skips(way: Way, field: &Field) -> bool {
    match way {
        Way::Incoming => field.skip_deserializing,
        Way::Outgoing => field.skip_serializing,
    }
}

/// The names by which fields are written and none is read.
fn unread(fields: &[Field]) -> Vec<&'static str> {
    let named = |way| fields.iter().filter(move |field| !field.flatten && !skips(way, field));
    let is_read = |name: &str| named(Way::Incoming).any(|field| field.names.read == name);
    named(Way::Outgoing).map(|field| field.names.written).filter(|name| !is_read(name)).collect()
}

/// What a variant holds.
enum Content {
    None,
    Value(Shape),
    Fields(Object),
}

fn attribute(text: &str) -> String {
    format!("#[serde({text})]")
}
