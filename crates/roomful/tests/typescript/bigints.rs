//! Bigints: what the file says of where they are, in each kind of type, and where nothing would tell one from another string.

use std::collections::BTreeMap;

use roomful::{AsBigInt, Framework, Rooms, TS};
use serde::{Deserialize, Serialize};

use crate::support::{both, does_not_read, incoming, outgoing, plans, reads, refusal, writes};

#[derive(Serialize, Deserialize, TS)]
struct Seen {
    id: AsBigInt<u64>,
    maybe: Option<AsBigInt<i128>>,
    list: Vec<AsBigInt<u8>>,
    places: (u8, AsBigInt<u64>, String),
    #[serde(rename = "by-key")]
    by: BTreeMap<AsBigInt<u64>, Vec<AsBigInt<i64>>>,
    kids: Vec<Seen>,
    name: String,
}

#[test]
fn of_every_kind_it_is_said_where_they_are() {
    let declared = both::<Seen>().unwrap();
    for line in [
        "  id: bigint;",
        "  maybe: bigint | null;",
        "  list: bigint[];",
        "  places: [number, bigint, string];",
        "  'by-key': { [key: string]: bigint[] };",
    ] {
        assert!(declared.contains(line), "{declared}");
    }
    let (types, used) = plans::<Seen>();
    let expected = "\
const bigints = {
  Seen: {
    object: {
      id: 'bigint',
      maybe: 'bigint',
      list: { list: 'bigint' },
      places: { tuple: [null, 'bigint', null] },
      'by-key': { map: { list: 'bigint' } },
      kids: { list: 'Seen' },
    },
  },
};";
    assert_eq!((&*types, &*used), (expected, "{ outgoing: 'Seen' }"));
    reads::<AsBigInt<i64>>(&[r#""-1""#, r#""0""#]);
    does_not_read::<AsBigInt<u64>>(&["1", r#""-1""#, r#""""#]);
    writes(&AsBigInt(u128::MAX), r#""340282366920938463463374607431768211455""#);
}

#[derive(Serialize, Deserialize, TS)]
#[serde(transparent)]
struct Id(AsBigInt<u64>);

#[derive(Serialize, Deserialize, TS)]
struct Inner {
    id: Id,
}

#[derive(Serialize, Deserialize, TS)]
struct Flat {
    own: Id,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    kind: Tagged,
}

#[derive(Serialize, Deserialize, TS)]
#[serde(tag = "kind")]
enum Tagged {
    At { at: AsBigInt<u64> },
    Named { at: String },
    Held(Other),
}

#[derive(Serialize, Deserialize, TS)]
struct Other {
    other: Id,
}

#[test]
fn what_is_flattened_is_said_with_the_rest() {
    let (types, _) = plans::<Flat>();
    let expected = "\
const bigints = {
  Flat: { all: ['Inner', 'Tagged', { object: { own: 'Id' } }] },
  Id: 'bigint',
  Inner: { object: { id: 'Id' } },
  Other: { object: { other: 'Id' } },
  Tagged: { tag: 'kind', of: { At: { object: { at: 'bigint' } }, Held: 'Other' } },
};";
    assert_eq!(types, expected);
}

#[derive(Serialize, Deserialize, TS)]
enum External {
    Nothing,
    One(AsBigInt<u64>),
    Other(String),
}

#[derive(Serialize, Deserialize, TS)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    One(AsBigInt<u64>),
    Other(String),
}

#[derive(Serialize, Deserialize, TS)]
#[serde(untagged)]
enum Untagged {
    Number(u8),
    Big(AsBigInt<u64>),
    Object { id: AsBigInt<u64> },
    Other { id: u8, name: String },
    List(Vec<AsBigInt<u64>>),
}

#[test]
fn an_enum_is_told_apart_however_it_is_written() {
    assert_eq!(plans::<External>().0, "const bigints = {\n  External: { object: { One: 'bigint' } },\n};");
    let adjacent = "const bigints = {\n  Adjacent: { tag: 't', of: { One: { object: { c: 'bigint' } } } },\n};";
    assert_eq!(plans::<Adjacent>().0, adjacent);
    let untagged =
        "const bigints = {\n  Untagged: { any: ['bigint', { object: { id: 'bigint' } }, { list: 'bigint' }] },\n};";
    assert_eq!(plans::<Untagged>().0, untagged);
}

#[derive(Serialize, Deserialize, TS)]
#[serde(untagged)]
enum Strings {
    Big(AsBigInt<u64>),
    Name(String),
}

#[derive(Serialize, Deserialize, TS)]
#[serde(untagged)]
enum Properties {
    Big { of: Vec<Inner> },
    Name { of: Vec<Named> },
}

#[derive(Serialize, Deserialize, TS)]
struct Named {
    id: Option<String>,
}

#[derive(Serialize, Deserialize, TS)]
#[serde(untagged)]
enum Any {
    Big { id: AsBigInt<u64> },
    Map(BTreeMap<String, serde_json::Value>),
}

#[derive(Serialize, Deserialize, TS)]
#[serde(untagged)]
enum Places {
    Big(u8, AsBigInt<u64>),
    Names(Vec<String>),
}

#[derive(Serialize, Deserialize, TS)]
#[serde(untagged)]
enum Units {
    Big(AsBigInt<u64>),
    Unit(Unit),
}

#[derive(Serialize, Deserialize, TS)]
enum Unit {
    Nothing,
}

/// Two enums, each of which is told by its tag, and of which a tag of the one is the other's.
#[derive(Serialize, Deserialize, TS)]
#[serde(untagged)]
enum Both {
    One(Tagged),
    Two(TaggedToo),
}

#[derive(Serialize, Deserialize, TS)]
#[serde(tag = "kind")]
enum TaggedToo {
    At { at: String },
}

#[test]
fn where_nothing_tells_it_from_another_string_it_is_refused() {
    for (refused, at) in [
        (refusal(outgoing::<Strings>()), "Strings"),
        (refusal(outgoing::<Properties>()), "Properties"),
        (refusal(outgoing::<Any>()), "Any"),
        (refusal(outgoing::<Places>()), "Places"),
        (refusal(outgoing::<Units>()), "Units"),
        (refusal(outgoing::<Both>()), "Both"),
    ] {
        let told =
            format!("`{at}` has `#[serde(untagged)]`, which leaves a bigint where another variant may have a string");
        assert!(refused.starts_with(&told), "{refused}");
    }
    // A client knows which one it sends.
    assert!(incoming::<Strings>().is_ok());
}

#[derive(Serialize, Deserialize, TS)]
struct BesideAny {
    inner: Inner,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

#[test]
fn beside_a_map_of_any_json_it_is_refused() {
    let refused = refusal(outgoing::<BesideAny>());
    assert!(
        refused.contains("`BesideAny.rest` has `#[serde(flatten)]`, which puts a map of any JSON beside a bigint"),
        "{refused}"
    );
}

mod in_a_room {
    use super::{AsBigInt, Deserialize, Framework, Id, Rooms, Seen, Serialize, TS};
    use roomful::{Channel, Deny, Room, Upgrade};

    #[derive(Serialize, Deserialize, TS)]
    struct Shown {
        total: AsBigInt<u64>,
    }

    #[derive(Clone, Channel)]
    #[channel("ledger/:id", outgoing = Seen, incoming = String, presence = Shown, info = Option<Id>)]
    struct Ledger {
        id: String,
    }

    struct Ledgers;

    impl Room for Ledgers {
        type Channel = Ledger;
        type Data = ();

        async fn data(&self, _: &Upgrade<Ledger>) -> Result<(), Deny> {
            Ok(())
        }
    }

    #[derive(Clone, Channel)]
    #[channel("paid", incoming = AsBigInt<u64>, outgoing = String)]
    struct Paid;

    struct Pays;

    impl Room for Pays {
        type Channel = Paid;
        type Data = ();

        async fn data(&self, _: &Upgrade<Paid>) -> Result<(), Deny> {
            Ok(())
        }
    }

    #[derive(Clone, Channel)]
    #[channel("none", message = String)]
    struct None;

    struct Nones;

    impl Room for Nones {
        type Channel = None;
        type Data = ();

        async fn data(&self, _: &Upgrade<None>) -> Result<(), Deny> {
            Ok(())
        }
    }

    #[test]
    fn each_reads_what_it_has_and_a_room_without_any_says_nothing() {
        let rooms = Rooms::new().module("m", |m| m.room("ledger", Ledgers).room("none", Nones).room("paid", Pays));
        let text = rooms.build().unwrap().typescript(Framework::Preact).unwrap().to_string();
        let head = "import { room } from 'roomful/preact';\nimport { roomBigints } from 'roomful/bigint';\n\n";
        assert!(text.contains(head), "{text}");
        let entries = "\
  ledger: roomBigints(
    room<{
      key: { id: string };
      incoming: string;
      outgoing: Seen;
      presence: Shown;
      info: Id | null;
    }>('m', 'ledger'),
    bigints,
    { outgoing: 'Seen', presence: 'Shown', info: 'Id' },
  ),
  none: room<{ incoming: string; outgoing: string; presence: undefined }>('m', 'none'),
  paid: roomBigints(
    room<{ incoming: bigint; outgoing: string; presence: undefined }>('m', 'paid'),
    bigints,
    {},
  ),
} as const;";
        assert!(text.contains(entries), "{text}");
        let alone = Rooms::new().module("m", |m| m.room("none", Nones)).build().unwrap();
        assert!(!alone.typescript(Framework::Preact).unwrap().as_str().contains("bigint"));
    }
}
