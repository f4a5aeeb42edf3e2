//! Numbers on the wire are the numbers that were meant: none changes on its way through a room, and what JSON cannot say is an
//! error where it is said.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use roomful::test::{TestRoom, TestSocket};
use roomful::{AsNumber, Channel, Conn, Deny, Error, Result, Room, Rooms, Socket, SocketChannel, SocketConn, Upgrade};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Clone, Channel)]
#[channel("numbers/:id", message = Numbers, presence = Numbers)]
struct Line {
    id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, roomful::TS)]
struct Numbers {
    double: f64,
    single: f32,
}

const NAN: Numbers = Numbers { double: 1.0, single: f32::NAN };
const INFINITE: Numbers = Numbers { double: f64::NEG_INFINITY, single: 1.0 };

struct Repeats;

impl Room for Repeats {
    type Channel = Line;
    type Data = f64;

    async fn data(&self, _: &Upgrade<Line>) -> Result<f64, Deny> {
        Ok(f64::NAN)
    }

    fn presence(&self, conn: &Conn<Self>) -> Option<Numbers> {
        Some(Numbers { double: *conn.data(), single: 0.0 })
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: Numbers) -> Result {
        assert_eq!(said(conn.broadcast(&NAN)), "`single` is NaN, which JSON cannot say");
        assert_eq!(said(conn.broadcast_all(&INFINITE)), "`double` is minus infinity, which JSON cannot say");
        assert_eq!(said(conn.send(&INFINITE)), "`double` is minus infinity, which JSON cannot say");
        assert_eq!(said(conn.set_presence(&NAN)), "`single` is NaN, which JSON cannot say");
        conn.broadcast_all(&msg)
    }

    async fn on_error(&self, _: &Conn<Self>, error: Error) {
        panic!("{error}");
    }
}

/// What the error says of the number.
fn said(result: Result) -> String {
    let error = result.unwrap_err().to_string();
    error.rsplit(": ").next().unwrap().to_owned()
}

/// A number of a frame as JavaScript reads it: the double that is nearest to what is written.
fn in_javascript(text: &RawValue) -> f64 {
    text.get().parse().unwrap()
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    msg: Written<'a>,
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    double: &'a RawValue,
    #[serde(borrow)]
    single: &'a RawValue,
}

#[test]
fn a_number_comes_out_of_a_room_as_it_went_in() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let room = TestRoom::new(Repeats);
    let mut member = runtime.block_on(room.join(Line { id: "1".into() }, 0.0));
    runtime.block_on(member.settle());
    let numbers = (any::<u64>().prop_map(f64::from_bits), any::<u32>().prop_map(f32::from_bits));
    let finite = numbers.prop_filter("JSON has none", |(double, single)| double.is_finite() && single.is_finite());
    let mut runner = TestRunner::new(ProptestConfig::with_cases(1_000));
    let sent = |(double, single): (f64, f32)| {
        member.send_raw(format!(r#"{{"t":"msg","msg":{{"double":{double:e},"single":{single:e}}}}}"#));
        runtime.block_on(room.stats());
        let written = member.written().unwrap();
        let msg = serde_json::from_str::<Frame<'_>>(&written).unwrap().msg;
        prop_assert_eq!(in_javascript(msg.double).to_bits(), double.to_bits(), "{}", written);
        prop_assert_eq!((in_javascript(msg.single) as f32).to_bits(), single.to_bits(), "{}", written);
        Ok(())
    };
    // Each message is paid for, and time is virtual.
    let sent = std::cell::RefCell::new(sent);
    let case = |numbers| {
        runtime.block_on(room.advance(1_000));
        (sent.borrow_mut())(numbers)
    };
    runner.run(&finite, case).unwrap();
}

#[tokio::test]
async fn what_is_said_from_outside_is_looked_at_too() {
    let rooms = Rooms::new().module("m", |m| m.room("numbers", Repeats)).build().unwrap();
    let line = rooms.at(&Line { id: "1".into() });
    assert_eq!(said(line.broadcast(&NAN).await), "`single` is NaN, which JSON cannot say");
    let nobody = roomful::MemberId::parse("nobody").unwrap();
    assert_eq!(said(line.send(&nobody, &NAN).await.map(drop)), "`single` is NaN, which JSON cannot say");
    assert_eq!(said(rooms.broadcast_all::<Line>(&NAN).await), "`single` is NaN, which JSON cannot say");
}

#[derive(Clone, Channel)]
#[channel("posts", message = Vec<Post>)]
struct Posts;

#[derive(Serialize, Deserialize, roomful::TS)]
struct Post {
    seen: AsNumber<u64>,
}

struct Blog;

impl Room for Blog {
    type Channel = Posts;
    type Data = ();

    async fn data(&self, _: &Upgrade<Posts>) -> Result<(), Deny> {
        Ok(())
    }
}

#[tokio::test]
async fn a_number_that_javascript_would_round_is_named_where_it_is_said() {
    let rooms = Rooms::new().module("m", |m| m.room("blog", Blog)).build().unwrap();
    let post = |seen| Post { seen: AsNumber(seen) };
    rooms.at(&Posts).broadcast(&vec![post((1 << 53) - 1)]).await.unwrap();
    let refused = rooms.at(&Posts).broadcast(&vec![post(7), post(1 << 53)]).await.unwrap_err().to_string();
    assert!(
        refused.contains("`[1].seen`: 9007199254740992 is beyond 2^53 - 1, and JavaScript would round it"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_seed_that_cannot_be_written_lets_nobody_in() {
    let room = TestRoom::new(Repeats);
    let key = Line { id: "1".into() };
    let refused = room.connect(&key, http::Request::new(())).await.err().unwrap();
    assert_eq!(refused.code, 1011);
}

#[tokio::test]
async fn data_that_cannot_be_written_goes_nowhere() {
    let room = TestRoom::new(Repeats);
    let uri = "/__sockets?m=test&s=room&r=%7B%22id%22:%221%22%7D";
    let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
    let admission = room.rooms().platform().read(parts, roomful_core::Dialect::V1);
    assert_eq!(admission.admit(std::future::pending()).await.err().unwrap().close.code, 1011);
}

#[derive(Clone, SocketChannel)]
#[socket(incoming = u8, outgoing = Numbers)]
struct Asked;

struct Answers;

impl Socket for Answers {
    type Channel = Asked;
    type Data = ();

    async fn data(&self, _: &Upgrade<Asked>) -> Result<(), Deny> {
        Ok(())
    }

    async fn message(&self, conn: &SocketConn<Self>, _: u8) -> Result {
        assert_eq!(said(conn.send(&NAN)), "`single` is NaN, which JSON cannot say");
        conn.send(&Numbers { double: 0.5, single: 0.5 })
    }
}

#[tokio::test]
async fn a_socket_says_only_numbers() {
    let socket = TestSocket::new(Answers);
    let mut client = socket.open(Asked, ()).await;
    client.send(&1);
    let answer = client.next().await;
    assert!(format!("{answer:?}").contains("0.5"), "{answer:?}");
}
