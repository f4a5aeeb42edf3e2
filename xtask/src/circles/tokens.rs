//! What the tokens of Rust code are read with.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// Words that begin an item, in front of the one that says which.
const ITEM_WORDS: &[&str] = &[
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "let",
    "macro_rules",
    "mod",
    "pub",
    "static",
    "struct",
    "trait",
    "type",
    "union",
    "unsafe",
    "use",
];

pub(super) fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

pub(super) fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

pub(super) fn word(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(word)) => Some(word.to_string().trim_start_matches("r#").to_owned()),
        _ => None,
    }
}

pub(super) fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

/// The attributes that begin at `at`, and where they end.
pub(super) fn attributes(tokens: &[TokenTree], mut at: usize) -> (Vec<&Group>, usize) {
    let mut attributes = Vec::new();
    while is_punct(tokens.get(at), '#') {
        let is_inner = is_punct(tokens.get(at + 1), '!');
        let Some(attribute) = group(tokens.get(at + 1 + usize::from(is_inner)), Delimiter::Bracket) else { break };
        attributes.push(attribute);
        at += 2 + usize::from(is_inner);
    }
    (attributes, at)
}

/// Whether the code behind this attribute is there for tests only.
pub(super) fn is_for_tests(attribute: &Group) -> bool {
    let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
    if word(tokens.first()).as_deref() != Some("cfg") {
        return word(tokens.first()).as_deref() == Some("test") && tokens.len() == 1;
    }
    group(tokens.get(1), Delimiter::Parenthesis).is_some_and(|condition| holds_only_in_tests(condition.stream()))
}

/// `test`, and `all(.., test, ..)`.
fn holds_only_in_tests(condition: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = condition.into_iter().collect();
    match word(tokens.first()).as_deref() {
        Some("test") => tokens.len() == 1,
        Some("all") => group(tokens.get(1), Delimiter::Parenthesis).is_some_and(|all| {
            let all: Vec<TokenTree> = all.stream().into_iter().collect();
            all.split(|token| is_punct(Some(token), ',')).any(|one| holds_only_in_tests(one.iter().cloned().collect()))
        }),
        _ => false,
    }
}

/// The tokens without what is there for tests only, and without attributes, at every depth.
pub(super) fn without_tests(tokens: TokenStream) -> Vec<TokenTree> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let (attributes, after) = attributes(&tokens, at);
        if attributes.iter().any(|attribute| is_for_tests(attribute)) {
            at = end_of_part(&tokens, after);
        } else if after > at {
            at = after;
        } else {
            kept.push(match token {
                TokenTree::Group(group) => {
                    Group::new(group.delimiter(), without_tests(group.stream()).into_iter().collect()).into()
                }
                other => other.clone(),
            });
            at += 1;
        }
    }
    kept
}

/// Where the item, the field or the statement that begins at `at` is over.
fn end_of_part(tokens: &[TokenTree], at: usize) -> usize {
    let is_item = word(tokens.get(at)).is_some_and(|word| ITEM_WORDS.contains(&word.as_str()));
    let ends = |token: &TokenTree| {
        is_punct(Some(token), ';')
            || (!is_item && is_punct(Some(token), ','))
            || group(Some(token), Delimiter::Brace).is_some()
    };
    let length = tokens.iter().skip(at).position(ends);
    length.map_or(tokens.len(), |length| at + length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(source: &str) -> String {
        let tokens = source.parse().expect("it is Rust");
        without_tests(tokens).into_iter().collect::<TokenStream>().to_string()
    }

    #[test]
    fn what_is_there_for_tests_only_is_left_out_at_every_depth() {
        for (source, left) in [
            ("#[cfg(test)] mod tests { use super::A; } fn f() {}", "fn f () { }"),
            ("#[cfg(all(test, unix))] fn g<A, B>() {} fn f() {}", "fn f () { }"),
            ("#[test] fn g() {} fn f() {}", "fn f () { }"),
            ("impl A { #[cfg(test)] pub fn g<B, C>() {} fn f() {} }", "impl A { fn f () { } }"),
            ("struct A { #[cfg(test)] b: B, c: C }", "struct A { c : C }"),
        ] {
            assert_eq!(kept(source), left, "{source}");
        }
    }

    #[test]
    fn what_tests_share_with_others_stays() {
        for source in ["#[cfg(any(test, feature = \"test\"))] fn f () { }", "#[cfg(not(test))] fn f () { }"] {
            assert_eq!(kept(source), "fn f () { }", "{source}");
        }
    }
}
