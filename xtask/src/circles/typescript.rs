//! The imports between files of TypeScript, types with them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::graph::Graph;
use crate::command::Failure;

/// So many files may pass a name on.
const DEEPEST: usize = 16;

/// A statement that names another file of the package.
#[derive(Debug, PartialEq, Eq)]
struct Import {
    /// As the other file calls them; empty for all of it.
    names: Vec<String>,
    /// What the file calls them, in the same order.
    called: Vec<String>,
    from: PathBuf,
    /// Whether the file uses them, or only passes them on.
    is_used: bool,
}

type Imports = BTreeMap<PathBuf, Vec<Import>>;

/// Draws an arrow for every import below this directory.
pub(super) fn draw(directory: &Path, graph: &mut Graph) -> Result<(), Failure> {
    let mut sources = BTreeMap::new();
    collect(directory, &mut sources)?;
    draw_sources(&sources, graph);
    Ok(())
}

fn collect(directory: &Path, sources: &mut BTreeMap<PathBuf, String>) -> Result<(), Failure> {
    let unreadable = |path: &Path, error: std::io::Error| {
        Failure::new(format!("{} cannot be read: {error}", path.display()), "see that it is there and may be read")
    };
    for entry in fs::read_dir(directory).map_err(|error| unreadable(directory, error))? {
        let path = entry.map_err(|error| unreadable(directory, error))?.path();
        if path.is_dir() {
            collect(&path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "ts" || extension == "tsx") {
            sources.insert(path.clone(), fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?);
        }
    }
    Ok(())
}

fn draw_sources(sources: &BTreeMap<PathBuf, String>, graph: &mut Graph) {
    let imports: Imports =
        sources.iter().map(|(file, source)| (file.clone(), imports(file, source, sources))).collect();
    for (file, own) in &imports {
        for import in own.iter().filter(|import| import.is_used) {
            if import.names.is_empty() {
                graph.add(file, &import.from, "*");
            }
            for name in &import.names {
                graph.add(file, definer(&imports, &import.from, name, 0), name);
            }
        }
    }
}

/// The file that defines what this one exports, itself where it does not pass it on.
fn definer<'a>(imports: &'a Imports, file: &'a Path, name: &str, depth: usize) -> &'a Path {
    let passed_on = imports.get(file).into_iter().flatten().filter(|import| !import.is_used && depth < DEEPEST);
    for import in passed_on {
        if let Some(at) = import.called.iter().position(|called| called == name) {
            let name = import.names.get(at).map_or(name, String::as_str);
            return definer(imports, &import.from, name, depth + 1);
        }
    }
    file
}

/// The statements `import .. from './x.js'` and `export .. from './x.js'`, and every `import('./x.js')`.
fn imports(file: &Path, source: &str, sources: &BTreeMap<PathBuf, String>) -> Vec<Import> {
    let mut imports = Vec::new();
    let mut rest = source;
    while let Some((statement, after)) = next_statement(rest) {
        rest = after;
        let Some((head, path)) = quoted_at_end(statement) else { continue };
        let Some(from) = find(file, path, sources) else { continue };
        let is_used = !head.trim_start().starts_with("export");
        let (names, called) = named(head);
        imports.push(Import { names, called, from, is_used });
    }
    for part in source.split("import('").skip(1) {
        let from = part.split('\'').next().and_then(|path| find(file, path, sources));
        imports.extend(from.map(|from| Import { names: Vec::new(), called: Vec::new(), from, is_used: true }));
    }
    imports
}

/// The next statement that begins a line with `import` or `export`, up to its `;`, and what comes after.
fn next_statement(source: &str) -> Option<(&str, &str)> {
    let mut at = 0;
    for line in source.split_inclusive('\n') {
        if line.starts_with("import ") || line.starts_with("export ") {
            let statement = source.get(at..)?;
            let end = statement.find(';').map_or(statement.len(), |end| end + 1);
            // What is exported and defined here may have a body with statements of its own.
            let end = if statement.starts_with("import ") || is_passed_on(statement) { end } else { line.len() };
            return Some((statement.get(..end)?, statement.get(end..)?));
        }
        at += line.len();
    }
    None
}

/// `export {..} from` or `export * from`, and not `export function`.
fn is_passed_on(statement: &str) -> bool {
    let after = statement.trim_start_matches("export ").trim_start_matches("type ");
    after.starts_with('{') || after.starts_with('*')
}

/// What stands before the string that ends the statement, and the string.
fn quoted_at_end(statement: &str) -> Option<(&str, &str)> {
    let statement = statement.trim_end().strip_suffix(';')?.trim_end();
    statement.strip_suffix('\'')?.rsplit_once('\'')
}

/// What the statement names, as the other file calls it and as this one does.
fn named(head: &str) -> (Vec<String>, Vec<String>) {
    let braces = head.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(names, _)| names);
    let parts = braces.unwrap_or_default().split(',').map(|part| part.trim().trim_start_matches("type "));
    let pairs = parts.filter(|part| !part.is_empty()).map(|part| part.split_once(" as ").unwrap_or((part, part)));
    pairs.map(|(name, called)| (name.to_owned(), called.to_owned())).unzip()
}

/// The source that `./x.js` stands for, where it is one.
fn find(file: &Path, path: &str, sources: &BTreeMap<PathBuf, String>) -> Option<PathBuf> {
    if !path.starts_with('.') {
        return None;
    }
    let mut found = PathBuf::new();
    for component in file.parent()?.join(path).components() {
        match component {
            Component::ParentDir => drop(found.pop()),
            Component::CurDir => {}
            other => found.push(other),
        }
    }
    let bare = match found.extension() {
        Some(extension) if extension == "js" || extension == "jsx" => found.with_extension(""),
        _ => found,
    };
    let with = |ending: &str| PathBuf::from(format!("{}{ending}", bare.display()));
    [".ts", ".tsx", "/index.ts", "/index.tsx"].into_iter().map(with).find(|path| sources.contains_key(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let sources = files.iter().map(|(name, source)| (Path::new("/").join(name), (*source).to_owned())).collect();
        let mut graph = Graph::default();
        draw_sources(&sources, &mut graph);
        graph.circles().iter().map(|circle| circle.line(Path::new("/"))).collect()
    }

    #[test]
    fn files_that_import_one_another_are_a_circle_types_or_not() {
        for (a, b) in [
            ("import { b } from './b.js';", "import { a } from './a.js';"),
            ("import type { b } from './b.js';", "import {\n  type a,\n  other as c,\n} from './a.js';"),
            ("import { b as c } from './b';", "export function f() {}\nimport { a } from './a.tsx';\n"),
        ] {
            let found = circles(&[("a.ts", a), ("b.ts", b)]);
            assert_eq!(found.len(), usize::from(!b.contains("tsx")), "{a} {b} {found:?}");
        }
        assert_eq!(
            circles(&[("a.ts", "import { b } from './x/b.js';"), ("x/b.ts", "const a = await import('../a.js');")]),
            ["a.ts -(b)-> x/b.ts -(*)-> a.ts"]
        );
    }

    #[test]
    fn a_name_that_is_passed_on_is_followed_to_the_file_that_defines_it() {
        let index = ("index.ts", "export { b as c, type D } from './b.js';\nexport type { a } from './a.js';");
        assert_eq!(
            circles(&[index, ("a.ts", "import { c } from './index.js';"), ("b.ts", "import { a } from './index.js';")]),
            ["a.ts -(c)-> b.ts -(a)-> a.ts"]
        );
        assert!(
            circles(&[index, ("a.ts", "import { c } from './index.js';"), ("b.ts", "export const b = 1;")]).is_empty()
        );
    }

    #[test]
    fn other_packages_and_other_kinds_of_files_are_not_looked_at() {
        assert!(
            circles(&[("a.ts", "import { a } from 'a';\nimport './a.css';\nimport React from 'react';")]).is_empty()
        );
    }
}
