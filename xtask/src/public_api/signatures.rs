//! The types that the public signatures of a crate name, as rustdoc writes them down.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::Value;

/// The part of rustdoc's JSON that is looked at. What is private or `doc(hidden)` is not in it.
#[derive(Deserialize)]
pub(super) struct Docs {
    root: Id,
    index: HashMap<Id, Item>,
    /// Where everything that is named is defined, in this crate and in others.
    paths: HashMap<Id, Defined>,
}

type Id = u32;

#[derive(Deserialize)]
struct Item {
    name: Option<String>,
    /// One field: its name is the kind of item.
    inner: HashMap<String, Value>,
}

#[derive(Deserialize)]
struct Defined {
    path: Vec<String>,
}

/// A type, a trait or an alias in the signature of a public item.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mention {
    /// The item.
    pub(super) item: String,
    /// Where what it names is defined; its bare name when that is private.
    pub(super) path: String,
}

impl Docs {
    /// Where everything is defined that one can name with this crate, what it exports of other crates too.
    pub(super) fn exports(&self) -> BTreeSet<String> {
        let walk = self.walk([self.root]);
        walk.seen.iter().chain(&walk.exported).filter_map(|id| self.defined(*id)).collect()
    }

    /// What the public signatures name.
    pub(super) fn mentions(&self) -> BTreeSet<Mention> {
        self.walk([self.root]).mentions
    }

    /// The same, of these items alone.
    pub(super) fn mentions_of(&self, items: &BTreeSet<String>) -> BTreeSet<Mention> {
        let meant = self.index.keys().filter(|id| self.defined(**id).is_some_and(|path| items.contains(&path)));
        self.walk(meant.copied()).mentions
    }

    fn defined(&self, id: Id) -> Option<String> {
        self.paths.get(&id).map(|defined| defined.path.join("::"))
    }

    fn walk(&self, from: impl IntoIterator<Item = Id>) -> Walk<'_> {
        let mut walk = Walk { docs: self, seen: BTreeSet::new(), exported: BTreeSet::new(), mentions: BTreeSet::new() };
        from.into_iter().for_each(|id| walk.visit(id, ""));
        walk
    }
}

/// From an item to all that is in it.
struct Walk<'a> {
    docs: &'a Docs,
    seen: BTreeSet<Id>,
    exported: BTreeSet<Id>,
    mentions: BTreeSet<Mention>,
}

impl Walk<'_> {
    fn visit(&mut self, id: Id, parent: &str) {
        let Some(item) = self.docs.index.get(&id) else { return };
        let Some((kind, inner)) = item.inner.iter().next() else { return };
        // Those come with a trait that somebody else defines for every type.
        let is_not_ours = kind == "impl" && (!inner["blanket_impl"].is_null() || inner["is_synthetic"] == true);
        if is_not_ours || !self.seen.insert(id) {
            return;
        }
        let name = self.docs.defined(id).unwrap_or_else(|| match &item.name {
            Some(name) if kind != "use" => format!("{parent}::{name}"),
            _ => parent.to_owned(),
        });
        self.mention(&name, inner);
        for child in children(kind, inner) {
            if kind == "use" {
                self.exported.insert(child);
            }
            self.visit(child, &name);
        }
    }

    /// Whatever has both an id and a path names something.
    fn mention(&mut self, item: &str, signature: &Value) {
        match signature {
            Value::Object(fields) => {
                if let (Some(id), Some(written)) = (fields.get("id").and_then(id), fields.get("path")) {
                    let written = written.as_str().unwrap_or_default();
                    let path = self.docs.defined(id).unwrap_or_else(|| written.to_owned());
                    self.mentions.insert(Mention { item: item.to_owned(), path });
                }
                fields.values().for_each(|field| self.mention(item, field));
            }
            Value::Array(values) => values.iter().for_each(|value| self.mention(item, value)),
            _ => {}
        }
    }
}

/// The items within one of this kind.
fn children(kind: &str, inner: &Value) -> Vec<Id> {
    let lists: &[&str] = match kind {
        "use" => return id(&inner["id"]).into_iter().collect(),
        "module" | "impl" => &["/items"],
        "trait" => &["/items", "/implementations"],
        "struct" => &["/kind/tuple", "/kind/plain/fields", "/impls"],
        "union" => &["/fields", "/impls"],
        "enum" => &["/variants", "/impls"],
        "variant" => &["/kind/tuple", "/kind/struct/fields"],
        _ => &[],
    };
    lists.iter().filter_map(|list| inner.pointer(list)?.as_array()).flatten().filter_map(id).collect()
}

fn id(value: &Value) -> Option<Id> {
    value.as_u64().and_then(|id| Id::try_from(id).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crate `us`, which exports `Limits` of another and has `Rooms` with a method, a blanket impl and an impl of a trait.
    fn docs() -> Docs {
        let names =
            |id: Id, path: &str| serde_json::json!({ "resolved_path": { "path": path, "id": id, "args": null } });
        let item = |name: Option<&str>, kind: &str, inner: Value| serde_json::json!({ "name": name, "inner": { kind: inner } });
        let implement = |of: Option<Id>, is_blanket: bool, items: &[Id]| {
            let blanket = if is_blanket { serde_json::json!({ "generic": "T" }) } else { Value::Null };
            let of = of.map(|id| serde_json::json!({ "path": "Trait", "id": id, "args": null }));
            item(
                None,
                "impl",
                serde_json::json!({ "items": items, "trait": of, "blanket_impl": blanket, "is_synthetic": false }),
            )
        };
        serde_json::from_value(serde_json::json!({
            "root": 0,
            "index": {
                "0": item(Some("us"), "module", serde_json::json!({ "items": [1, 2] })),
                "1": item(None, "use", serde_json::json!({ "source": "below::Limits", "name": "Limits", "id": 10, "is_glob": false })),
                "2": item(None, "use", serde_json::json!({ "source": "rooms::Rooms", "name": "Rooms", "id": 3, "is_glob": false })),
                "3": item(Some("Rooms"), "struct", serde_json::json!({ "kind": { "plain": { "fields": [] } }, "impls": [4, 5, 6] })),
                "4": implement(None, false, &[7]),
                "5": implement(Some(13), true, &[]),
                "6": implement(Some(12), false, &[]),
                "7": item(Some("platform"), "function", serde_json::json!({ "sig": { "inputs": [["x", names(10, "Limits")]], "output": names(11, "Platform") } })),
                "8": item(Some("unreachable"), "function", serde_json::json!({ "sig": { "output": names(14, "Hidden") } })),
            },
            "paths": {
                "0": { "path": ["us"] },
                "3": { "path": ["us", "rooms", "Rooms"] },
                "8": { "path": ["us", "unreachable"] },
                "10": { "path": ["below", "limits", "Limits"] },
                "11": { "path": ["below", "Platform"] },
                "12": { "path": ["below", "Trait"] },
                "13": { "path": ["elsewhere", "Blanket"] },
                "14": { "path": ["below", "Hidden"] },
            },
        }))
        .expect("it is as rustdoc writes it")
    }

    #[test]
    fn what_one_can_reach_names_what_is_in_its_signature() {
        let mentions: Vec<_> = docs().mentions().into_iter().map(|mention| (mention.item, mention.path)).collect();
        let of = |item: &str, path: &str| (item.to_owned(), path.to_owned());
        assert_eq!(
            mentions,
            [
                of("us::rooms::Rooms", "below::Trait"),
                of("us::rooms::Rooms::platform", "below::Platform"),
                of("us::rooms::Rooms::platform", "below::limits::Limits"),
            ]
        );
    }

    #[test]
    fn what_is_exported_is_known_by_where_it_is_defined() {
        let exports = docs().exports();
        assert!(exports.contains("us::rooms::Rooms") && exports.contains("below::limits::Limits"));
        assert!(!exports.contains("below::Platform") && !exports.contains("us::unreachable"));
    }

    #[test]
    fn an_item_can_be_asked_about_alone() {
        let meant = BTreeSet::from(["us::unreachable".to_owned()]);
        let mentions: Vec<_> = docs().mentions_of(&meant).into_iter().map(|mention| mention.path).collect();
        assert_eq!(mentions, ["below::Hidden"]);
    }
}
