//! Structs and enums with serde's attributes, and values of them.

use crate::chance::Chance;
use crate::ty::Ty;

/// All that were made up so far, each by its number: `T7`.
pub(crate) struct Items {
    chance: Chance,
    items: Vec<Item>,
    written: String,
    functions: usize,
}

struct Item {
    kind: Kind,
    /// An enum whose variants hold nothing.
    is_key: bool,
    /// Whether what it is can be put into another object.
    is_object: bool,
    /// The keys of maps that it brings there.
    keys: Vec<String>,
}

enum Kind {
    Struct(Style, Vec<Field>),
    Enum(Vec<(String, Style, Vec<Field>)>),
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    Unit,
    Tuple,
    Named,
}

#[derive(Clone)]
struct Field {
    name: String,
    ty: Ty,
    attributes: Vec<String>,
}

/// Names that a field has in JSON.
const ODD: &[&str] = &["", "a b", "it's", "\\\"q\\\"", "back\\\\slash", "new\\nline", "class", "1", "größe", "$", "*/"];
const RULES: &[&str] = &[
    "lowercase",
    "UPPERCASE",
    "PascalCase",
    "camelCase",
    "snake_case",
    "SCREAMING_SNAKE_CASE",
    "kebab-case",
    "SCREAMING-KEBAB-CASE",
];
const FIELDS: &[&str] = &["first_name", "r#type", "at", "größe", "x2_y", "note", "r#in"];
const VARIANTS: &[&str] = &["IsIdle", "At", "HTTPPort", "Größe", "Moved", "r#Self2"];

impl Items {
    pub(crate) fn new(chance: Chance) -> Self {
        Self { chance, items: Vec::new(), written: String::new(), functions: 0 }
    }

    /// Makes up one more.
    pub(crate) fn add(&mut self) {
        if self.chance.one_in(2) { self.add_struct() } else { self.add_enum() }
    }

    /// The types, and `each!`, which hands them with their values to a macro.
    pub(crate) fn written(mut self) -> String {
        let mut each = String::new();
        for number in 0..self.items.len() {
            let values: Vec<_> = (0..4).map(|_| self.value(number)).collect();
            each.push_str(&format!("    $each!(T{number}, [{}]);\n", values.join(", ")));
        }
        format!("{}\nmacro_rules! each {{\n    ($each:ident) => {{\n{each}    }};\n}}\n", self.written)
    }

    fn add_struct(&mut self) {
        let style = *self.chance.pick(&[Style::Unit, Style::Tuple, Style::Named, Style::Named, Style::Named]);
        let number = self.items.len();
        let mut attributes = Vec::new();
        let mut is_object = style == Style::Named;
        let mut fields = self.fields(style, 4, true);
        let flattens = fields.iter().any(|field| field.attributes.iter().any(|one| one == "flatten"));
        if style == Style::Named && self.chance.one_in(3) {
            attributes.push(self.rename("rename_all", RULES));
        }
        if style == Style::Named && !flattens && self.chance.one_in(5) {
            attributes.push("deny_unknown_fields".to_owned());
        }
        if style == Style::Named && self.chance.one_in(6) {
            attributes.push("tag = \"kind\"".to_owned());
        }
        // serde makes no type that is nothing.
        let is_phantom = |field: &Field| field.ty.written().contains("PhantomData");
        if style != Style::Unit && fields.len() == 1 && !is_phantom(&fields[0]) && self.chance.one_in(2) {
            fields[0].attributes.clear();
            attributes = vec!["transparent".to_owned()];
            is_object = false;
        }
        let default = !attributes.contains(&"transparent".to_owned()) && style != Style::Unit && self.chance.one_in(6);
        if default {
            attributes.push("default".to_owned());
        }
        if attributes.is_empty() && number > 2 && self.chance.one_in(8) {
            let (from, into) = (self.chance.below(number), self.chance.below(number));
            attributes.push(format!("from = \"T{from}\", into = \"T{into}\""));
            is_object = false;
            self.items.push(Item {
                kind: Kind::Struct(style, fields.clone()),
                is_key: false,
                is_object,
                keys: Vec::new(),
            });
            let (own, other) = (self.value(number), self.value(into));
            self.written.push_str(&format!(
                "impl From<T{from}> for T{number} {{\n    fn from(_: T{from}) -> Self {{\n        {own}\n    }}\n}}\n\
                 impl From<T{number}> for T{into} {{\n    fn from(_: T{number}) -> Self {{\n        {other}\n    }}\n}}\n"
            ));
        } else {
            let keys = self.keys(&fields);
            self.items.push(Item { kind: Kind::Struct(style, fields.clone()), is_key: false, is_object, keys });
        }
        if default {
            let value = self.value(number);
            self.written.push_str(&format!(
                "impl Default for T{number} {{\n    fn default() -> Self {{\n        {value}\n    }}\n}}\n"
            ));
        }
        let head = self.head(&attributes, false);
        let body = body(style, &fields, true);
        let end = if style == Style::Named { "" } else { ";" };
        self.written.push_str(&format!("{head}pub(crate) struct T{number}{body}{end}\n"));
    }

    fn add_enum(&mut self) {
        let number = self.items.len();
        let is_key = self.chance.one_in(4);
        let tagging = if is_key { 0 } else { self.chance.below(5) };
        let mut attributes = match tagging {
            1 => vec!["tag = \"kind\"".to_owned()],
            2 => vec!["tag = \"t\", content = \"c\"".to_owned()],
            3 => vec!["untagged".to_owned()],
            _ => Vec::new(),
        };
        if tagging != 3 && self.chance.one_in(3) {
            attributes.push(self.rename("rename_all", RULES));
        }
        if self.chance.one_in(4) {
            attributes.push(self.rename("rename_all_fields", RULES));
        }
        let mut names: Vec<_> = VARIANTS.iter().map(|name| (*name).to_owned()).collect();
        let mut variants = Vec::new();
        for _ in 0..1 + self.chance.below(4) {
            let at = self.chance.below(names.len());
            let name = names.remove(at);
            variants.push(self.variant(name, tagging, is_key));
        }
        let mut text = String::new();
        for (name, style, fields, on) in &variants {
            let on = if on.is_empty() { String::new() } else { format!("    #[serde({})]\n", on.join(", ")) };
            text.push_str(&format!("{on}    {name}{},\n", body(*style, fields, false)));
        }
        let head = self.head(&attributes, is_key);
        self.written.push_str(&format!("{head}pub(crate) enum T{number} {{\n{text}}}\n"));
        let held =
            variants.iter().filter(|(_, style, _, _)| *style == Style::Tuple).flat_map(|(_, _, fields, _)| fields);
        let mut keys: Vec<_> = held.flat_map(|field| self.keys_of(&field.ty)).collect();
        keys.extend(variants.iter().flat_map(|(_, _, fields, _)| self.keys(fields)));
        // What is never written has no values here.
        let skipped = |on: &[String]| on.iter().any(|one| one == "skip" || one == "skip_serializing");
        let kind = variants
            .into_iter()
            .filter(|(_, _, _, on)| !skipped(on))
            .map(|(name, style, fields, _)| (name, style, fields))
            .collect();
        self.items.push(Item { kind: Kind::Enum(kind), is_key, is_object: tagging == 1 || tagging == 4, keys });
    }

    fn variant(&mut self, name: String, tagging: usize, is_key: bool) -> (String, Style, Vec<Field>, Vec<String>) {
        let style = if is_key { Style::Unit } else { *self.chance.pick(&[Style::Unit, Style::Tuple, Style::Named]) };
        let mut fields = self.fields(style, if tagging == 1 { 1 } else { 3 }, false);
        if tagging == 1 && style == Style::Tuple {
            // serde compiles no other.
            fields.truncate(1);
            if fields.is_empty() || self.chance.one_in(2) {
                let ty = self.object();
                fields = vec![Field { name: String::new(), ty, attributes: Vec::new() }];
            }
        }
        let mut on = Vec::new();
        if tagging != 3 && self.chance.one_in(5) {
            let odd = self.rename("rename", ODD);
            on.push(odd);
        }
        if style == Style::Named && self.chance.one_in(5) {
            let rule = self.rename("rename_all", RULES);
            on.push(rule);
        }
        if tagging != 3 && self.chance.one_in(8) {
            on.push("alias = \"elsewhere\"".to_owned());
        }
        // Of several, one may always be written.
        if name != "At" && self.chance.one_in(12) {
            on.push("skip_deserializing".to_owned());
        }
        (name, style, fields, on)
    }

    fn fields(&mut self, style: Style, most: usize, of_struct: bool) -> Vec<Field> {
        if style == Style::Unit {
            return Vec::new();
        }
        let mut names: Vec<_> = FIELDS.iter().map(|name| (*name).to_owned()).collect();
        let count = self.chance.below(most + 1);
        let mut fields = Vec::new();
        for _ in 0..count {
            let at = self.chance.below(names.len());
            let name = if style == Style::Named { names.remove(at) } else { String::new() };
            let items = self.items.len();
            let ty = self.field_type(items, of_struct);
            let mut field = Field { name, ty, attributes: Vec::new() };
            if style == Style::Named {
                self.attribute(&mut field);
            }
            fields.push(field);
        }
        let mut flattened = ["flat", "flat2", "flat3"].into_iter();
        while style == Style::Named && self.chance.one_in(3) {
            let Some(name) = flattened.next() else { break };
            let ty = self.object();
            let keys = self.keys(&fields);
            // One that is in two maps would be written twice.
            if self.keys_of(&ty).iter().any(|key| keys.contains(key)) {
                continue;
            }
            let ty = if self.chance.one_in(4) { Ty::Option(Box::new(ty)) } else { ty };
            fields.push(Field { name: name.to_owned(), ty, attributes: vec!["flatten".to_owned()] });
        }
        fields
    }

    fn field_type(&mut self, items: usize, of_struct: bool) -> Ty {
        let keys: Vec<_> = (0..items).filter(|number| self.items[*number].is_key).collect();
        if !keys.is_empty() && self.chance.one_in(10) {
            let key = Ty::Item(*self.chance.pick(&keys));
            return Ty::Map(Box::new(key), Box::new(Ty::any(&mut self.chance, items, 1)));
        }
        if of_struct && self.chance.one_in(12) {
            // The one that is being made up.
            return Ty::Option(Box::new(Ty::Boxed(Box::new(Ty::Item(items)))));
        }
        Ty::any(&mut self.chance, items, 2)
    }

    /// A type that can be put into another object, for the most part.
    fn object(&mut self) -> Ty {
        let objects: Vec<_> = (0..self.items.len()).filter(|number| self.items[*number].is_object).collect();
        // A key that a field has too would be written twice: the app's mistake, which no type shows.
        let key: &str = Box::leak(format!("\"k{}\".to_owned()", self.function()).into_boxed_str());
        let key = || Box::new(Ty::Plain("String", Box::leak(Box::new([key]))));
        match self.chance.below(6) {
            0 => Ty::Map(key(), Box::new(Ty::Plain("u8", &["3"]))),
            1 => Ty::Map(
                key(),
                Box::new(Ty::Plain("serde_json::Value", &["serde_json::json!([1])", "serde_json::Value::Null"])),
            ),
            _ if !objects.is_empty() => Ty::Item(*self.chance.pick(&objects)),
            _ => Ty::Plain("()", &["()"]),
        }
    }

    /// The keys of the maps that flattened `fields` bring.
    fn keys(&self, fields: &[Field]) -> Vec<String> {
        let flattened = |field: &&Field| field.attributes.iter().any(|one| one == "flatten");
        fields.iter().filter(flattened).flat_map(|field| self.keys_of(&field.ty)).collect()
    }

    fn keys_of(&self, ty: &Ty) -> Vec<String> {
        match ty {
            Ty::Map(key, _) => match &**key {
                Ty::Plain(_, keys) => keys.iter().map(|key| (*key).to_owned()).collect(),
                _ => Vec::new(),
            },
            Ty::Item(number) => self.items.get(*number).map_or_else(Vec::new, |item| item.keys.clone()),
            Ty::Option(inner) | Ty::Boxed(inner) => self.keys_of(inner),
            _ => Vec::new(),
        }
    }

    fn attribute(&mut self, field: &mut Field) {
        if self.chance.one_in(5) {
            let odd = self.rename("rename", ODD);
            field.attributes.push(odd);
        }
        if self.chance.one_in(8) {
            field.attributes.push("alias = \"elsewhere\"".to_owned());
        }
        match self.chance.below(12) {
            0 | 1 => {
                let default = self.default(&field.ty);
                field.attributes.push(default);
            }
            2 => {
                let default = self.default(&field.ty);
                field.attributes.push(format!("skip, {default}"));
            }
            3 => {
                let default = self.default(&field.ty);
                field.attributes.push(format!("skip_deserializing, {default}"));
            }
            4 => field.attributes.push("skip_serializing".to_owned()),
            5 | 6 => {
                let test = match &field.ty {
                    Ty::Option(_) => "Option::is_none".to_owned(),
                    ty => self.test(ty),
                };
                field.attributes.push(format!("skip_serializing_if = \"{test}\""));
                if self.chance.one_in(2) {
                    let default = self.default(&field.ty);
                    field.attributes.push(default);
                }
            }
            _ => {}
        }
    }

    fn default(&mut self, ty: &Ty) -> String {
        let number = self.function();
        // An item that is being made up has no values yet.
        let value = if self.holds_next(ty) { "None".to_owned() } else { self.value_of(ty) };
        self.written.push_str(&format!("fn default{number}() -> {} {{\n    {value}\n}}\n", ty.written()));
        format!("default = \"default{number}\"")
    }

    /// Whether it is an option of the one that is being made up.
    fn holds_next(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Item(number) => *number >= self.items.len(),
            Ty::Option(inner) | Ty::Boxed(inner) => self.holds_next(inner),
            _ => false,
        }
    }

    fn test(&mut self, ty: &Ty) -> String {
        let (number, answer) = (self.function(), self.chance.one_in(2));
        self.written.push_str(&format!("fn skips{number}(_: &{}) -> bool {{\n    {answer}\n}}\n", ty.written()));
        format!("skips{number}")
    }

    fn function(&mut self) -> usize {
        self.functions += 1;
        self.functions
    }

    /// The same name for both sides, or one for each.
    fn rename(&mut self, word: &str, among: &[&str]) -> String {
        let (a, b) = (*self.chance.pick(among), *self.chance.pick(among));
        match self.chance.below(4) {
            0 => format!("{word}(serialize = \"{a}\", deserialize = \"{b}\")"),
            1 => format!("{word}(deserialize = \"{b}\")"),
            _ => format!("{word} = \"{a}\""),
        }
    }

    fn head(&mut self, attributes: &[String], is_key: bool) -> String {
        let docs = if self.chance.one_in(4) { "/// Ends */ here.\n" } else { "" };
        let more = if is_key { ", PartialEq, Eq, PartialOrd, Ord" } else { "" };
        let serde =
            if attributes.is_empty() { String::new() } else { format!("#[serde({})]\n", attributes.join(", ")) };
        format!("{docs}#[derive(Clone, Debug, Serialize, Deserialize, TS{more})]\n{serde}")
    }

    fn value(&mut self, number: usize) -> String {
        self.value_of(&Ty::Item(number))
    }

    fn value_of(&mut self, ty: &Ty) -> String {
        let Self { chance, items, .. } = self;
        let mut depth = 0;
        ty.value(chance, &mut |number, chance| value_of_item(items, number, chance, &mut depth))
    }
}

fn value_of_item(items: &[Item], number: usize, chance: &mut Chance, depth: &mut usize) -> String {
    let Some(item) = items.get(number) else { return "unreachable!()".to_owned() };
    *depth += 1;
    let written = match &item.kind {
        Kind::Struct(style, fields) => format!("T{number}{}", values(items, *style, fields, chance, depth)),
        Kind::Enum(variants) => {
            let (name, style, fields) = chance.pick(variants);
            format!("T{number}::{name}{}", values(items, *style, fields, chance, depth))
        }
    };
    *depth -= 1;
    written
}

fn values(items: &[Item], style: Style, fields: &[Field], chance: &mut Chance, depth: &mut usize) -> String {
    let mut value = |field: &Field, chance: &mut Chance| match &field.ty {
        // Or a type that holds itself had no end.
        Ty::Option(_) if *depth > 3 => "None".to_owned(),
        ty => ty.value(chance, &mut |number, chance| value_of_item(items, number, chance, depth)),
    };
    match style {
        Style::Unit => String::new(),
        Style::Tuple => {
            let values: String = fields.iter().map(|field| format!("{}, ", value(field, chance))).collect();
            format!("({values})")
        }
        Style::Named => {
            let values: String =
                fields.iter().map(|field| format!("{}: {}, ", field.name, value(field, chance))).collect();
            format!(" {{ {values}}}")
        }
    }
}

fn body(style: Style, fields: &[Field], public: bool) -> String {
    let public = if public { "pub(crate) " } else { "" };
    let attributes = |field: &Field| match &field.attributes[..] {
        [] => String::new(),
        some => format!("#[serde({})] ", some.join(", ")),
    };
    match style {
        Style::Unit => String::new(),
        Style::Tuple => {
            let fields: String =
                fields.iter().map(|field| format!("{}{public}{}, ", attributes(field), field.ty.written())).collect();
            format!("({fields})")
        }
        Style::Named => {
            let fields: String = fields
                .iter()
                .map(|field| format!("\n    {}{public}{}: {},", attributes(field), field.name, field.ty.written()))
                .collect();
            format!(" {{{fields}\n}}")
        }
    }
}
