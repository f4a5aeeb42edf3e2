//! The paths in the code of a crate, each followed to the file that defines what it names.

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::TokenTree;

use super::graph::Graph;
use super::modules::{Crate, Module, Use, uses};
use super::tokens;

/// So many names may pass one on; more than that is a name that passes on itself.
const DEEPEST: usize = 16;

/// Draws an arrow for every path that leads to another file.
pub(super) fn draw(of: &Crate, graph: &mut Graph) {
    for (id, module) in of.modules.iter().enumerate() {
        for import in module.uses.iter().filter(|import| !import.is_passed_on) {
            arrow(of, id, &import.path, graph);
        }
        draw_code(of, id, &module.body, graph);
    }
}

fn draw_code(of: &Crate, id: usize, code: &[TokenTree], graph: &mut Graph) {
    let mut at = 0;
    while let Some(token) = code.get(at) {
        match token {
            TokenTree::Group(group) => draw_code(of, id, &group.stream().into_iter().collect::<Vec<_>>(), graph),
            TokenTree::Ident(word) if *word == "use" => {
                let rest = code.get(at..).unwrap_or_default();
                for import in uses(rest, false) {
                    arrow(of, id, &import.path, graph);
                }
                at += rest.iter().position(|token| tokens::is_punct(Some(token), ';')).unwrap_or_default();
            }
            TokenTree::Ident(_) if begins_path(code, at) => {
                let (path, end) = path_at(code, at);
                arrow(of, id, &path, graph);
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

/// Not a field, a method or a lifetime, nor the middle of a path.
fn begins_path(code: &[TokenTree], at: usize) -> bool {
    let before = |by: usize| at.checked_sub(by).and_then(|at| code.get(at));
    let is_range = tokens::is_punct(before(1), '.') && tokens::is_punct(before(2), '.');
    let is_member = tokens::is_punct(before(1), '.') && !is_range;
    let is_inside = at.checked_sub(2).is_some_and(|at| tokens::is_path_separator(code, at));
    !is_member && !is_inside && !tokens::is_punct(before(1), '\'')
}

/// The words of the path that begins at `at`, and where it is over.
fn path_at(code: &[TokenTree], at: usize) -> (Vec<String>, usize) {
    let mut path: Vec<String> = tokens::word(code.get(at)).into_iter().collect();
    let mut end = at + 1;
    while tokens::is_path_separator(code, end) {
        let Some(word) = tokens::word(code.get(end + 2)) else { break };
        path.push(word);
        end += 3;
    }
    (path, end)
}

fn arrow(of: &Crate, from: usize, path: &[String], graph: &mut Graph) {
    let Some(module) = of.modules.get(from) else { return };
    for (file, name) in follow(of, from, path, 0) {
        graph.add(&module.file, file, &name);
    }
}

/// The files that define what the path names, seen from this module, each with the name that it has there. None for a path
/// that leads out of the crate or to a module as such.
fn follow<'a>(of: &'a Crate, from: usize, path: &[String], depth: usize) -> BTreeSet<(&'a Path, String)> {
    let Some(module) = of.modules.get(from) else { return BTreeSet::new() };
    match path.split_first() {
        Some((first, rest)) if first == "crate" => within(of, 0, rest, depth),
        Some((first, rest)) if first == "self" => within(of, from, rest, depth),
        Some((first, rest)) if first == "super" => match rest.first().is_some_and(|next| next == "super") {
            true => follow(of, module.parent, rest, depth),
            false => within(of, module.parent, rest, depth),
        },
        Some(_) => within(of, from, path, depth),
        None => BTreeSet::new(),
    }
}

/// The same, of a path that begins in this module.
fn within<'a>(of: &'a Crate, at: usize, path: &[String], depth: usize) -> BTreeSet<(&'a Path, String)> {
    let mut found = BTreeSet::new();
    let (Some(module), Some((name, rest))) = (of.modules.get(at), path.split_first()) else { return found };
    if depth > DEEPEST {
        return found;
    }
    for child in module.children.get(name).into_iter().flatten() {
        found.extend(within(of, *child, rest, depth + 1));
    }
    if module.items.contains(name) {
        found.insert((&*module.file, name.clone()));
    }
    for import in module.uses.iter().filter(|import| import.name.as_ref() == Some(name)) {
        found.extend(follow(of, at, &[&import.path, rest].concat(), depth + 1));
    }
    if found.is_empty() {
        for import in module.uses.iter().filter(|import| is_of_crate(of, module, import)) {
            found.extend(follow(of, at, &[&import.path, path].concat(), depth + 1));
        }
    }
    found
}

/// Whether it brings in all of a module of this crate.
fn is_of_crate(of: &Crate, module: &Module, import: &Use) -> bool {
    let first = import.path.first().map(String::as_str).unwrap_or_default();
    let is_module = |at: &Module| at.children.contains_key(first);
    import.name.is_none()
        && (matches!(first, "crate" | "self" | "super")
            || is_module(module)
            || of.modules.first().is_some_and(is_module))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// The circles of a crate of these files; the first is its root.
    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let root = files.first().map(|(name, _)| *name).unwrap_or_default();
        let found = Crate::read_by(Path::new(root), &|path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path);
            file.map(|(_, source)| (*source).to_owned()).ok_or_else(|| io::ErrorKind::NotFound.into())
        });
        let mut graph = Graph::default();
        draw(&found.map_err(|failure| failure.to_string()).expect("it is read"), &mut graph);
        graph.circles().iter().map(|circle| circle.line(Path::new("/"))).collect()
    }

    const FACADE: (&str, &str) = ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;");

    #[test]
    fn two_files_that_use_one_another_are_a_circle_however_they_name_what_they_use() {
        for (a, b) in [
            ("use crate::b::B; pub struct A(B);", "use crate::a::A; pub struct B(A);"),
            ("use super::b::{self, B}; pub struct A(B);", "pub struct B(crate::a::A);"),
            ("use crate::b; pub struct A(b::B);", "use super::a::*; pub struct B(Box<A>);"),
            ("pub struct A; fn f() { use crate::b::B; }", "pub struct B; impl From<super::a::A> for B {}"),
            (
                "pub struct A; macro_rules! m { () => { $crate::b::B } }",
                "pub struct B; fn f() { crate::a::A::new::<u8>() }",
            ),
            // Through what the root passes on.
            ("use crate::B as C; pub struct A(C);", "pub struct B(crate::A);"),
        ] {
            assert_eq!(circles(&[FACADE, ("a.rs", a), ("b.rs", b)]), ["a.rs -(B)-> b.rs -(A)-> a.rs"], "{a} {b}");
        }
    }

    #[test]
    fn what_only_looks_like_a_use_of_the_other_file_is_none() {
        for b in [
            "pub struct B { A: u8 } fn f(b: B) { b.A; b.a(); }",
            "#[cfg(test)] mod tests { use crate::a::A; } pub struct B;",
            "/// [`crate::a::A`]\npub struct B<'a>(&'a str);",
            "pub struct B; fn f(a: u8) { let a = a; }",
            "pub struct B; use other::A;",
        ] {
            assert!(circles(&[FACADE, ("a.rs", "use crate::b::B; pub struct A(B);"), ("b.rs", b)]).is_empty(), "{b}");
        }
    }

    #[test]
    fn a_parent_that_only_declares_and_passes_on_needs_nothing_of_its_children() {
        let a = ("a.rs", "use super::{Own, B}; pub struct A(B, Own);");
        assert!(
            circles(&[
                ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B; pub struct Own;"),
                a,
                ("b.rs", "pub struct B;")
            ])
            .is_empty()
        );
    }

    #[test]
    fn a_parent_that_uses_a_child_that_uses_what_it_defines_is_in_a_circle() {
        let a = ("a.rs", "use super::Own; pub struct A(Own);");
        for root in [
            "mod a; use a::A; pub struct Own; fn f(a: A) {}",
            "mod a; pub use a::A; pub struct Own; fn f(a: A) {}",
            "mod a; pub struct Own; fn f(a: a::A) {}",
        ] {
            assert_eq!(circles(&[("lib.rs", root), a]), ["a.rs -(Own)-> lib.rs -(A)-> a.rs"], "{root}");
        }
        assert!(circles(&[("lib.rs", "mod a; pub struct Own; use a::A;"), ("a.rs", "pub struct A;")]).is_empty());
    }

    #[test]
    fn a_module_within_a_file_is_no_other_file() {
        assert!(circles(&[("lib.rs", "mod a { pub struct A(super::B); } pub struct B(Option<a::A>);")]).is_empty());
    }

    #[test]
    fn a_name_that_passes_on_itself_ends() {
        assert!(circles(&[("lib.rs", "mod a; use a::*; fn f() { X }"), ("a.rs", "pub use super::*;")]).is_empty());
    }
}
