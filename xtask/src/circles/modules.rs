//! The modules of a crate: what each defines, what it imports, and in which file it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::tokens;
use crate::command::Failure;

/// A library or a program. Its root is the first module.
pub(super) struct Crate {
    pub(super) modules: Vec<Module>,
}

pub(super) struct Module {
    /// The root is its own parent.
    pub(super) parent: usize,
    pub(super) file: PathBuf,
    /// By name; the same one may be declared for several platforms.
    pub(super) children: BTreeMap<String, Vec<usize>>,
    /// The names of what it defines itself.
    pub(super) items: BTreeSet<String>,
    pub(super) uses: Vec<Use>,
    /// The code of its items.
    pub(super) body: Vec<TokenTree>,
}

/// One name, or all of a module, brought in by `use`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) path: Vec<String>,
    /// What it is called here; all names of the path for `*`.
    pub(super) name: Option<String>,
    /// Whether the module passes it on.
    pub(super) is_passed_on: bool,
}

type Read<'a> = &'a dyn Fn(&Path) -> io::Result<String>;

impl Crate {
    /// Reads the root and every file that belongs to it, but for tests.
    pub(super) fn read(root: &Path) -> Result<Self, Failure> {
        Self::read_by(root, &|path| fs::read_to_string(path))
    }

    pub(super) fn read_by(root: &Path, read: Read<'_>) -> Result<Self, Failure> {
        let mut this = Self { modules: Vec::new() };
        let source = read(root).map_err(|error| unreadable(root, &error))?;
        let directory = root.parent().unwrap_or(root).to_owned();
        this.add_file(root, &source, &directory, 0, read)?;
        Ok(this)
    }

    fn add_file(
        &mut self,
        file: &Path,
        source: &str,
        children: &Path,
        parent: usize,
        read: Read<'_>,
    ) -> Result<usize, Failure> {
        let tokens: TokenStream = source.parse().map_err(|error| unreadable(file, &error))?;
        self.add_module(file, tokens, children, parent, read)
    }

    /// `children` is the directory with the files of its submodules.
    fn add_module(
        &mut self,
        file: &Path,
        tokens: TokenStream,
        children: &Path,
        parent: usize,
        read: Read<'_>,
    ) -> Result<usize, Failure> {
        let id = self.modules.len();
        let (items, submodules) = items_of(tokens.into_iter().collect());
        self.modules.push(Module { parent, file: file.to_owned(), ..items });
        for Submodule { name, content, path } in submodules {
            let child = match content {
                Some(content) => self.add_module(file, content.stream(), &children.join(&name), id, read)?,
                None => {
                    let (path, children, source) = find(file, children, &name, path.as_deref(), read)?;
                    self.add_file(&path, &source, &children, id, read)?
                }
            };
            if let Some(module) = self.modules.get_mut(id) {
                module.children.entry(name).or_default().push(child);
            }
        }
        Ok(id)
    }
}

/// The file of a submodule, the directory with the files of its own, and its text.
fn find(
    file: &Path,
    children: &Path,
    name: &str,
    path: Option<&str>,
    read: Read<'_>,
) -> Result<(PathBuf, PathBuf, String), Failure> {
    let candidates = match path {
        Some(path) => {
            let path = file.parent().unwrap_or(file).join(path);
            let children = path.parent().unwrap_or(&path).to_owned();
            vec![(path, children)]
        }
        None => vec![
            (children.join(format!("{name}.rs")), children.join(name)),
            (children.join(name).join("mod.rs"), children.join(name)),
        ],
    };
    for (path, children) in candidates {
        match read(&path) {
            Ok(source) => return Ok((path, children, source)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&path, &error)),
        }
    }
    Err(Failure::new(
        format!("{} declares `mod {name}`, and it has no file", file.display()),
        "see where the file went, or change xtask/src/circles/modules.rs where modules have another place now",
    ))
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("{} cannot be read: {error}", path.display()), "see that it is there and is Rust")
}

/// `mod name;`, or one with its content.
struct Submodule {
    name: String,
    content: Option<Group>,
    /// Of `#[path]`.
    path: Option<String>,
}

/// What stands in a module, and the submodules that it declares.
fn items_of(tokens: Vec<TokenTree>) -> (Module, Vec<Submodule>) {
    let mut module = Module {
        parent: 0,
        file: PathBuf::new(),
        children: BTreeMap::new(),
        items: BTreeSet::new(),
        uses: Vec::new(),
        body: Vec::new(),
    };
    let mut submodules = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (attributes, start) = tokens::attributes(&tokens, at);
        let is_public = tokens::word(tokens.get(start)).as_deref() == Some("pub");
        let begins = start + usize::from(is_public);
        let is_restricted = is_public && tokens::group(tokens.get(begins), Delimiter::Parenthesis).is_some();
        let begins = begins + usize::from(is_restricted);
        let end = end_of_item(&tokens, begins);
        let item = tokens.get(begins..end).unwrap_or_default();
        at = end;
        if attributes.iter().any(|attribute| tokens::is_for_tests(attribute)) {
            continue;
        }
        match tokens::word(item.first()).as_deref() {
            Some("use") => module.uses.extend(uses(item, is_public)),
            Some("mod") => submodules.extend(tokens::word(item.get(1)).map(|name| Submodule {
                name,
                content: tokens::group(item.get(2), Delimiter::Brace).cloned(),
                path: attributes.iter().find_map(|attribute| path_of(attribute)),
            })),
            _ => {
                module.items.extend(names(item));
                module.body.extend(tokens::without_tests(item.iter().cloned().collect()));
            }
        }
    }
    (module, submodules)
}

/// Where the item that begins at `at` is over: behind its `;` or its braces.
fn end_of_item(tokens: &[TokenTree], at: usize) -> usize {
    let words = || tokens.iter().skip(at).take(2).map(|token| tokens::word(Some(token)));
    let is_function =
        words().nth(1).flatten().is_some_and(|word| ["fn", "unsafe", "async", "extern"].contains(&&*word));
    // Braces in these are a part of them.
    let ends_with_semicolon = match words().next().flatten().as_deref() {
        Some("use" | "static" | "type") => true,
        Some("const") => !is_function,
        _ => false,
    };
    let length = tokens.iter().skip(at).position(|token| {
        let is_braces = tokens::group(Some(token), Delimiter::Brace).is_some();
        tokens::is_punct(Some(token), ';') || (is_braces && !ends_with_semicolon)
    });
    length.map_or(tokens.len(), |length| at + length + 1)
}

/// What the item is called; what a macro makes, as far as that can be seen.
fn names(item: &[TokenTree]) -> Vec<String> {
    const NAMING: &[&str] = &["fn", "struct", "enum", "union", "trait", "type", "const", "static"];
    let named = |tokens: &[TokenTree]| {
        let is_mut = |token: &TokenTree| tokens::word(Some(token)).is_some_and(|word| word == "mut");
        let tokens: Vec<TokenTree> = tokens.iter().filter(|token| !is_mut(token)).cloned().collect();
        let pairs = tokens.windows(2).filter(|pair| {
            tokens::word(pair.first()).is_some_and(|word| NAMING.contains(&word.as_str()))
                && tokens::word(pair.last()).is_some_and(|name| !NAMING.contains(&name.as_str()))
        });
        pairs.filter_map(|pair| tokens::word(pair.last())).collect::<Vec<_>>()
    };
    match (tokens::word(item.first()).as_deref(), tokens::is_punct(item.get(1), '!')) {
        (Some("macro_rules"), _) => tokens::word(item.get(2)).into_iter().collect(),
        (Some("impl"), _) => Vec::new(),
        (_, true) => match item.get(2) {
            Some(TokenTree::Group(made)) => named(&made.stream().into_iter().collect::<Vec<_>>()),
            _ => Vec::new(),
        },
        _ => named(item).into_iter().take(1).collect(),
    }
}

fn path_of(attribute: &Group) -> Option<String> {
    let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(path), TokenTree::Punct(_), TokenTree::Literal(literal)] if path == "path" => {
            Some(literal.to_string().trim_matches('"').to_owned())
        }
        _ => None,
    }
}

/// What `use a::{b, c as d, e::*};` brings in.
pub(super) fn uses(item: &[TokenTree], is_passed_on: bool) -> Vec<Use> {
    let mut uses = Vec::new();
    read_tree(item.get(1..).unwrap_or_default(), &[], is_passed_on, &mut uses);
    uses
}

fn read_tree(tokens: &[TokenTree], before: &[String], is_passed_on: bool, uses: &mut Vec<Use>) {
    let mut path = before.to_vec();
    let mut at = 0;
    loop {
        if tokens::is_path_separator(tokens, at) {
            at += 2;
        } else if let Some(all) = tokens::group(tokens.get(at), Delimiter::Brace) {
            let all: Vec<TokenTree> = all.stream().into_iter().collect();
            for one in all.split(|token| tokens::is_punct(Some(token), ',')).filter(|one| !one.is_empty()) {
                read_tree(one, &path, is_passed_on, uses);
            }
            return;
        } else if tokens::is_punct(tokens.get(at), '*') {
            uses.push(Use { path, name: None, is_passed_on });
            return;
        } else if let Some(word) = tokens::word(tokens.get(at)).filter(|word| word != "as") {
            // `a::{self}` is `a`.
            if word != "self" || path.is_empty() {
                path.push(word);
            }
            at += 1;
        } else {
            let renamed = tokens::word(tokens.get(at)).and_then(|_| tokens::word(tokens.get(at + 1)));
            let name = renamed.or_else(|| path.last().cloned());
            if !path.is_empty() {
                uses.push(Use { path, name: Some(name.unwrap_or_default()), is_passed_on });
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(source: &str) -> Vec<TokenTree> {
        source.parse::<TokenStream>().expect("it is Rust").into_iter().collect()
    }

    fn brought_in(source: &str) -> Vec<(String, Option<String>)> {
        uses(&tokens(source), false).into_iter().map(|one| (one.path.join("::"), one.name)).collect()
    }

    fn one(path: &str, name: &str) -> (String, Option<String>) {
        (path.to_owned(), Some(name.to_owned()))
    }

    #[test]
    fn a_use_is_read_however_it_is_grouped_and_renamed() {
        assert_eq!(brought_in("use crate::a::B;"), [one("crate::a::B", "B")]);
        assert_eq!(
            brought_in("use super::{self as up, a::{self, B as C}, d::*, E as _};"),
            [
                one("super", "up"),
                one("super::a", "a"),
                one("super::a::B", "C"),
                ("super::d".to_owned(), None),
                one("super::E", "_"),
            ]
        );
    }

    #[test]
    fn every_item_has_its_name_and_nothing_inside_it_has_one() {
        let source = "
            #![allow(x)] use a::{b, c}; pub(crate) const fn f() -> [u8; 2] { struct Inner; [0; 2] } const A: B = B { c: 1 };
            pub struct S<T>(T); unsafe impl Send for S<T> { type X = Y; } static mut G: u8 = { 1 }; type T = fn(u8);
            pub(in crate::x) enum E { V } macro_rules! m { () => { struct Made; } } thread_local! { static L: u8 = 1; }
            pub async fn g() {} union U { a: u8 } trait R { fn h(); } extern \"C\" fn e() {}";
        let (module, _) = items_of(tokens(source));
        let names: Vec<&str> = module.items.iter().map(String::as_str).collect();
        assert_eq!(names, ["A", "E", "G", "L", "R", "S", "T", "U", "e", "f", "g", "m"]);
        assert_eq!(module.uses.len(), 2);
    }

    #[test]
    fn a_submodule_has_a_file_of_either_name_a_path_or_its_content() {
        let files = [
            (
                "src/lib.rs",
                "mod a; mod b; mod inner { mod deep; struct I; } #[path = \"odd.rs\"] mod c; #[cfg(test)] mod tests;",
            ),
            ("src/a.rs", "mod x;"),
            ("src/a/x.rs", ""),
            ("src/b/mod.rs", "mod y;"),
            ("src/b/y.rs", ""),
            ("src/inner/deep.rs", ""),
            ("src/odd.rs", ""),
        ];
        let found = Crate::read_by(Path::new("src/lib.rs"), &|path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path);
            file.map(|(_, source)| (*source).to_owned()).ok_or_else(|| io::ErrorKind::NotFound.into())
        });
        let found = found.map_err(|failure| failure.to_string()).expect("all is there");
        let read: BTreeSet<_> = found.modules.iter().map(|module| module.file.clone()).collect();
        assert_eq!(read, files.iter().map(|(name, _)| PathBuf::from(name)).collect());
    }

    #[test]
    fn a_module_without_a_file_is_a_failure_that_names_both() {
        let found = Crate::read_by(Path::new("src/lib.rs"), &|path| {
            if path == Path::new("src/lib.rs") {
                Ok("mod gone;".to_owned())
            } else {
                Err(io::ErrorKind::NotFound.into())
            }
        });
        let why = found.map(|_| ()).expect_err("it is not there").to_string();
        assert!(why.contains("src/lib.rs declares `mod gone`"), "{why}");
    }
}
