//! The names of types.

use roomful::TS;
use serde::{Deserialize, Serialize};

use crate::support::{both, outgoing, refusal};

/// What the generated file says needs nothing that TypeScript has, so its names are free.
#[test]
fn what_typescript_has_by_that_name_is_not_needed() {
    #[derive(Serialize, TS)]
    struct Record {
        of: Array,
    }
    #[derive(Serialize, TS)]
    struct Array {
        items: Vec<Promise>,
    }
    #[derive(Serialize, TS)]
    struct Promise {
        by: std::collections::BTreeMap<u8, Option<Box<str>>>,
    }
    let expected = "export type Array = {\n  items: Promise[];\n};\n\n\
                    export type Promise = {\n  by: { [key: number]: string | null };\n};\n\n\
                    export type Record = {\n  of: Array;\n};";
    assert_eq!(outgoing::<Record>().unwrap(), expected);
}

#[test]
fn a_word_of_the_language_is_no_name() {
    #[allow(non_camel_case_types)]
    #[derive(Serialize, TS)]
    struct string {
        a: u8,
    }
    #[allow(non_camel_case_types)]
    #[derive(Serialize, TS)]
    struct r#yield {
        a: u8,
    }
    #[allow(non_camel_case_types)]
    #[derive(Serialize, TS)]
    struct room {
        a: u8,
    }
    #[derive(Serialize, TS)]
    #[ts(rename = "a b")]
    struct Renamed {
        a: u8,
    }
    #[derive(Serialize, TS)]
    #[ts(rename = "keyof")]
    struct Operator {
        a: u8,
    }
    for (refused, at, name, why) in [
        (outgoing::<Operator>(), "Operator", "keyof", "which is TypeScript's own"),
        (outgoing::<string>(), "string", "string", "which is TypeScript's own"),
        (outgoing::<r#yield>(), "yield", "yield", "which is TypeScript's own"),
        (outgoing::<room>(), "room", "room", "which the generated file has already"),
        (outgoing::<Renamed>(), "Renamed", "a b", "which is no name in TypeScript"),
    ] {
        let expected = format!("`{at}` has the name `{name}`, {why}: choose another with `#[ts(rename = \"..\")]`");
        assert_eq!(refusal(refused), expected);
    }
}

#[test]
fn what_serde_calls_a_type_is_not_its_name() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(rename = "a-b")]
    struct Said {
        a: u8,
    }
    #[derive(Serialize, Deserialize, TS)]
    #[ts(rename = "Größe")]
    struct Size(u8);
    assert_eq!(both::<Said>().unwrap(), "export type Said = {\n  a: number;\n};");
    assert_eq!(both::<Size>().unwrap(), "export type Größe = number;");
}

mod here {
    #[derive(serde::Serialize, roomful::TS)]
    pub(super) struct Event {
        pub(super) a: u8,
    }
}

mod there {
    #[derive(serde::Serialize, roomful::TS)]
    pub(super) struct Event {
        pub(super) b: u8,
    }
    #[derive(serde::Serialize, roomful::TS)]
    #[ts(rename = "Event")]
    pub(super) struct Same {
        pub(super) a: u8,
    }
}

#[test]
fn two_types_with_one_name_are_one_if_they_are_alike() {
    assert_eq!(
        outgoing::<(here::Event, there::Event)>().unwrap_err(),
        "`typescript::names::here::Event` and `typescript::names::there::Event` are both named `Event` in TypeScript: rename \
         one with `#[ts(rename = \"..\")]`"
    );
    assert_eq!(outgoing::<(here::Event, there::Same)>().unwrap(), "export type Event = {\n  a: number;\n};");
    let _ = (here::Event { a: 1 }.a, there::Event { b: 1 }.b, there::Same { a: 1 }.a);

    #[derive(Serialize, Deserialize, TS)]
    struct Moved {
        note: Option<u8>,
        also: Vec<MovedIncoming>,
    }
    #[derive(Serialize, Deserialize, TS)]
    struct MovedIncoming {
        a: u8,
    }
    assert!(both::<Moved>().unwrap_err().contains("are both named `MovedIncoming` in TypeScript"));
}
