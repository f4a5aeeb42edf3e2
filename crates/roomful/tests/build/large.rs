//! Integers that JavaScript rounds: who is told of them, when, and how an app says what it means.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::io;
use std::sync::{Arc, Mutex, Once};

use roomful::{
    AsBigInt, AsNumber, AsText, BuildError, Channel, Deny, Framework, LargeIntegers, Room, Rooms, RoomsBuilder, TS,
    TypescriptOptions, Upgrade,
};
use serde::{Deserialize, Serialize};
use tracing_subscriber::fmt::MakeWriter;

macro_rules! room {
    ($room:ident, $channel:ident, $($definition:tt)*) => {
        #[derive(Clone, Channel)]
        $($definition)*

        struct $room;

        impl Room for $room {
            type Channel = $channel;
            type Data = ();
            async fn data(&self, _: &Upgrade<$channel>) -> Result<(), Deny> {
                Ok(())
            }
        }
    };
}

#[derive(Serialize, Deserialize, TS)]
struct Counted {
    id: u64,
    small: u32,
    maybe: Option<i64>,
    list: Vec<(u8, u128)>,
    by: std::collections::BTreeMap<u64, usize>,
    #[ts(type = "number")]
    said: u64,
    exact: AsNumber<u64>,
    exactly: Option<AsNumber<i128>>,
    big: AsBigInt<u128>,
    text: AsText<u64>,
    texts: std::collections::BTreeMap<AsText<i64>, Option<AsText<u128>>>,
    took: std::time::Duration,
    within: std::ops::Range<u64>,
    done: Result<u64, u8>,
    page: Paged<u64>,
    kind: Kind,
}

#[derive(Serialize, Deserialize, TS)]
struct Paged<T> {
    items: Vec<T>,
}

#[derive(Serialize, Deserialize, TS)]
#[serde(tag = "t")]
enum Kind {
    At { when: i64 },
    Never,
}

room! { Counts, Counting,
    #[channel("counts", message = Counted, presence = Option<u64>)]
    struct Counting;
}

#[test]
fn an_integer_that_javascript_rounds_is_named_unless_the_app_says_what_it_means() {
    let rooms = counts().build().unwrap();
    let generated = rooms.typescript(Framework::None).unwrap();
    let places: Vec<_> = generated.warnings().iter().map(|warning| (&*warning.at, warning.bits)).collect();
    let expected = [
        ("Counted.id", 64),
        ("Counted.maybe", 64),
        ("Counted.list[][1]", 128),
        ("Counted.by (its keys)", 64),
        ("Counted.by[]", 64),
        ("Counted.within.start", 64),
        ("Counted.within.end", 64),
        ("Counted.done.Ok", 64),
        ("Paged.items[]", 64),
        ("Kind::At.when", 64),
        ("Option", 64),
    ];
    assert_eq!(places, expected);
    assert_eq!(
        generated.warnings()[0].to_string(),
        "`Counted.id` has an integer of 64 bits, which JavaScript rounds from 2^53 on: make it \
         `roomful::AsBigInt<..>` or `roomful::AsText<..>`, which are strings in JSON; or say that it stays below, with `roomful::AsNumber<..>` or, for all, \
         `LargeIntegers::Number`"
    );
    assert!(generated.as_str().contains("  exact: number;\n"), "{generated}");
    assert!(generated.as_str().contains("  exactly?: number | null;\n"), "{generated}");
    assert!(generated.as_str().contains("  text: string;\n"), "{generated}");
    assert!(generated.as_str().contains("  texts: { [key: string]: string | null };\n"), "{generated}");

    let options = TypescriptOptions::new(Framework::None);
    let said = rooms.typescript(options.large_integers(LargeIntegers::Number)).unwrap();
    assert_eq!((said.warnings(), said.as_str()), (&[][..], generated.as_str()));
    let refused = rooms.typescript(options.large_integers(LargeIntegers::Refuse)).unwrap_err().to_string();
    assert_eq!(refused.lines().count(), expected.len());
    assert!(refused.starts_with("`Counted.id` has an integer of 64 bits, which JavaScript rounds"), "{refused}");
}

fn counts() -> RoomsBuilder {
    Rooms::new().module("m", |m| m.room("counts", Counts))
}

#[test]
fn what_the_builder_was_told_holds_for_the_file_unless_that_says_otherwise() {
    let rooms = counts().large_integers(LargeIntegers::Number).build().unwrap();
    assert_eq!(rooms.typescript(Framework::None).unwrap().warnings(), []);
    let options = TypescriptOptions::new(Framework::None).large_integers(LargeIntegers::Warn);
    assert_eq!(rooms.typescript(options).unwrap().warnings().len(), 11);
}

/// What is logged while `build` runs.
fn logged(rooms: RoomsBuilder) -> (Result<Rooms, BuildError>, String) {
    let logged = Logged::default();
    let subscriber = tracing_subscriber::fmt().with_writer(logged.clone()).with_ansi(false).without_time().finish();
    // Somebody listens to everything all the time: else what is logged for the first time, in another test's thread that nobody
    // listens to, is found to interest nobody at this very moment.
    static EVERYTHING: Once = Once::new();
    EVERYTHING.call_once(|| tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap());
    let built = tracing::subscriber::with_default(subscriber, || rooms.build());
    let text = String::from_utf8(logged.0.lock().unwrap().clone()).unwrap();
    (built, text)
}

room! { Again, CountingAgain,
    #[channel("again", incoming = Counted, outgoing = Kind)]
    struct CountingAgain;
}

#[test]
fn to_build_warns_of_each_type_once_by_room_and_field() {
    let (_, log) = logged(counts().module("n", |m| m.room("again", Again)));
    let lines: Vec<_> = log.lines().collect();
    let told = [
        "`Counted.id`, `Counted.maybe`, `Counted.list[][1]`, `Counted.by (its keys)`, `Counted.by[]`, `Counted.within.start`, \
         `Counted.within.end`, `Counted.done.Ok` are integers of 64 bits or more, which JavaScript rounds",
        "`Kind::At.when` is an integer of 64 bits or more, which JavaScript rounds",
        "`Option` is an integer",
        "`Paged.items[]` is an integer",
    ];
    assert_eq!(lines.len(), told.len(), "{log}");
    for (line, told) in lines.iter().zip(told) {
        assert!(line.contains(told), "{line}");
        assert!(line.contains("WARN") && line.contains(r#"room="m/counts""#), "{line}");
    }
}

#[test]
fn to_build_is_silent_where_nothing_is_rounded_or_where_that_is_meant() {
    assert_eq!(logged(Rooms::new().module("m", |m| m.room("fine", AllFine))).1, "");
    assert_eq!(logged(counts().large_integers(LargeIntegers::Number)).1, "");
}

#[derive(Serialize, Deserialize, TS)]
struct Fine {
    id: AsText<u64>,
    big: AsBigInt<u64>,
    seen: AsNumber<u64>,
    took: std::time::Duration,
    at: std::time::SystemTime,
    #[ts(type = "number")]
    said: u64,
}

room! { AllFine, Fines,
    #[channel("fine", message = Fine)]
    struct Fines;
}

#[test]
fn to_build_refuses_each_where_it_is_told_to() {
    let (built, log) = logged(counts().large_integers(LargeIntegers::Refuse));
    let error = built.err().unwrap();
    assert_eq!((error.mistakes.len(), log.as_str()), (11, ""));
    let first = error.mistakes[0].to_string();
    assert!(
        first.starts_with("`m/counts`: `Counted.id` has an integer of 64 bits, which JavaScript rounds"),
        "{first}"
    );
}

/// Of so many types that nobody would read all lines.
macro_rules! many {
    ($($name:ident)+) => {
        $(
            #[derive(Serialize, Deserialize, TS)]
            struct $name {
                id: u64,
            }
        )+

        #[derive(Serialize, Deserialize, TS)]
        #[allow(non_snake_case, reason = "each is named as its type is")]
        struct Many {
            $($name: $name,)+
            a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64, i: u64, j: u64,
        }
    };
}

many!(A B C D E F G H I J K L N O P Q R S);

room! { Manies, Much,
    #[channel("many", message = Many)]
    struct Much;
}

#[test]
fn the_warnings_of_a_build_are_bounded() {
    let (_, log) = logged(Rooms::new().module("m", |m| m.room("many", Manies)));
    assert_eq!(log.lines().count(), 17, "{log}");
    assert!(log.contains("`Many.h` and 2 more are integers"), "{log}");
    assert!(log.lines().last().unwrap().contains("3 more types have integers of 64 bits or more"), "{log}");
}

/// Whoever reads or writes one, while it is only asked what it is, fails.
#[derive(TS)]
struct Touchy {
    #[allow(dead_code, reason = "only its type matters")]
    id: u64,
}

impl Serialize for Touchy {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("it was written");
    }
}

impl<'de> Deserialize<'de> for Touchy {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("it was read");
    }
}

room! { Touchies, Touched,
    #[channel("touchy", message = Touchy)]
    struct Touched;
}

#[test]
fn to_build_runs_no_code_of_the_types() {
    let (built, log) = logged(Rooms::new().module("m", |m| m.room("touchy", Touchies)));
    assert!(built.is_ok() && log.contains("`Touchy.id` is an integer"), "{log}");
}

#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Logged {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
