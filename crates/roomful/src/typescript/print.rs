//! Shapes as TypeScript, laid out as prettier would.

use super::apart::{Alternative, Part, absent, alternatives, are_to_be_told_apart};
use super::names::{comment, property, quoted};
use super::shape::{Element, Member, Merged, Object, Property, Shape, Variation, Way};
use super::table::{Brought, Keys, Table};

/// Columns of a line.
pub(super) const WIDTH: usize = 100;

/// Writes shapes that name the types of a table.
#[derive(Clone, Copy)]
pub(super) struct Printer<'a> {
    pub(super) table: Table<'a>,
    /// Of each entry.
    pub(super) names: &'a [String],
}

/// Something that has been written.
enum Text {
    /// On one line.
    Line(String),
    /// What the app wrote, of which nobody knows what is in it.
    Verbatim(String),
    /// One of these on each line.
    Union(Vec<(String, Text)>),
    /// In braces, one on each line.
    Braces(Vec<(String, String, Text)>),
    /// All of these at once.
    Both(Vec<Text>),
    /// In brackets, one on each line.
    Brackets(Vec<Text>),
    /// A list of these.
    List(Box<Text>),
}

impl<'a> Printer<'a> {
    /// `export type Moved = ..;`, with what is written above it.
    pub(super) fn declaration(self, name: &str, docs: &str, shape: &'a Shape, way: Way) -> String {
        let head = format!("export type {name} =");
        let text = self.text(shape, way);
        let body = match &text {
            Text::Braces(parts) if !parts.is_empty() => format!(" {}", broken(&text, 0)),
            text => match flat(text) {
                Some(line) if head.len() + 2 + line.chars().count() <= WIDTH => format!(" {line}"),
                _ if matches!(text, Text::Union(_)) => broken(text, 2),
                _ => format!(" {}", broken(text, 0)),
            },
        };
        format!("{}{head}{body};\n", comment(docs, 0))
    }

    /// A shape on one line, where a declaration has no place.
    pub(super) fn line(self, shape: &'a Shape, way: Way) -> String {
        let text = self.text(shape, way);
        flat(&text).unwrap_or_else(|| broken(&text, 0))
    }

    fn text(self, shape: &'a Shape, way: Way) -> Text {
        match shape {
            Shape::Never => Text::Line("never".to_owned()),
            Shape::Null => Text::Line("null".to_owned()),
            Shape::Boolean => Text::Line("boolean".to_owned()),
            Shape::Number(_) => Text::Line("number".to_owned()),
            Shape::Text => Text::Line("string".to_owned()),
            Shape::BigInt => Text::Line("bigint".to_owned()),
            Shape::Json => Text::Line("JsonValue".to_owned()),
            Shape::Verbatim(text) => Text::Verbatim((*text).to_owned()),
            Shape::Named(index) => Text::Line(self.names.get(*index).cloned().unwrap_or_default()),
            Shape::Buffered { shape, .. } => self.text(shape, way),
            Shape::Option(inner) => {
                let null = Text::Line("null".to_owned());
                union(vec![(String::new(), self.text(inner, way)), (String::new(), null)])
            }
            Shape::Array(inner) => Text::List(Box::new(self.text(inner, way))),
            Shape::Tuple(elements) => Text::Brackets(elements.iter().map(|one| self.element(one, way)).collect()),
            Shape::Map(key, value) => self.map(key, value, way),
            Shape::Object(object) => self.object(object, way),
            Shape::External(variations) => self.external(variations, way, false),
            Shape::Union(members) => self.union(members, way),
        }
    }

    fn union(self, members: &'a [Member], way: Way) -> Text {
        let alternatives = alternatives(self.table, members);
        if !are_to_be_told_apart(&alternatives) {
            let text = |Member { shape, docs }: &'a Member| ((*docs).to_owned(), self.text(shape, way));
            return union(members.iter().map(text).collect());
        }
        let text = |one: &Alternative<'a>| {
            let absent: Vec<_> = absent(one, &alternatives).into_iter().map(never).collect();
            let text = match one.part {
                Part::Shape(shape) => self.text(shape, way),
                Part::Variation(of) => self.variation(of, way, false),
            };
            let text = match text {
                text if absent.is_empty() => text,
                // A map's braces have no place for properties.
                Text::Braces(parts) if parts.iter().all(|(_, key, _)| !key.starts_with('[')) => {
                    Text::Braces(parts.into_iter().chain(absent).collect())
                }
                Text::Both(parts) => Text::Both(parts.into_iter().chain([Text::Braces(absent)]).collect()),
                text => Text::Both(vec![text, Text::Braces(absent)]),
            };
            (one.docs.to_owned(), text)
        };
        union(alternatives.iter().map(text).collect())
    }

    fn element(self, Element { shape, optional }: &'a Element, way: Way) -> Text {
        match self.text(shape, way) {
            text if !optional => text,
            text => Text::Line(format!("{}?", in_brackets(&text))),
        }
    }

    fn map(self, key: &'a Shape, value: &'a Shape, way: Way) -> Text {
        let value = self.text(value, way);
        let keys = match self.table.keys(key) {
            Some(Keys::Number) => "[key: number]".to_owned(),
            Some(Keys::Boolean) => "[key in 'true' | 'false']?".to_owned(),
            Some(Keys::Names(_)) => format!("[key in {}]?", self.line(key, way)),
            Some(Keys::Text) | None => "[key: string]".to_owned(),
        };
        Text::Braces(vec![(String::new(), keys, value)])
    }

    fn object(self, object: &'a Object, way: Way) -> Text {
        let properties: Vec<_> = object.properties.iter().map(|one| self.property(one, way)).collect();
        let merged: Vec<_> = object.merged.iter().filter_map(|merged| self.merged(merged, way)).collect();
        match (properties.is_empty(), merged.is_empty()) {
            (true, true) => {
                Text::Braces(vec![(String::new(), "[key: string]".to_owned(), Text::Line("never".to_owned()))])
            }
            (_, true) => Text::Braces(properties),
            (true, false) => both(merged),
            (false, false) => both(std::iter::once(Text::Braces(properties)).chain(merged).collect()),
        }
    }

    fn property(self, Property { name, optional, shape, docs, .. }: &'a Property, way: Way) -> (String, String, Text) {
        let mark = if *optional { "?" } else { "" };
        ((*docs).to_owned(), format!("{}{mark}", property(name)), self.text(shape, way))
    }

    /// What is merged; `None` where that is nothing.
    fn merged(self, merged: &'a Merged, way: Way) -> Option<Text> {
        let text = match self.table.resolve(&merged.shape) {
            Shape::Null => return None,
            Shape::Object(Object { properties, merged, .. }) if properties.is_empty() && merged.is_empty() => {
                return None;
            }
            // What is a string elsewhere is a property here.
            Shape::External(variations) if variations.iter().any(|one| one.content.is_none()) => {
                self.external(variations, way, true)
            }
            Shape::Json => {
                Text::Braces(vec![(String::new(), "[key: string]".to_owned(), Text::Line("JsonValue".to_owned()))])
            }
            _ => self.text(&merged.shape, way),
        };
        let Ok(Brought { names, .. }) = self.table.brought(merged, way) else { return Some(text) };
        if !merged.optional || names.is_empty() {
            return Some(text);
        }
        let mut absent: Vec<&str> = Vec::new();
        for (name, _) in names {
            if !absent.contains(&name) {
                absent.push(name);
            }
        }
        let absent = Text::Braces(absent.into_iter().map(never).collect());
        Some(union(vec![(String::new(), text), (String::new(), absent)]))
    }

    /// Each variant says that it has no other's name, or TypeScript would take an object with two for one of them.
    fn external(self, variations: &'a [Variation], way: Way, merged: bool) -> Text {
        let is_object = |variation: &&Variation| variation.content.is_some() || merged;
        let objects: Vec<_> = variations.iter().filter(is_object).map(|variation| variation.name).collect();
        let text = |variation: &'a Variation| {
            let text = match self.variation(variation, way, merged) {
                Text::Braces(own) => {
                    let others = objects.iter().filter(|name| **name != variation.name).map(|name| never(name));
                    Text::Braces(own.into_iter().chain(others).collect())
                }
                text => text,
            };
            (variation.docs.to_owned(), text)
        };
        union(variations.iter().map(text).collect())
    }

    fn variation(self, variation: &'a Variation, way: Way, merged: bool) -> Text {
        let content = match &variation.content {
            Some(content) => self.text(content, way),
            None if merged => Text::Line("null".to_owned()),
            None => return Text::Line(quoted(variation.name)),
        };
        Text::Braces(vec![(String::new(), property(variation.name), content)])
    }
}

fn never(name: &str) -> (String, String, Text) {
    (String::new(), format!("{}?", property(name)), Text::Line("never".to_owned()))
}

/// One of `members`, each once; those that are unions themselves add theirs.
fn union(members: Vec<(String, Text)>) -> Text {
    let mut parts: Vec<(String, Text)> = Vec::new();
    for (docs, text) in members {
        match text {
            Text::Union(inner) => parts.extend(inner),
            text => parts.push((docs, text)),
        }
    }
    let mut seen: Vec<String> = Vec::new();
    parts.retain(|(_, text)| {
        let line = flat(text).unwrap_or_else(|| broken(text, 0));
        let new = !seen.contains(&line) && line != "never";
        seen.push(line);
        new
    });
    match parts.len() {
        0 => Text::Line("never".to_owned()),
        1 if parts[0].0.is_empty() => parts.remove(0).1,
        _ => Text::Union(parts),
    }
}

fn both(mut parts: Vec<Text>) -> Text {
    if parts.len() == 1 { parts.remove(0) } else { Text::Both(parts) }
}

/// On one line; `None` where something is written above a part.
fn flat(text: &Text) -> Option<String> {
    match text {
        Text::Line(line) | Text::Verbatim(line) => Some(line.clone()),
        Text::Union(parts) => {
            let lines = parts
                .iter()
                .map(|(docs, text)| if docs.is_empty() { flat(text).map(|line| member(text, line)) } else { None });
            Some(lines.collect::<Option<Vec<_>>>()?.join(" | "))
        }
        Text::Braces(parts) => {
            let lines =
                parts.iter().map(
                    |(docs, key, text)| {
                        if docs.is_empty() { flat(text).map(|text| format!("{key}: {text}")) } else { None }
                    },
                );
            let lines = lines.collect::<Option<Vec<_>>>()?;
            Some(if lines.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", lines.join("; ")) })
        }
        Text::Both(parts) => {
            let lines = parts.iter().map(|part| flat(part).map(|line| grouped(part, line)));
            Some(lines.collect::<Option<Vec<_>>>()?.join(" & "))
        }
        Text::Brackets(parts) => {
            let lines = parts.iter().map(flat).collect::<Option<Vec<_>>>()?;
            Some(format!("[{}]", lines.join(", ")))
        }
        Text::List(inner) => flat(inner).map(|line| format!("{}[]", grouped(inner, line))),
    }
}

/// Over several lines, the first of which begins where it stands, and the others `indent` deep.
fn broken(text: &Text, indent: usize) -> String {
    let pad = " ".repeat(indent);
    match text {
        Text::Line(line) | Text::Verbatim(line) => line.clone(),
        Text::Union(parts) => parts
            .iter()
            .map(|(docs, text)| {
                let comment = comment(docs, indent);
                let comment = comment.trim_end();
                let comment = if comment.is_empty() { String::new() } else { format!("\n{comment}") };
                let line = fitting(text, indent + 2, indent + 2);
                format!("{comment}\n{pad}| {}", member(text, line))
            })
            .collect(),
        Text::Braces(parts) => {
            let inner = indent + 2;
            let lines = parts.iter().map(|(docs, key, text)| {
                let head = format!("{}{key}:", " ".repeat(inner));
                let value = fitting(text, inner, head.chars().count() + 2);
                let gap = if value.starts_with('\n') { "" } else { " " };
                format!("{}{head}{gap}{value};\n", comment(docs, inner))
            });
            format!("{{\n{}{pad}}}", lines.collect::<String>())
        }
        Text::Both(parts) => {
            let lines: Vec<_> = parts.iter().map(|part| grouped(part, fitting(part, indent, indent))).collect();
            lines.join(" & ")
        }
        Text::Brackets(parts) => {
            let inner = " ".repeat(indent + 2);
            let lines = parts.iter().map(|part| format!("{inner}{},\n", fitting(part, indent + 2, indent + 2)));
            format!("[\n{}{pad}]", lines.collect::<String>())
        }
        Text::List(part) => format!("{}[]", grouped(part, broken(part, indent))),
    }
}

/// On one line if that fits after `used` columns.
fn fitting(text: &Text, indent: usize, used: usize) -> String {
    match flat(text) {
        Some(line) if used + line.chars().count() < WIDTH => line,
        _ if matches!(text, Text::Union(_)) => broken(text, indent + 2),
        _ => broken(text, indent),
    }
}

fn member(part: &Text, line: String) -> String {
    if matches!(part, Text::Union(_)) { line } else { grouped(part, line) }
}

fn grouped(part: &Text, line: String) -> String {
    match part {
        Text::Union(_) | Text::Both(_) => format!("({line})"),
        Text::Verbatim(text) if !is_one_word(text) => format!("({line})"),
        _ => line,
    }
}

/// Whether nothing in `text` can belong to what stands beside it: a name, a number or one string.
fn is_one_word(text: &str) -> bool {
    let is_string = |mark: char| {
        let inner = text.strip_prefix(mark).and_then(|text| text.strip_suffix(mark));
        inner.is_some_and(|inner| !inner.contains(mark))
    };
    is_string('\'')
        || is_string('"')
        || is_string('`')
        || text.chars().all(|c| c.is_alphanumeric() || "_$.".contains(c))
}

fn in_brackets(text: &Text) -> String {
    grouped(text, flat(text).unwrap_or_else(|| broken(text, 0)))
}
