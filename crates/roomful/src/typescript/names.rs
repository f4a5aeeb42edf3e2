//! Which names TypeScript takes, and how it is written what it does not take for one.

/// Why no type may have `name`; `None` when one may.
pub(super) fn refused(name: &str) -> Option<&'static str> {
    if !is_identifier(name) {
        Some("which is no name in TypeScript")
    } else if RESERVED.contains(&name) {
        Some("which is TypeScript's own")
    } else if IN_THE_FILE.contains(&name) {
        Some("which the generated file has already")
    } else {
        None
    }
}

/// What the generated file imports and declares.
const IN_THE_FILE: [&str; 12] = [
    "room",
    "socket",
    "feed",
    "live",
    "roomBigints",
    "socketBigints",
    "feedBigints",
    "liveBigints",
    "serverRooms",
    "serverSockets",
    "serverFeeds",
    "serverLive",
];

/// What may not be the name of a type alias in a module.
const RESERVED: [&str; 63] = [
    "any",
    "as",
    "await",
    "bigint",
    "boolean",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "infer",
    "instanceof",
    "interface",
    "intrinsic",
    "keyof",
    "let",
    "never",
    "new",
    "null",
    "number",
    "object",
    "package",
    "private",
    "protected",
    "public",
    "readonly",
    "return",
    "static",
    "string",
    "super",
    "switch",
    "symbol",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "undefined",
    "unique",
    "unknown",
    "var",
    "void",
    "while",
    "with",
    "yield",
    "arguments",
];

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|first| first.is_alphabetic() || first == '_' || first == '$');
    starts && chars.all(|rest| rest.is_alphanumeric() || rest == '_' || rest == '$')
}

/// `name` as a property: in quotes where it needs them.
pub(super) fn property(name: &str) -> String {
    if is_identifier(name) && name.is_ascii() { name.to_owned() } else { quoted(name) }
}

/// `text` as a string, in the quotes that need fewer backslashes.
pub(super) fn quoted(text: &str) -> String {
    let mark = if text.matches('\'').count() > text.matches('"').count() { '"' } else { '\'' };
    let mut quoted = String::from(mark);
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\\' => quoted.push_str("\\\\"),
            c if c == mark => quoted.extend(['\\', c]),
            // The last two end a line of a script.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                quoted.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push(mark);
    quoted
}

/// `text` as a comment above what stands `indent` deep; nothing for nothing.
pub(super) fn comment(text: &str, indent: usize) -> String {
    if text.is_empty() {
        return String::new();
    }
    let pad = " ".repeat(indent);
    let text = text.replace("*/", "*\\/");
    let lines: Vec<_> = text.lines().map(|line| format!("{pad} * {line}").trim_end().to_owned()).collect();
    match &lines[..] {
        [line] if line.chars().count() <= 94 => format!("{pad}/** {} */\n", line.trim_start().trim_start_matches("* ")),
        lines => format!("{pad}/**\n{}\n{pad} */\n", lines.join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_what_it_was() {
        for (text, written) in [
            ("", "''"),
            ("rose", "'rose'"),
            ("it's", "\"it's\""),
            ("a \"b\" c", "'a \"b\" c'"),
            ("'\"", "'\\'\"'"),
            ("a\\b", "'a\\\\b'"),
            ("a\nb\r\t\u{0}", "'a\\nb\\u{d}\\u{9}\\u{0}'"),
            ("\u{2028}\u{2029}", "'\\u{2028}\\u{2029}'"),
            ("é ${x} `", "'é ${x} `'"),
        ] {
            assert_eq!(quoted(text), written);
        }
    }

    #[test]
    fn a_comment_ends_where_it_should() {
        assert_eq!(comment("", 2), "");
        assert_eq!(comment("One line.", 2), "  /** One line. */\n");
        assert_eq!(comment("ends */ here\n\n**/", 0), "/**\n * ends *\\/ here\n *\n * **\\/\n */\n");
    }

    #[test]
    fn a_name_is_one_that_typescript_takes() {
        for name in ["A", "_a", "Größe", "Array", "Record", "Object", "Promise", "String", "type", "r", "async", "$"]
        {
            assert_eq!(refused(name), None, "{name}");
        }
        for name in ["asserts", "is", "abstract", "out", "satisfies", "from", "declare", "global", "eval"] {
            assert_eq!(refused(name), None, "{name}");
        }
        for name in ["", "1a", "a b", "a-b", "string", "await", "yield", "room", "class", "a.b", "a<b>"] {
            assert!(refused(name).is_some(), "{name}");
        }
        for name in ["as", "infer", "keyof", "readonly", "unique", "undefined", "symbol"] {
            assert!(refused(name).is_some(), "{name}");
        }
    }
}
