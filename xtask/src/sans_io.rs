//! That the source of the core, and of the WebSocket protocol, names no socket, file, thread or clock, and nothing async.
//!
//! The compiler does not see to it: `std` is always there, and a clock that is read compiles for WebAssembly too, where it panics.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::command::Failure;
use crate::repo::Repo;

const SOURCES: &[&str] = &["crates/pattern/src", "crates/core/src", "crates/websocket/src"];

/// Words that are wrong wherever they stand.
const WORDS: &[&str] = &["Instant", "SystemTime", "async", "await"];
/// Modules of `std` that are wrong as a whole.
const MODULES: &[&str] = &["fs", "net", "process", "thread"];

/// Reads every source file below [`SOURCES`].
pub(crate) fn check(repo: &Repo) -> Result<(), Failure> {
    let mut files = Vec::new();
    for directory in SOURCES {
        collect_sources(&repo.path(directory), &mut files)?;
    }
    let mut findings = Vec::new();
    for path in &files {
        let source = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        let tokens = source.parse().map_err(|error| unreadable(path, &error))?;
        for word in forbidden(tokens) {
            findings.push(format!("{} names {word}", path.display()));
        }
    }
    if findings.is_empty() {
        println!("  {} files of {}: no I/O, clock or async", files.len(), SOURCES.join(", "));
        return Ok(());
    }
    Err(Failure::new(
        findings.join("\n  "),
        "let time come in as a number, and what is to be done go out as a value: these crates perform nothing themselves",
    ))
}

fn collect_sources(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = fs::read_dir(directory).map_err(|error| unreadable(directory, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| unreadable(directory, &error))?.path();
        if path.is_dir() {
            collect_sources(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("{} cannot be read: {error}", path.display()), "see that it is there and is Rust")
}

/// What of [`WORDS`] and [`MODULES`] the code names. Comments and literals are not code.
fn forbidden(tokens: TokenStream) -> BTreeSet<String> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => found.extend(forbidden(group.stream())),
            TokenTree::Ident(word) if word == "std" => found.extend(
                modules_after(tokens.get(at + 1..).unwrap_or_default())
                    .into_iter()
                    .filter(|module| MODULES.contains(&module.as_str()))
                    .map(|module| format!("std::{module}")),
            ),
            TokenTree::Ident(word) => {
                let word = word.to_string();
                if WORDS.contains(&word.as_str()) {
                    found.insert(word);
                }
            }
            _ => {}
        }
    }
    found
}

/// The modules named right after `std`: one in `::net::..`, several in `::{net::.., thread}`.
fn modules_after(tokens: &[TokenTree]) -> Vec<String> {
    let [first, second, next, ..] = tokens else {
        return Vec::new();
    };
    if !is_colon(first) || !is_colon(second) {
        return Vec::new();
    }
    match next {
        TokenTree::Ident(module) => vec![module.to_string()],
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
            tokens
                .split(|token| matches!(token, TokenTree::Punct(p) if p.as_char() == ','))
                .filter_map(|item| item.first().map(ToString::to_string))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn is_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(p) if p.as_char() == ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<String> {
        let tokens = source.parse().expect("it is Rust");
        forbidden(tokens).into_iter().collect()
    }

    #[test]
    fn a_clock_is_found_however_it_is_named() {
        assert_eq!(found("use std::time::Instant;"), ["Instant"]);
        assert_eq!(found("use std::time::{Duration, Instant as I};"), ["Instant"]);
        assert_eq!(found("fn now() { time::SystemTime::now(); }"), ["SystemTime"]);
    }

    #[test]
    fn a_module_is_found_alone_in_a_group_and_deep_in_the_code() {
        assert_eq!(found("use std::net::IpAddr;"), ["std::net"]);
        assert_eq!(found("use std::{fmt, net::{self, IpAddr}, thread};"), ["std::net", "std::thread"]);
        assert_eq!(found("fn f() { g(|| { ::std::thread::spawn(h) }) }"), ["std::thread"]);
    }

    #[test]
    fn async_code_is_found() {
        assert_eq!(found("async fn f() { g().await }"), ["async", "await"]);
    }

    #[test]
    fn what_is_no_code_or_only_looks_like_it_is_left_alone() {
        assert!(found("/// Like std::net, async.\n// Instant\nconst A: &str = \"std::thread\";").is_empty());
        assert!(found("use std::{fmt, time::Duration}; mod net; use crate::net::thread;").is_empty());
    }
}
