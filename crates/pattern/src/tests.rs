use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn pattern(source: &str) -> Pattern {
    Pattern::parse(source).unwrap()
}

fn topic(source: &str, params: &[(&str, &str)]) -> Result<String, KeyError> {
    pattern(source).topic(&params.iter().copied().collect()).map(|topic| topic.to_string())
}

#[test]
fn reads_every_kind_of_segment() {
    let pattern = pattern("a/:b/:c_1/:D+/e");
    let params: Vec<_> = pattern.params().map(|param| (param.name(), param.kind())).collect();
    assert_eq!(params, [("b", ParamKind::Required), ("c_1", ParamKind::Required), ("D", ParamKind::RestRequired)]);
    assert_eq!(pattern.as_str(), "a/:b/:c_1/:D+/e");
    assert_eq!(Pattern::parse("x/:y?").unwrap().params().next().unwrap().kind(), ParamKind::Optional);
    assert_eq!(Pattern::parse("x/:y*").unwrap().params().next().unwrap().kind(), ParamKind::Rest);
}

#[test]
fn takes_literals_that_do_not_read_as_params() {
    for source in [
        "lobby",
        "a/b/c",
        "notifications:user-alerts",
        "chat:lobby-1",
        "events:order.created",
        "board:",
        "a::-",
        "what?",
        "a*b+c",
        "salle/café",
        "board/:toJSON",
        "board/:prototype",
        "board/:Constructor",
        "board/:0/:_",
    ] {
        assert_eq!(Pattern::parse(source).map(|pattern| pattern.to_string()).as_deref(), Ok(source));
    }
}

#[test]
fn refuses_what_starts_with_a_colon_and_is_no_param() {
    for segment in [":", ":board-id", ":é", ":a.b", ":a??", ":a*?", ":?", ":*", ":+", "::a", ":a:b", ":a b", ":a\n"] {
        for source in [segment.to_owned(), format!("x/{segment}"), format!("{segment}/x")] {
            assert_eq!(Pattern::parse(&source), Err(PatternError::NotAParam { segment: segment.to_owned() }));
        }
    }
}

#[test]
fn refuses_a_param_inside_a_literal() {
    for (segment, head, tail) in [
        ("board:id", "board", "id"),
        ("board-:id", "board-", "id"),
        ("a:b", "a", "b"),
        ("metrics:cpu?", "metrics", "cpu?"),
        ("m:c*", "m", "c*"),
        ("m:c+", "m", "c+"),
        ("ns:board:id", "ns:board", "id"),
        ("a::b", "a:", "b"),
        ("é:b", "é", "b"),
    ] {
        let error = PatternError::ParamInsideLiteral {
            segment: segment.to_owned(),
            head: head.to_owned(),
            tail: tail.to_owned(),
        };
        assert_eq!(error.segment(), segment);
        assert_eq!(Pattern::parse(&format!("x/{segment}/y")), Err(error));
    }
    assert_eq!(
        Pattern::parse("board:id").unwrap_err().to_string(),
        "`board:id` is a literal, though `id` in it reads as a param: \
         write `board/:id` for a param, or a literal without the `:`"
    );
}

#[test]
fn refuses_more_than_one_slot_that_is_optional_or_rest() {
    for first in [":a?", ":a*", ":a+"] {
        for second in [":b?", ":b*", ":b+"] {
            let error = PatternError::SecondOptional { first: first.to_owned(), second: second.to_owned() };
            assert_eq!(Pattern::parse(&format!("room/{first}/x/:c/{second}")), Err(error));
        }
    }
}

#[test]
fn refuses_every_member_of_object_prototype() {
    for name in [
        "constructor",
        "toString",
        "toLocaleString",
        "valueOf",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "__proto__",
        "__defineGetter__",
        "__defineSetter__",
        "__lookupGetter__",
        "__lookupSetter__",
    ] {
        for modifier in ["", "?", "*", "+"] {
            let segment = format!(":{name}{modifier}");
            let error = PatternError::ReservedName { segment: segment.clone(), name: name.to_owned() };
            assert_eq!(Pattern::parse(&format!("x/{segment}")), Err(error));
        }
    }
}

#[test]
fn refuses_one_name_twice() {
    for second in [":id", ":id?", ":id*", ":id+"] {
        let error = PatternError::DuplicateName { segment: second.to_owned(), name: "id".to_owned() };
        assert_eq!(Pattern::parse(&format!("a/:id/b/{second}")), Err(error));
    }
}

#[test]
fn a_topic_has_each_value_encoded_in_its_place() {
    assert_eq!(topic("lobby", &[]).unwrap(), "lobby");
    assert_eq!(topic("board/:id", &[("id", "a/b")]).unwrap(), "board/a%2Fb");
    assert_eq!(topic("board/:id", &[("id", "a%2Fb")]).unwrap(), "board/a%252Fb");
    assert_eq!(topic("two/:a/:b", &[("b", "2"), ("a", "1/3")]).unwrap(), "two/1%2F3/2");
    assert_eq!(topic("rest/:p*", &[("p", "a/b")]).unwrap(), "rest/a%2Fb");
    assert_eq!(topic("plus/:p+", &[("p", "a/b")]).unwrap(), "plus/a%2Fb");
    assert_eq!(topic("café:-/:id", &[("id", "é"), ("stray", "x")]).unwrap(), "café:-/%C3%A9");
}

#[test]
fn a_param_without_a_value_drops_its_segment_or_has_no_topic() {
    for source in ["a/:x?/b", "a/:x*/b"] {
        assert_eq!(topic(source, &[]).unwrap(), "a/b");
        assert_eq!(topic(source, &[("x", "")]).unwrap(), "a/b");
        assert_eq!(topic(source, &[("x", "b")]).unwrap(), "a/b/b");
    }
    for source in ["a/:x/b", "a/:x+/b"] {
        let missing = Err(KeyError::Missing { name: "x".to_owned() });
        assert_eq!(topic(source, &[]), missing);
        assert_eq!(topic(source, &[("x", "")]), missing);
    }
}

#[test]
fn overlap_is_symmetric_and_tells_these_apart() {
    for (left, right, expected) in [
        ("board/:id", "board/:id", true),
        ("board/:id", "board/:other", true),
        ("board/:id", "board/lobby", true),
        ("board/:id", "chat/:id", false),
        ("board/:id", "board/:id/:view", false),
        ("board/:id", "board/:id/:view?", true),
        ("board/:view?", "board", true),
        ("board/:view?", "board/", false),
        ("board/:id", "board/", false),
        (":a/b", "a/:b", true),
        ("a/:x?/b", "a/b", true),
        ("a/:x?/b", "a/:y/c/b", false),
        (":a?/b", ":c", true),
        (":a?", "", true),
        (":a?", ":b*", true),
        ("/:a?", ":b?", true),
        ("/:a?", ":b/:c", false),
        (":kind", "notifications:user-alerts", false),
        (":kind", "caf%C3%A9", true),
        (":kind", "caf%c3%a9", false),
        (":kind", "café", false),
        (":kind", "a b", false),
        ("lobby", "lobby", true),
        ("lobby", "Lobby", false),
    ] {
        assert_eq!(pattern(left).overlaps(&pattern(right)), expected, "{left} {right}");
        assert_eq!(pattern(right).overlaps(&pattern(left)), expected, "{right} {left}");
    }
}

/// Patterns made of few words, so that they meet often.
fn any_pattern() -> impl Strategy<Value = Pattern> {
    let literal = select(vec!["a", "b", "", "a%2Fb", "a%2fb", "a:-", "é", "%C3%A9"]);
    let segment = prop_oneof![
        3 => literal.prop_map(|text| (text.to_owned(), false)),
        3 => Just((":".to_owned(), false)),
        2 => select(vec!["?", "*", "+"]).prop_map(|modifier| (modifier.to_owned(), true)),
    ];
    vec(segment, 1..4).prop_map(|segments| {
        let mut has_optional = false;
        let segments: Vec<String> = segments
            .into_iter()
            .enumerate()
            .map(|(at, (text, optional))| match (text.as_str(), optional) {
                (modifier, true) if !has_optional => {
                    has_optional = true;
                    format!(":p{at}{modifier}")
                }
                (":", false) | (_, true) => format!(":p{at}"),
                _ => text,
            })
            .collect();
        pattern(&segments.join("/"))
    })
}

/// Every key of `pattern` whose values are among `values`, an absent one included.
fn keys(pattern: &Pattern, values: &[&str]) -> Vec<Params> {
    let mut keys: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for param in pattern.params() {
        let with = |value: &str| (param.name().to_owned(), value.to_owned());
        let mut longer = if param.kind().must_have_value() { Vec::new() } else { keys.clone() };
        for value in values {
            longer.extend(keys.iter().map(|key| [key.clone(), vec![with(value)]].concat()));
        }
        keys = longer;
    }
    keys.into_iter().map(Params::from_iter).collect()
}

fn any_key(pattern: &Pattern) -> impl Strategy<Value = Params> + use<> {
    let value =
        prop_oneof![select(vec!["", "a", "b", "a/b", "a%2Fb", "é", "e\u{301}"]).prop_map(str::to_owned), ".{0,6}"];
    let params: Vec<(String, bool)> =
        pattern.params().map(|param| (param.name().to_owned(), param.kind().must_have_value())).collect();
    vec(proptest::option::of(value), params.len()).prop_map(move |values| {
        let pairs = params.iter().zip(values).filter_map(|((name, must), value)| match value {
            Some(value) if *must && value.is_empty() => Some((name.clone(), "a".to_owned())),
            None if *must => Some((name.clone(), "b".to_owned())),
            value => value.map(|value| (name.clone(), value)),
        });
        pairs.collect()
    })
}

/// What tells two keys apart: every value that is not empty.
fn meaning(pattern: &Pattern, key: &Params) -> Vec<Option<String>> {
    pattern.params().map(|param| key.get(param.name()).filter(|value| !value.is_empty()).map(str::to_owned)).collect()
}

#[test]
fn the_topic_that_is_empty_says_a_key_without_params() {
    for source in ["", ":id?", "/:id?", ":path*/"] {
        let pattern = Pattern::parse(source).unwrap();
        assert_eq!(pattern.topic(&Params::default()).unwrap().as_str(), "", "{source}");
        assert_eq!(pattern.params_of(""), Some(Params::default()), "{source}");
    }
}

#[test]
fn what_is_no_topic_of_a_pattern_says_no_key() {
    let pattern = Pattern::parse("board/:id/view").unwrap();
    for text in [
        "",
        "board",
        "board/a",
        "board//view",
        "board/a/edit",
        "board/a/view/",
        "board/a/view/b",
        "board/%41/view",
        "board/a b/view",
    ] {
        assert_eq!(pattern.params_of(text), None, "{text}");
    }
}

proptest! {
    /// The values tried are what the literals of these patterns decode to, so a pair that can meet does.
    #[test]
    fn overlap_is_exactly_whether_two_keys_can_meet(left in any_pattern(), right in any_pattern()) {
        let values = ["a", "b", "a/b", "é"];
        let topics = |pattern: &Pattern| -> std::collections::BTreeSet<Topic> {
            keys(pattern, &values).iter().map(|key| pattern.topic(key).unwrap()).collect()
        };
        prop_assert_eq!(left.overlaps(&right), !topics(&left).is_disjoint(&topics(&right)), "{} {}", left, right);
    }

    #[test]
    fn patterns_that_do_not_overlap_never_share_a_topic(
        ((left, left_key), (right, right_key)) in (
            any_pattern().prop_flat_map(|p| { let key = any_key(&p); (Just(p), key) }),
            any_pattern().prop_flat_map(|p| { let key = any_key(&p); (Just(p), key) }),
        )
    ) {
        if !left.overlaps(&right) {
            prop_assert_ne!(left.topic(&left_key).unwrap(), right.topic(&right_key).unwrap());
        }
        prop_assert!(left.overlaps(&left));
        prop_assert_eq!(left.overlaps(&right), right.overlaps(&left));
    }

    #[test]
    fn a_topic_says_its_key((pattern, key) in any_pattern().prop_flat_map(|p| { let key = any_key(&p); (Just(p), key) })) {
        let topic = pattern.topic(&key).unwrap();
        let read = pattern.params_of(topic.as_str()).unwrap();
        prop_assert_eq!(pattern.topic(&read).unwrap(), topic);
        for (name, value) in read.iter() {
            prop_assert_eq!(key.get(name), Some(value));
        }
    }

    #[test]
    fn two_keys_have_one_topic_only_when_they_mean_the_same(
        (pattern, one, other) in any_pattern().prop_flat_map(|p| {
            let (one, other) = (any_key(&p), any_key(&p));
            (Just(p), one, other)
        })
    ) {
        let same_topic = pattern.topic(&one).unwrap() == pattern.topic(&other).unwrap();
        prop_assert_eq!(same_topic, meaning(&pattern, &one) == meaning(&pattern, &other));
    }

    #[test]
    fn whatever_a_pattern_is_reading_it_does_not_panic_and_keeps_its_text(source in "(a|b|:|/|\\?|\\*|\\+|é|-|_|__proto__){0,8}") {
        match Pattern::parse(&source) {
            Ok(pattern) => prop_assert_eq!(pattern.as_str(), source),
            Err(error) => prop_assert!(source.split('/').any(|segment| segment == error.segment())),
        }
    }
}
