//! What cannot be said: the type, the attribute and what to do are in the error.

use std::collections::{BTreeMap, HashMap};

use roomful::TS;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::support::{both, does_not_read, incoming, outgoing, refusal, writes};

fn write<S: Serializer>(_: &u8, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str("one")
}

fn read<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    String::deserialize(from).map(|_| 1)
}

mod as_text {
    pub(super) use super::{read as deserialize, write as serialize};
}

const SAY: &str = "which does not say what it is in JSON: say it with `#[ts(as = \"..\")]` beside it";

#[test]
fn who_writes_in_place_of_the_type() {
    #[derive(Serialize, Deserialize, TS)]
    struct Writes {
        #[serde(serialize_with = "write")]
        n: u8,
    }
    assert_eq!(refusal(outgoing::<Writes>()), format!("`Writes.n` has `#[serde(serialize_with = \"write\")]`, {SAY}"));
    assert_eq!(incoming::<Writes>().unwrap(), "export type Writes = {\n  n: number;\n};");

    #[derive(Serialize, Deserialize, TS)]
    struct Reads(#[serde(deserialize_with = "read")] u8);
    assert_eq!(refusal(incoming::<Reads>()), format!("`Reads.0` has `#[serde(deserialize_with = \"read\")]`, {SAY}"));
    assert_eq!(outgoing::<Reads>().unwrap(), "export type Reads = number;");

    #[derive(Serialize, Deserialize, TS)]
    enum Both {
        A {
            #[serde(with = "as_text")]
            n: u8,
        },
        #[serde(with = "as_text")]
        B(u8),
    }
    let expected = format!(
        "`Both::A.n` has `#[serde(with = \"as_text\")]`, {SAY}\n`Both::B` has `#[serde(with = \"as_text\")]`, {SAY}"
    );
    assert_eq!(refusal(outgoing::<Both>()), expected);

    #[derive(Serialize, Deserialize, TS)]
    struct Says {
        #[serde(with = "as_text")]
        #[ts(as = "String")]
        n: u8,
        #[serde(deserialize_with = "read_maybe", serialize_with = "write_maybe")]
        #[ts(as = "Option<String>")]
        maybe: Option<u8>,
    }
    fn write_maybe<S: Serializer>(_: &Option<u8>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_none()
    }
    fn read_maybe<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u8>, D::Error> {
        Option::<String>::deserialize(from).map(|text| text.map(|_| 1))
    }
    // Whoever reads in place of the type is not asked for what is not there.
    assert_eq!(both::<Says>().unwrap(), "export type Says = {\n  n: string;\n  maybe: string | null;\n};");
    writes(&Says { n: 1, maybe: None }, r#"{"n":"one","maybe":null}"#);
    does_not_read::<Says>(&[r#"{"n":"one"}"#]);
}

#[test]
fn what_a_buffer_has_lost() {
    #[derive(Serialize, Deserialize, TS)]
    struct Numbered {
        by_id: HashMap<u32, u8>,
    }
    #[derive(Serialize, Deserialize, TS)]
    #[serde(untagged)]
    enum Untagged {
        Numbered(Numbered),
    }
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t")]
    enum Tagged {
        Numbered { by_id: BTreeMap<bool, u8> },
    }
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t", content = "c")]
    enum Adjacent {
        Numbered(Numbered),
    }
    #[derive(Serialize, Deserialize, TS)]
    struct Flattened {
        #[serde(flatten)]
        numbered: Numbered,
    }
    let key = |at: &str, by: &str| {
        format!(
            "`{at}.by_id` has `{by}`, which makes serde read through a buffer, where only strings are read as keys of a map: \
             take `String` for this map's"
        )
    };
    assert_eq!(refusal(incoming::<Untagged>()), key("Numbered", "#[serde(untagged)]"));
    assert_eq!(refusal(incoming::<Tagged>()), key("Tagged::Numbered", "#[serde(tag)]"));
    assert_eq!(refusal(incoming::<Adjacent>()), key("Numbered", "#[serde(tag, content)]"));
    assert_eq!(refusal(incoming::<Flattened>()), key("Numbered", "#[serde(flatten)]"));
    does_not_read::<Untagged>(&[r#"{"by_id":{"1":1}}"#]);
    does_not_read::<Tagged>(&[r#"{"t":"Numbered","by_id":{"true":1}}"#]);
    does_not_read::<Flattened>(&[r#"{"by_id":{"1":1}}"#]);
    does_not_read::<Adjacent>(&[r#"{"c":{"by_id":{"1":1}},"t":"Numbered"}"#]);
    assert!(outgoing::<Untagged>().is_ok() && outgoing::<Flattened>().is_ok() && outgoing::<Tagged>().is_ok());

    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t")]
    enum Wide {
        A { wide: u128 },
    }
    assert_eq!(
        refusal(incoming::<Wide>()),
        "`Wide::A.wide` has `#[serde(tag)]`, which makes serde use a buffer that holds no integer of 128 bits"
    );
}

#[test]
fn what_goes_through_a_buffer_when_it_is_written() {
    #[derive(Serialize, TS)]
    enum Inner {
        Wide { wide: u128 },
    }
    #[derive(Serialize, TS)]
    struct Outer {
        #[serde(flatten)]
        inner: Inner,
    }
    assert_eq!(
        refusal(outgoing::<Outer>()),
        "`Inner::Wide.wide` has `#[serde(flatten)]`, which makes serde use a buffer that holds no integer of 128 bits"
    );
    assert!(outgoing::<Inner>().is_ok());
    assert!(serde_json::to_string(&Outer { inner: Inner::Wide { wide: 1 } }).is_err());
}

#[test]
fn a_tag_that_a_map_would_take() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t")]
    struct Tagged {
        #[serde(flatten)]
        rest: BTreeMap<String, String>,
    }
    assert_eq!(
        refusal(incoming::<Tagged>()),
        "`Tagged.rest` has `#[serde(flatten)]`, which puts the struct's tag into the map when it is read, and then it is written \
         twice: take the tag or the map away"
    );
    assert!(outgoing::<Tagged>().is_ok());
    let read: Tagged = serde_json::from_str(r#"{"t":"Tagged"}"#).unwrap();
    writes(&read, r#"{"t":"Tagged","t":"Tagged"}"#);
}

#[test]
fn what_is_written_through_a_buffer_by_way_of_others() {
    #[derive(Serialize, TS)]
    enum Inner {
        Wide { wide: i128 },
        Pair(u8, i128),
        Single(i128),
    }
    #[derive(Serialize, TS)]
    #[serde(untagged)]
    enum Untagged {
        Inner(Inner),
    }
    #[derive(Serialize, TS)]
    #[serde(tag = "t")]
    enum Outer {
        Untagged(Untagged),
    }
    let buffer = |at: &str| {
        format!("`{at}` has `#[serde(tag)]`, which makes serde use a buffer that holds no integer of 128 bits")
    };
    let expected = format!("{}\n{}", buffer("Inner::Wide.wide"), buffer("Inner::Pair"));
    assert_eq!(refusal(outgoing::<Outer>()), expected);
    let outer = |inner| serde_json::to_string(&Outer::Untagged(Untagged::Inner(inner)));
    assert!(outer(Inner::Wide { wide: 1 }).is_err() && outer(Inner::Pair(1, 1)).is_err());
    assert_eq!(outer(Inner::Single(1)).unwrap(), r#"{"t":"Untagged","Single":1}"#);
    assert!(outgoing::<Untagged>().is_ok());
}

#[test]
fn a_map_beside_what_may_have_nothing_but_its_own() {
    #[derive(Serialize, Deserialize, TS)]
    enum Move {
        Left(String),
    }
    #[derive(Serialize, Deserialize, TS)]
    #[serde(untagged)]
    enum Cmd<V> {
        By(BTreeMap<String, V>),
        Move(Move),
    }
    assert_eq!(
        refusal(incoming::<Cmd<u8>>()),
        "`Cmd` has `#[serde(untagged)]`, which has a map beside what may have no more properties than its own, and TypeScript \
         cannot tell the two apart: give the map a name of its own, or `serde_json::Value` as its values"
    );
    does_not_read::<Cmd<u8>>(&[r#"{"Left":"a","b":1}"#]);
    assert!(incoming::<Cmd<serde_json::Value>>().is_ok() && incoming::<Cmd<String>>().is_ok());
}

#[test]
fn two_variants_with_one_name() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t")]
    enum Tagged {
        #[serde(rename = "one")]
        A { a: u8 },
        #[serde(rename(serialize = "one"))]
        B { b: u8 },
    }
    #[derive(Serialize, TS)]
    #[serde(tag = "t", content = "c", rename_all = "lowercase")]
    enum Adjacent {
        Ab,
        AB,
    }
    let twice =
        |at: &str, name: &str| format!("`{at}` has its name, by which two variants are `{name}`: rename one of them");
    assert_eq!(refusal(outgoing::<Tagged>()), twice("Tagged::B", "one"));
    assert!(incoming::<Tagged>().is_ok());
    assert_eq!(refusal(outgoing::<Adjacent>()), twice("Adjacent::AB", "ab"));
    let _ = (Tagged::A { a: 1 }, Tagged::B { b: 1 }, Adjacent::Ab, Adjacent::AB);
}

#[test]
fn what_is_no_object_where_there_must_be_one() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t")]
    enum Tagged<T> {
        Holds(T),
    }
    let no_object = |what: &str| {
        format!(
            "`Tagged::Holds` has `#[serde(tag)]`, which cannot be put into another object: it is {what} there, and no object"
        )
    };
    assert_eq!(refusal(both::<Tagged<u8>>()), no_object("a number"));
    assert_eq!(refusal(both::<Tagged<String>>()), no_object("a string"));
    assert_eq!(refusal(both::<Tagged<Vec<u8>>>()), no_object("a list"));
    assert_eq!(refusal(both::<Tagged<Option<()>>>()), no_object("an option"));
    assert!(serde_json::to_string(&Tagged::Holds(1)).is_err());

    #[derive(Serialize, Deserialize, TS)]
    struct Flattens<T> {
        #[serde(flatten)]
        inner: T,
    }
    assert!(refusal(both::<Flattens<u8>>()).starts_with("`Flattens.inner` has `#[serde(flatten)]`, "));
    assert!(refusal(both::<Flattens<BTreeMap<(), u8>>>()).contains("`#[serde(flatten)]`"));
}

#[test]
fn one_name_for_two() {
    #[derive(Serialize, TS)]
    struct Twice {
        a: u8,
        #[serde(rename = "a")]
        b: u8,
    }
    let twice = |at: &str, attribute: &str, name: &str| {
        format!("`{at}` has {attribute}, by which `{name}` is twice in one object: rename one of them")
    };
    assert_eq!(refusal(outgoing::<Twice>()), twice("Twice.b", "its name", "a"));
    #[derive(Serialize, Deserialize, TS)]
    struct Inner {
        id: u8,
    }
    #[derive(Serialize, Deserialize, TS)]
    struct Outer {
        id: u8,
        #[serde(flatten)]
        inner: Inner,
    }
    assert_eq!(refusal(outgoing::<Outer>()), twice("Outer.inner", "`#[serde(flatten)]`", "id"));
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "id")]
    enum Tagged {
        A(Inner),
    }
    assert_eq!(refusal(outgoing::<Tagged>()), twice("Tagged::A", "`#[serde(tag)]`", "id"));
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "id")]
    struct Tag {
        id: u8,
    }
    assert_eq!(refusal(outgoing::<Tag>()), twice("Tag.id", "its name", "id"));
    #[derive(Serialize, TS)]
    enum Kind {
        A,
        #[serde(rename = "A")]
        B,
    }
    assert_eq!(
        refusal(outgoing::<Kind>()),
        "`Kind::B` has its name, by which two variants are `A`: rename one of them"
    );
    let _ = (Kind::A, Kind::B);
}

#[test]
fn what_serde_ignores_or_moves() {
    #[derive(Serialize, Deserialize, TS)]
    struct Skips(#[serde(skip)] u8);
    assert_eq!(
        refusal(outgoing::<Skips>()),
        "`Skips.0` has `#[serde(skip)]`, which serde ignores on the only field: take it away"
    );
    #[derive(Serialize, TS)]
    struct Moves(#[serde(skip_serializing_if = "Option::is_none")] Option<u8>, u8);
    assert_eq!(
        refusal(outgoing::<Moves>()),
        "`Moves.0` has `#[serde(skip_serializing_if)]`, which moves what comes after it to another place: give the fields names"
    );
    writes(&Moves(None, 1), "[1]");
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t", content = "c")]
    enum Adjacent {
        A(#[serde(skip)] u8),
    }
    assert!(refusal(incoming::<Adjacent>()).starts_with("`Adjacent::A` has `#[serde(skip)]`, "));
    writes(&Adjacent::A(1), r#"{"t":"A"}"#);
    does_not_read::<Adjacent>(&[r#"{"t":"A"}"#]);
    #[derive(Serialize, Deserialize, TS)]
    #[serde(deny_unknown_fields)]
    struct Denies {
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    }
    assert!(refusal(incoming::<Denies>()).starts_with("`Denies.rest` has `#[serde(flatten)]`, "));
    does_not_read::<Denies>(&[r#"{"a":1}"#]);
    #[derive(Serialize, TS)]
    struct Proto {
        __proto__: u8,
    }
    assert_eq!(
        refusal(outgoing::<Proto>()),
        "`Proto.__proto__` has its name, which JavaScript does not take for a property: rename it"
    );
}

#[test]
fn who_has_no_derive_of_serdes() {
    #[derive(Clone, Copy, TS)]
    enum Kind {
        A = 1,
    }
    impl Serialize for Kind {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            to.serialize_u8(*self as u8)
        }
    }
    impl<'de> Deserialize<'de> for Kind {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            u8::deserialize(from).map(|_| Self::A)
        }
    }
    let its_own = |what: &str, ty: &str| {
        format!(
            "`{ty}` has {what} of its own, which serde's derive has not made: say what it is in JSON with `#[ts(as = \"..\")]` on it"
        )
    };
    assert_eq!(refusal(incoming::<Kind>()), its_own("a `Deserialize`", "Kind"));
    assert_eq!(refusal(outgoing::<Kind>()), its_own("a `Serialize`", "Kind"));
    assert_eq!(refusal(outgoing::<Vec<Option<Kind>>>()), its_own("a `Serialize`", "Kind"));

    #[derive(Deserialize, TS)]
    #[serde(tag = "t")]
    enum Nested {
        Holds { holds: Holds },
    }
    #[derive(Deserialize, TS)]
    struct Holds {
        n: u8,
        words: Vec<(String, bool)>,
        kind: Result<u8, ()>,
    }
    impl Serialize for Holds {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            (self.n, &self.words, &self.kind).serialize(to)
        }
    }
    impl Serialize for Nested {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let Self::Holds { holds } = self;
            holds.serialize(to)
        }
    }
    assert_eq!(refusal(outgoing::<Holds>()), its_own("a `Serialize`", "Holds"));
    assert!(incoming::<Holds>().is_ok() && incoming::<Nested>().is_ok());

    #[derive(TS)]
    #[ts(as = "u8")]
    struct Says(Kind);
    impl Serialize for Says {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            self.0.serialize(to)
        }
    }
    assert!(outgoing::<Says>().is_ok());
    writes(&Says(Kind::A), "1");
}

/// What is made of a type to look at it comes to an end, and what the app does to it then fails nothing.
#[test]
fn a_value_is_made_of_what_has_no_end_and_of_what_wants_none() {
    #[derive(Serialize, Deserialize, TS)]
    enum Endless {
        Both(Box<Endless>, Box<Endless>),
        One,
    }
    #[derive(Serialize, Deserialize, TS)]
    #[serde(try_from = "u8")]
    struct Picky(u8);
    impl TryFrom<u8> for Picky {
        type Error = String;
        fn try_from(number: u8) -> Result<Self, String> {
            assert_ne!(number, 1, "never one");
            Ok(Self(number))
        }
    }
    #[derive(Serialize, Deserialize, TS)]
    struct Holds<'a> {
        endless: Endless,
        picky: Picky,
        #[serde(borrow)]
        text: std::borrow::Cow<'a, str>,
        word: &'a str,
    }
    assert!(both::<Endless>().is_ok() && both::<Picky>().is_ok() && outgoing::<Holds<'static>>().is_ok());
    let _ = Endless::One;
}

/// A type of somebody else's need not be `TS` where nothing of it is written or read.
#[test]
fn what_is_not_seen_is_not_asked() {
    #[derive(Clone, Default, PartialEq)]
    struct Foreign;
    #[derive(Clone, Serialize, Deserialize, TS)]
    #[serde(try_from = "String", into = "String")]
    struct Email(Foreign);
    impl TryFrom<String> for Email {
        type Error = String;
        fn try_from(_: String) -> Result<Self, String> {
            Ok(Self(Foreign))
        }
    }
    impl From<Email> for String {
        fn from(_: Email) -> Self {
            Self::new()
        }
    }
    #[derive(Serialize, Deserialize, TS)]
    struct Sees {
        email: Email,
        #[serde(skip)]
        foreign: Foreign,
    }
    #[derive(Serialize, Deserialize, TS)]
    enum Kind {
        A(Sees),
        #[serde(skip)]
        B(Foreign),
    }
    assert!(both::<Kind>().unwrap().starts_with("export type Email = string;\n\n"));
    let sees = Sees { email: Email(Foreign), foreign: Foreign };
    assert!(sees.foreign == Foreign && sees.email.0 == Foreign);
    let _ = (Kind::A(sees), Kind::B(Foreign));
}
