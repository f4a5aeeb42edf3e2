use proptest::prelude::*;

use super::*;

const LIMITS: KeyLimits = KeyLimits { value: 1 << 10, total: 4 << 10 };

fn parse(pattern: &str, r: &str) -> Result<Params, KeyError> {
    parse_key(&Pattern::parse(pattern).unwrap(), Some(r.as_bytes()), LIMITS)
}

/// As a connection does it: the query, then the key.
fn parse_from_query(pattern: &str, query: &str) -> Result<Params, KeyError> {
    parse_key(&Pattern::parse(pattern).unwrap(), parse_query(query).key.as_deref(), LIMITS)
}

fn json(params: &Params) -> String {
    serde_json::to_string(params).unwrap()
}

fn missing(name: &str) -> KeyError {
    KeyError::Missing { name: name.to_owned() }
}

fn not_a_string(name: &str) -> KeyError {
    KeyError::NotAString { name: name.to_owned() }
}

fn lone_surrogate(name: &str) -> KeyError {
    KeyError::LoneSurrogate { name: name.to_owned() }
}

/// The recordings whose names begin with `key-`, by those names: the query, and the params as the room saw them.
#[test]
fn recorded_keys_give_the_recorded_params() {
    for (name, pattern, query, params) in [
        (
            "r-duplicate-json-key",
            "two/:a/:b",
            "m=fixture&s=two&r=%7B%22a%22%3A%221%22%2C%22a%22%3A%222%22%2C%22b%22%3A%223%22%7D",
            r#"{"a":"2","b":"3"}"#,
        ),
        ("r-plus-as-space", "key/:k", "m=fixture&s=key&r=%7B%22k%22%3A%22a+b%22%7D", r#"{"k":"a b"}"#),
        ("static-no-r", "lobby", "m=fixture&s=lobby", "{}"),
        ("static-empty-object", "lobby", "m=fixture&s=lobby&r=%7B%7D", "{}"),
        ("chars-slash", "key/:k", "m=fixture&s=key&r=%7B%22k%22%3A%22a%2Fb%22%7D", r#"{"k":"a/b"}"#),
        ("chars-pct-2F", "key/:k", "m=fixture&s=key&r=%7B%22k%22%3A%22a%252Fb%22%7D", r#"{"k":"a%2Fb"}"#),
        ("chars-space", "key/:k", "m=fixture&s=key&r=%7B%22k%22%3A%22a%20b%22%7D", r#"{"k":"a b"}"#),
        (
            "chars-question",
            "key/:k",
            "m=fixture&s=key&r=%7B%22k%22%3A%22a%3Fb%23c%26d%3De%22%7D",
            r#"{"k":"a?b#c&d=e"}"#,
        ),
        ("chars-nul", "key/:k", "m=fixture&s=key&r=%7B%22k%22%3A%22a%5Cu0000b%22%7D", r#"{"k":"a\u0000b"}"#),
        ("chars-quote", "key/:k", "m=fixture&s=key&r=%7B%22k%22%3A%22%5C%22%5C%5C%22%7D", r#"{"k":"\"\\"}"#),
        ("unicode-normalisation", "key/:k", "m=fixture&s=key&r=%7B%22k%22%3A%22%C3%A9%22%7D", "{\"k\":\"\u{e9}\"}"),
        ("unicode-normalisation", "key/:k", "m=fixture&s=key&r=%7B%22k%22%3A%22e%CC%81%22%7D", "{\"k\":\"e\u{301}\"}"),
        ("unicode-normalisation", "key/:k", "m=fixture&s=key&r=%7B%22k%22%3A%22E%CC%81%22%7D", "{\"k\":\"E\u{301}\"}"),
        ("optional-empty", "opt/:a?", "m=fixture&s=opt&r=%7B%22a%22%3A%22%22%7D", r#"{"a":""}"#),
        ("optional-empty", "opt/:a?", "m=fixture&s=opt&r=%7B%7D", "{}"),
        ("rest-slash", "rest/:p*", "m=fixture&s=rest&r=%7B%22p%22%3A%22a%2Fb%22%7D", r#"{"p":"a/b"}"#),
        (
            "two-params",
            "two/:a/:b",
            "m=fixture&s=two&r=%7B%22b%22%3A%222%22%2C%22a%22%3A%221%2F3%22%7D",
            r#"{"b":"2","a":"1/3"}"#,
        ),
    ] {
        assert_eq!(parse_from_query(pattern, query).as_ref().map(json).as_deref(), Ok(params), "{name}");
    }
}

#[test]
fn recorded_denials_are_errors_that_say_why() {
    for (name, pattern, query, error) in [
        ("missing", "board/:boardId", "m=fixture&s=params&r=%7B%7D", missing("boardId")),
        ("absent", "board/:boardId", "m=fixture&s=params", missing("boardId")),
        ("empty-value", "board/:boardId", "m=fixture&s=params&r=%7B%22boardId%22%3A%22%22%7D", missing("boardId")),
        ("null-value", "board/:boardId", "m=fixture&s=params&r=%7B%22boardId%22%3Anull%7D", not_a_string("boardId")),
        (
            "array-value",
            "board/:boardId",
            "m=fixture&s=params&r=%7B%22boardId%22%3A%5B%22a%22%5D%7D",
            not_a_string("boardId"),
        ),
        (
            "object-value",
            "board/:boardId",
            "m=fixture&s=params&r=%7B%22boardId%22%3A%7B%7D%7D",
            not_a_string("boardId"),
        ),
        ("r-array", "board/:boardId", "m=fixture&s=params&r=%5B%5D", KeyError::NotAnObject),
        ("r-string", "board/:boardId", "m=fixture&s=params&r=%22x%22", KeyError::NotAnObject),
        ("r-number", "board/:boardId", "m=fixture&s=params&r=5", KeyError::NotAnObject),
        (
            "r-proto",
            "board/:boardId",
            "m=fixture&s=params&r=%7B%22__proto__%22%3A%7B%22boardId%22%3A%22x%22%7D%7D",
            missing("boardId"),
        ),
        ("r-invalid-utf8", "key/:k", "m=fixture&s=key&r=%7B%22k%22%3A%22%FF%22%7D", KeyError::NotUtf8),
        ("static-array", "lobby", "m=fixture&s=lobby&r=%5B%5D", KeyError::NotAnObject),
        ("static-malformed", "lobby", "m=fixture&s=lobby&r=%7Boops", KeyError::NotAnObject),
        ("lone-surrogate", "key/:k", "m=fixture&s=key&r=%7B%22k%22%3A%22%5Cud800%22%7D", lone_surrogate("k")),
        ("optional-nonstring", "opt/:a?", "m=fixture&s=opt&r=%7B%22a%22%3A1%7D", not_a_string("a")),
        ("plus-absent", "plus/:p+", "m=fixture&s=plus&r=%7B%7D", missing("p")),
        ("guard-not-run-on-bad-key", "guarded/:id", "m=fixture&s=guarded&r=%7B%7D", missing("id")),
    ] {
        assert_eq!(parse_from_query(pattern, query), Err(error), "{name}");
    }
}

/// `key-chars-long-20k`, which the reference's HTTP server refused before it was a key.
#[test]
fn a_recorded_key_of_20k_is_too_long() {
    let query = format!("m=fixture&s=key&r=%7B%22k%22%3A%22{}%22%7D", "k".repeat(20_000));
    let error = KeyError::TooLong { bytes: 20_000 + r#"{"k":""}"#.len(), limit: LIMITS.total };
    assert_eq!(parse_from_query("key/:k", &query), Err(error));
}

/// `key-slash-vs-pct-distinct`, `key-unicode-normalisation` and `key-optional-empty` again, for the rooms that they are.
#[test]
fn recorded_keys_are_the_recorded_rooms() {
    let topic = |pattern: &str, r: &str| {
        let params = parse(pattern, r).unwrap();
        Pattern::parse(pattern).unwrap().topic(&params).unwrap().to_string()
    };
    assert_eq!(topic("key/:k", r#"{"k":"a/b"}"#), "key/a%2Fb");
    assert_eq!(topic("key/:k", r#"{"k":"a%2Fb"}"#), "key/a%252Fb");
    assert_eq!(topic("key/:k", "{\"k\":\"\u{e9}\"}"), "key/%C3%A9");
    assert_eq!(topic("key/:k", "{\"k\":\"e\u{301}\"}"), "key/e%CC%81");
    assert_eq!(topic("key/:k", "{\"k\":\"E\u{301}\"}"), "key/E%CC%81");
    assert_eq!(topic("opt/:a?", r#"{"a":""}"#), topic("opt/:a?", "{}"));
}

#[test]
fn an_undeclared_member_is_dropped_whatever_it_is() {
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    for member in [
        r#""stray":"x""#,
        r#""stray":5"#,
        r#""stray":1e999"#,
        r#""stray":null"#,
        r#""stray":{"k":"other"}"#,
        r#""stray":"\ud800""#,
        r#""stray":["\udc00"]"#,
        r#""\ud800":"x""#,
        r#""__proto__":"x""#,
        r#""constructor":{}"#,
        r#""K":"x""#,
        r#""":"x""#,
        &format!(r#""stray":{deep}"#),
        &format!(r#""stray":"{}""#, "x".repeat(2000)),
    ] {
        for r in [format!(r#"{{{member},"k":"v"}}"#), format!(r#"{{"k":"v",{member}}}"#)] {
            assert_eq!(parse("key/:k", &r).as_ref().map(json).as_deref(), Ok(r#"{"k":"v"}"#), "{r}");
        }
    }
}

#[test]
fn nesting_costs_no_stack_however_deep() {
    let depth = 1_000_000;
    let limits = KeyLimits { value: 1 << 10, total: 1 << 30 };
    let pattern = Pattern::parse("key/:k").unwrap();
    for (name, expected) in [("stray", missing("k")), ("k", not_a_string("k"))] {
        let r = format!("{{\"{name}\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(parse_key(&pattern, Some(r.as_bytes()), limits), Err(expected));
    }
}

#[test]
fn what_is_not_an_object_is_refused_and_nothing_is_an_empty_one() {
    for r in [
        " ",
        "null",
        "true",
        "[]",
        "{",
        "}",
        "{}{}",
        "{} x",
        "{\"k\"}",
        "{\"k\":}",
        "{k:\"v\"}",
        "{'k':'v'}",
        "{1:2}",
        "{\"k\":\"v\",}",
        "{\"k\":\"\u{1}\"}",
        "{\"stray\":\"\\q\"}",
        "{\"\\q\":1}",
        "{\"stray\":01}",
        "{\"stray\":tru}",
        "\u{feff}{}",
        "[[[[",
    ] {
        assert_eq!(parse("lobby", r), Err(KeyError::NotAnObject), "{r}");
    }
    let lobby = Pattern::parse("lobby").unwrap();
    for r in [None, Some(&b""[..]), Some(b"{}"), Some(b" \t\r\n{ } ")] {
        assert_eq!(parse_key(&lobby, r, LIMITS), Ok(Params::default()));
    }
}

#[test]
fn of_a_member_given_twice_only_the_last_value_is_judged() {
    assert_eq!(json(&parse("two/:a/:b", r#"{"b":5,"a":"\ud800","b":"x","a":"y"}"#).unwrap()), r#"{"b":"x","a":"y"}"#);
    assert_eq!(json(&parse("key/:k", r#"{"k":"x","\u006b":"y"}"#).unwrap()), r#"{"k":"y"}"#);
    assert_eq!(parse("key/:k", r#"{"k":"x","k":5}"#), Err(not_a_string("k")));
    assert_eq!(parse("key/:k", r#"{"k":"x","k":""}"#), Err(missing("k")));
}

#[test]
fn a_surrogate_pair_is_a_character_and_half_of_one_is_refused() {
    assert_eq!(parse("key/:k", r#"{"k":"\ud83d\ude00"}"#).unwrap().get("k"), Some("😀"));
    for half in [r"\ud83d", r"\ude00", r"\ud83dx", r"\ud83d\u0041", r"\ude00\ud83d", r"\ud83d\n"] {
        assert_eq!(parse("key/:k", &format!(r#"{{"k":"{half}"}}"#)), Err(lone_surrogate("k")), "{half}");
        assert_eq!(parse("opt/:a?", &format!(r#"{{"a":"{half}"}}"#)), Err(lone_surrogate("a")), "{half}");
    }
}

#[test]
fn a_value_may_have_as_many_decoded_bytes_as_the_limit_says() {
    let key = |value: &str| parse("key/:k", &format!(r#"{{"k":"{value}"}}"#));
    let too_long = |bytes| Err(KeyError::ValueTooLong { name: "k".to_owned(), bytes, limit: 1024 });
    assert!(key(&"x".repeat(1024)).is_ok());
    assert_eq!(key(&"x".repeat(1025)), too_long(1025));
    assert!(key(&"é".repeat(512)).is_ok());
    assert_eq!(key(&"é".repeat(513)), too_long(1026));
    // Six bytes each in `r`, two in the value.
    assert!(key(&r"\u00e9".repeat(512)).is_ok());
    assert_eq!(key(&r"\u00e9".repeat(513)), too_long(1026));
}

#[test]
fn the_whole_key_may_have_as_many_decoded_bytes_as_the_limit_says() {
    let padded = |bytes: usize| format!(r#"{{"k":"v"}}{}"#, " ".repeat(bytes - r#"{"k":"v"}"#.len()));
    assert!(parse("key/:k", &padded(4096)).is_ok());
    assert_eq!(parse("key/:k", &padded(4097)), Err(KeyError::TooLong { bytes: 4097, limit: 4096 }));
    // Three bytes each in the query, one in `r`.
    let query = format!("r=%7B%22k%22:%22v%22%7D{}", "%20".repeat(4096 - r#"{"k":"v"}"#.len()));
    assert!(parse_from_query("key/:k", &query).is_ok());
}

#[test]
fn limits_are_the_ones_of_the_protocol() {
    assert_eq!(KeyLimits::of(&Limits::default()), LIMITS);
}

#[test]
fn the_first_of_a_name_in_the_query_counts() {
    let query = parse_query("m=fixture&s=echo&s=seeded&r=%7B%22id%22%3A%221%22%7D&r=%5B%5D&m=other");
    assert_eq!(query.module.as_deref(), Some("fixture"));
    assert_eq!(query.room.as_deref(), Some("echo"));
    assert_eq!(query.key.as_deref(), Some(&br#"{"id":"1"}"#[..]));
    assert_eq!(parse_query("r&r=5").key.as_deref(), Some(&b""[..]));
}

#[test]
fn what_is_not_in_the_query_is_absent() {
    assert_eq!(parse_query(""), Query::default());
    assert_eq!(parse_query("?m=a&ms=b&M=c&;s=d"), Query::default());
    assert_eq!(parse_query("m=a&&=&").module.as_deref(), Some("a"));
    assert_eq!(parse_query("%6D=a&s=").module.as_deref(), Some("a"));
    assert_eq!(parse_query("s=").room.as_deref(), Some(""));
}

#[test]
fn a_query_value_is_decoded_as_a_form_is() {
    for (text, value) in [
        ("a+b", Some("a b")),
        ("a%2Bb", Some("a+b")),
        ("%", Some("%")),
        ("%2", Some("%2")),
        ("%zz%41", Some("%zzA")),
        ("a=b=c", Some("a=b=c")),
        ("%C3%A9", Some("é")),
        ("{\"id\":\"1\"}", Some("{\"id\":\"1\"}")),
        ("%FF", None),
        ("%C3", None),
        ("%ED%A0%80", None),
    ] {
        assert_eq!(query_value(&format!("x={text}&x=second"), "x").as_deref(), value, "{text}");
        assert_eq!(parse_query(&format!("m={text}&m=second")).module.as_deref(), value, "{text}");
        assert_eq!(parse_query(&format!("s={text}&s=second")).room.as_deref(), value, "{text}");
    }
}

#[test]
fn an_invalid_escape_in_the_key_stands_for_itself() {
    assert_eq!(parse_from_query("key/:k", "r={\"k\":\"100%\"}").unwrap().get("k"), Some("100%"));
}

#[test]
fn params_keep_the_first_place_and_the_last_value() {
    let params = Params::from_iter([("b", "1"), ("a", ""), ("b", "3")]);
    assert_eq!(json(&params), r#"{"b":"3","a":""}"#);
    assert_eq!(params.get("a"), Some(""));
    assert_eq!(params.get("c"), None);
    assert_eq!(params.require("b"), Ok("3"));
    assert_eq!(params.require("a"), Err(missing("a")));
    assert_eq!(params.require("c"), Err(missing("c")));
}

#[test]
fn an_error_never_repeats_a_value() {
    let secret = "hunter2";
    for r in [
        format!(r#"{{"k":["{secret}"]}}"#),
        format!(r#"{{"k":"{secret}\ud800"}}"#),
        format!(r#"{{"k":"{}"}}"#, secret.repeat(200)),
        format!(r#"{{"{secret}":1}}"#),
        format!(r#""{secret}""#),
    ] {
        let error = parse("key/:k", &r).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
    }
}

proptest! {
    #[test]
    fn any_key_that_a_browser_writes_is_read_back(a in ".{0,40}", b in ".{1,40}", stray in ".{0,40}") {
        let r = serde_json::json!({ "stray": stray, "b": b, "a": a }).to_string();
        let query: String = percent_encoding::utf8_percent_encode(&r, percent_encoding::NON_ALPHANUMERIC).collect();
        let params = parse_from_query("x/:a?/:b", &format!("m=x&r={query}&s=y")).unwrap();
        prop_assert_eq!(params.get("a"), Some(a.as_str()));
        prop_assert_eq!(params.get("b"), Some(b.as_str()));
        prop_assert_eq!(params.iter().len(), 2);
    }

    #[test]
    fn no_query_panics(query in "(m|s|r|=|&|%|%7B|%22|\\+|\\{|\\}|\"|:|k|,|%FF|\\\\ud800|.){0,30}") {
        let pattern = Pattern::parse("key/:k").unwrap();
        if let Ok(params) = parse_key(&pattern, parse_query(&query).key.as_deref(), LIMITS) {
            prop_assert!(pattern.topic(&params).is_ok());
        }
    }
}
