//! Structs of every style, and the attributes that stand on them.

use roomful::TS;
use serde::{Deserialize, Serialize};

use crate::support::{both, does_not_read, incoming, inline, outgoing, reads, refusal, writes};

#[test]
fn of_every_style() {
    #[derive(Serialize, Deserialize, TS)]
    struct Unit;
    #[derive(Serialize, Deserialize, TS)]
    struct NoFields {}
    #[derive(Serialize, Deserialize, TS)]
    struct NoPlaces();
    #[derive(Serialize, Deserialize, TS)]
    struct Newtype(String);
    #[derive(Serialize, Deserialize, TS)]
    struct Pair(u8, bool);
    #[derive(Serialize, Deserialize, TS)]
    struct Named {
        r#type: String,
        größe: f64,
    }
    for (generated, expected) in [
        (both::<Unit>(), "export type Unit = null;"),
        (both::<NoFields>(), "export type NoFields = {\n  [key: string]: never;\n};"),
        (both::<NoPlaces>(), "export type NoPlaces = [];"),
        (both::<Newtype>(), "export type Newtype = string;"),
        (both::<Pair>(), "export type Pair = [number, boolean];"),
        (both::<Named>(), "export type Named = {\n  type: string;\n  'größe': number;\n};"),
    ] {
        assert_eq!(generated.as_deref(), Ok(expected));
    }
    writes(&Unit, "null");
    writes(&NoFields {}, "{}");
    writes(&NoPlaces(), "[]");
    writes(&Newtype("a".into()), r#""a""#);
    writes(&Pair(1, true), "[1,true]");
    writes(&Named { r#type: "a".into(), größe: 0.5 }, r#"{"type":"a","größe":0.5}"#);
}

#[test]
fn transparent_is_its_one_field_by_any_name() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(transparent)]
    struct Id {
        inner: String,
        #[serde(skip)]
        _seen: u8,
        _of: std::marker::PhantomData<u8>,
    }
    assert_eq!(both::<Id>().unwrap(), "export type Id = string;");
    reads::<Id>(&[r#""a""#]);
    writes(&Id { inner: "a".into(), _seen: 1, _of: std::marker::PhantomData }, r#""a""#);

    #[derive(Serialize, Deserialize, TS)]
    #[serde(transparent)]
    struct Maybe(Option<u8>);
    assert_eq!(both::<Maybe>().unwrap(), "export type Maybe = number | null;");
}

#[test]
fn from_and_into_are_what_they_come_from_and_go_into() {
    #[derive(Clone, Serialize, Deserialize, TS)]
    #[serde(from = "u32", into = "String")]
    struct Id(u32);
    impl From<u32> for Id {
        fn from(id: u32) -> Self {
            Self(id)
        }
    }
    impl From<Id> for String {
        fn from(Id(id): Id) -> Self {
            format!("#{id}")
        }
    }
    #[derive(Serialize, Deserialize, TS)]
    struct Has {
        id: Id,
    }
    let expected = "export type Has = {\n  id: Id;\n};\n\nexport type HasIncoming = {\n  id: IdIncoming;\n};\n\n\
                    export type Id = string;\n\nexport type IdIncoming = number;";
    assert_eq!(both::<Has>().unwrap(), expected);
    reads::<Has>(&[r#"{"id":7}"#]);
    writes(&Has { id: Id(7) }, r##"{"id":"#7"}"##);

    #[derive(Serialize, Deserialize, TS)]
    #[serde(try_from = "String")]
    struct Checked(String);
    impl TryFrom<String> for Checked {
        type Error = &'static str;
        fn try_from(text: String) -> Result<Self, Self::Error> {
            if text.is_empty() { Err("empty") } else { Ok(Self(text)) }
        }
    }
    assert_eq!(both::<Checked>().unwrap(), "export type Checked = string;");
}

#[test]
fn remote_is_a_type_for_a_field_that_is_written_with_it() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(remote = "std::time::Duration")]
    struct Seconds {
        #[serde(getter = "std::time::Duration::as_secs")]
        s: u64,
    }
    impl From<Seconds> for std::time::Duration {
        fn from(Seconds { s }: Seconds) -> Self {
            Self::from_secs(s)
        }
    }
    #[derive(Serialize, Deserialize, TS)]
    struct Waits {
        #[serde(with = "Seconds")]
        #[ts(as = "Seconds")]
        wait: std::time::Duration,
    }
    let expected = "export type Seconds = {\n  s: number;\n};\n\nexport type Waits = {\n  wait: Seconds;\n};";
    assert_eq!(both::<Waits>().unwrap(), expected);
    writes(&Waits { wait: std::time::Duration::from_secs(3) }, r#"{"wait":{"s":3}}"#);
}

#[test]
fn a_tagged_struct_writes_its_tag_and_reads_without() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "kind", rename(serialize = "say!", deserialize = "say"))]
    struct Say {
        text: String,
    }
    assert_eq!(outgoing::<Say>().unwrap(), "export type Say = {\n  kind: 'say!';\n  text: string;\n};");
    assert_eq!(incoming::<Say>().unwrap(), "export type Say = {\n  kind?: 'say';\n  text: string;\n};");
    writes(&Say { text: "a".into() }, r#"{"kind":"say!","text":"a"}"#);
    reads::<Say>(&[r#"{"kind":"say","text":"a"}"#, r#"{"text":"a"}"#]);

    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "kind", deny_unknown_fields)]
    struct Closed {
        text: String,
    }
    assert_eq!(incoming::<Closed>().unwrap(), "export type Closed = {\n  text: string;\n};");
    does_not_read::<Closed>(&[r#"{"kind":"Closed","text":"a"}"#]);
}

#[test]
fn a_default_of_the_whole_is_for_each_field_that_is_read() {
    #[derive(Default, Serialize, Deserialize, TS)]
    #[serde(default)]
    struct Settings {
        volume: u8,
        title: String,
    }
    let expected = "export type Settings = {\n  volume: number;\n  title: string;\n};\n\n\
                    export type SettingsIncoming = {\n  volume?: number;\n  title?: string;\n};";
    assert_eq!(both::<Settings>().unwrap(), expected);
    reads::<Settings>(&["{}", r#"{"volume":1}"#]);

    #[derive(Default, Serialize, Deserialize, TS)]
    #[serde(default)]
    struct Places(u8, u8);
    assert_eq!(incoming::<Places>().unwrap(), "export type Places = [number?, number?];");
    reads::<Places>(&["[]", "[1]", "[1,2]"]);

    #[derive(Serialize, Deserialize, TS)]
    struct Ends(u8, #[serde(default)] Option<u8>);
    assert_eq!(incoming::<Ends>().unwrap(), "export type Ends = [number, (number | null)?];");
    assert_eq!(outgoing::<Ends>().unwrap(), "export type Ends = [number, number | null];");
    reads::<Ends>(&["[1]", "[1,null]"]);
}

#[test]
fn generics_are_a_type_for_each_use() {
    #[derive(Serialize, Deserialize, TS)]
    struct Post {
        id: u8,
    }
    #[derive(Serialize, Deserialize, TS)]
    struct Page<T: Clone = u8, const N: i8 = 1>
    where
        T: Send,
    {
        items: Vec<T>,
    }
    impl Clone for Post {
        fn clone(&self) -> Self {
            Self { id: self.id }
        }
    }
    #[derive(Serialize, TS)]
    struct Borrows<'a> {
        text: &'a str,
        also: std::borrow::Cow<'a, str>,
    }
    #[derive(Serialize, Deserialize, TS)]
    struct Pages {
        posts: Page<Post, -2>,
        words: Page<Option<String>>,
    }
    let expected = "export type PagePostMinus2 = {\n  items: Post[];\n};\n\n\
                    export type PageStringOrNull1 = {\n  items: (string | null)[];\n};\n\n\
                    export type Pages = {\n  posts: PagePostMinus2;\n  words: PageStringOrNull1;\n};\n\n\
                    export type Post = {\n  id: number;\n};";
    assert_eq!(both::<Pages>().unwrap(), expected);
    let borrows = "export type Borrows = {\n  text: string;\n  also: string;\n};";
    assert_eq!(outgoing::<Borrows<'static>>().unwrap(), borrows);
    writes(&Borrows { text: "a", also: "b".into() }, r#"{"text":"a","also":"b"}"#);
}

#[test]
fn a_type_may_hold_itself_but_not_be_itself() {
    #[derive(Serialize, Deserialize, TS)]
    struct Tree {
        value: u8,
        leaves: Vec<Tree>,
        parent: Option<Box<Tree>>,
    }
    let expected = "export type Tree = {\n  value: number;\n  leaves: Tree[];\n  parent: Tree | null;\n};";
    assert_eq!(outgoing::<Tree>().unwrap(), expected);

    #[derive(Serialize, Deserialize, TS)]
    #[serde(transparent)]
    struct Chain(Option<Box<Chain>>);
    let refused = refusal(outgoing::<Chain>());
    assert_eq!(refused, "`Chain` has its own type, which holds nothing but itself: TypeScript has no name for that");
}

#[test]
fn what_stands_above_a_type_or_a_field_stands_there_too() {
    /// What ends */ a comment.
    ///
    /// And a second paragraph.
    #[derive(Serialize, TS)]
    struct Told {
        /// One line.
        text: String,
    }
    let expected = "/**\n * What ends *\\/ a comment.\n *\n * And a second paragraph.\n */\n\
                    export type Told = {\n  /** One line. */\n  text: string;\n};";
    assert_eq!(outgoing::<Told>().unwrap(), expected);
}

#[test]
fn what_the_app_says_stands() {
    #[derive(Serialize, TS)]
    #[ts(as = "String")]
    struct Id(u8);
    #[derive(Serialize, TS)]
    #[ts(type = "`#${string}`")]
    struct Color(u8);
    assert_eq!(inline::<Id>(), "string");
    assert_eq!(inline::<Vec<Color>>(), "`#${string}`[]");
}

/// What the app wrote keeps together wherever it stands.
#[test]
fn what_the_app_says_stands_as_one() {
    macro_rules! says {
        ($($name:ident = $text:literal),+) => {
            $(
                #[derive(Serialize, TS)]
                #[ts(type = $text)]
                struct $name;
            )+
        };
    }
    says! { Side = "'a' | 'b'", Call = "() => void", Keys = "keyof Point", Both = "A & B", Name = "app.Side", Two = "\"a\" | \"b\"" }
    for (generated, expected) in [
        (inline::<Side>(), "'a' | 'b'"),
        (inline::<Vec<Side>>(), "('a' | 'b')[]"),
        (inline::<Vec<Two>>(), "(\"a\" | \"b\")[]"),
        (inline::<Vec<Vec<Call>>>(), "(() => void)[][]"),
        (inline::<Option<Call>>(), "(() => void) | null"),
        (inline::<Vec<Option<Keys>>>(), "((keyof Point) | null)[]"),
        (inline::<Vec<Both>>(), "(A & B)[]"),
        (inline::<Vec<Name>>(), "app.Side[]"),
        (inline::<Option<Name>>(), "app.Side | null"),
        (inline::<(Side, [Call; 1])>(), "['a' | 'b', [() => void]]"),
        (inline::<std::collections::BTreeMap<String, Side>>(), "{ [key: string]: 'a' | 'b' }"),
        (inline::<Result<Side, Vec<Side>>>(), "{ Ok: 'a' | 'b'; Err?: never } | { Err: ('a' | 'b')[]; Ok?: never }"),
    ] {
        assert_eq!(generated, expected);
    }

    #[derive(Default, Deserialize, TS)]
    #[serde(default)]
    struct Ends(#[ts(type = "'a' | 'b'")] String, #[ts(type = "Side")] String);
    assert_eq!(incoming::<Ends>().unwrap(), "export type Ends = [('a' | 'b')?, Side?];");
    let Ends(first, second) = Ends::default();
    assert_eq!((first, second), (String::new(), String::new()));
    #[derive(Serialize, TS)]
    #[serde(untagged)]
    enum Either {
        Call(#[ts(type = "() => void")] u8),
        Text(String),
    }
    assert_eq!(outgoing::<Either>().unwrap(), "export type Either = (() => void) | string;");
    let _ = (Either::Call(1), Either::Text(String::new()));
}
