//! JSON that is nested without end, in each place that reads some: it is refused where it is, and ends nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

use roomful::test::{Event, TestRoom, TestSocket};
use roomful::{Channel, Conn, Deny, Result, Room, Socket, SocketChannel, SocketConn, Upgrade};
use roomful_core::Dialect;
use serde_json::Value;

#[derive(Clone, Channel)]
#[channel("deep/:id", message = Value, presence = Value)]
struct Deep {
    id: String,
}

/// How deep the data of the next connection is.
struct Sinks(AtomicUsize);

impl Room for Sinks {
    type Channel = Deep;
    type Data = Value;

    async fn data(&self, _: &Upgrade<Deep>) -> Result<Value, Deny> {
        Ok(nested(self.0.load(Ordering::Relaxed)))
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: Value) -> Result {
        assert!(conn.broadcast(&nested(5_000)).is_err(), "what nobody could read is not said");
        conn.broadcast_all(&msg)
    }
}

/// A list in a list in a list. Dropping one goes as deep, so there is an end to it.
fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
}

fn text(levels: usize) -> String {
    format!("{}null{}", "[".repeat(levels), "]".repeat(levels))
}

/// As many as are read and said, more than are read, and as many as fit into a frame.
const LEVELS: [(usize, bool); 3] = [(120, true), (128, false), (30_000, false)];

#[tokio::test]
async fn in_a_message_and_in_a_state() {
    let room = TestRoom::new(Sinks(AtomicUsize::new(0)));
    let mut member = room.join(Deep { id: "1".into() }, Value::Null).await;
    for (levels, is_read) in LEVELS {
        for (t, key, bad) in [("msg", "msg", "bad_message"), ("presence", "state", "bad_presence")] {
            member.send_raw(format!(r#"{{"t":"{t}","{key}":{}}}"#, text(levels)));
            let is_refused =
                member.settle().await.iter().any(|event| matches!(event, Event::Error { code, .. } if code == bad));
            assert_eq!(is_refused, !is_read, "{levels} in {key}");
        }
    }
    member.send_raw(format!(r#"{{"t":{}}}"#, text(30_000)));
    let events = member.settle().await;
    assert!(matches!(&events[..], [Event::Error { code, .. }] if code == "bad_frame"), "{events:?}");
}

#[tokio::test]
async fn in_a_key() {
    let room = TestRoom::new(Sinks(AtomicUsize::new(0)));
    let platform = room.rooms().platform();
    for (levels, _) in LEVELS {
        for key in
            [text(levels), format!(r#"{{"id":{}}}"#, text(levels)), format!(r#"{{"id":"1","x":{}}}"#, text(levels))]
        {
            let limits = platform.app().settings().limits.key_bytes;
            let is_known = key.ends_with('}') && key.contains(r#""x""#) && key.len() <= limits;
            let query =
                key.replace('"', "%22").replace('[', "%5B").replace(']', "%5D").replace('{', "%7B").replace('}', "%7D");
            let request = http::Request::get(format!("/__sockets?m=test&s=room&r={query}")).body(());
            let Ok(request) = request else { continue };
            let (parts, ()) = request.into_parts();
            let admitted = platform.read(parts, Dialect::V1).admit(std::future::pending()).await;
            // A param that nobody declared is not looked at.
            assert_eq!(
                admitted.map(drop).map_err(|close| close.close.code),
                if is_known { Ok(()) } else { Err(4403) },
                "{levels}"
            );
        }
    }
}

#[tokio::test]
async fn in_data_that_another_process_would_read() {
    for (levels, is_read) in [(0, true), (120, true), (121, false), (10_000, false)] {
        let room = TestRoom::new(Sinks(AtomicUsize::new(levels)));
        let uri = "/__sockets?m=test&s=room&r=%7B%22id%22:%221%22%7D";
        let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
        let admitted = room.rooms().platform().read(parts, Dialect::V1).admit(std::future::pending()).await;
        assert_eq!(
            admitted.map(drop).map_err(|close| close.close.code),
            if is_read { Ok(()) } else { Err(1011) },
            "{levels}"
        );
    }
}

#[derive(Clone, SocketChannel)]
#[socket(incoming = Value, outgoing = Value)]
struct Asked;

struct Answers;

impl Socket for Answers {
    type Channel = Asked;
    type Data = ();

    async fn data(&self, _: &Upgrade<Asked>) -> Result<(), Deny> {
        Ok(())
    }

    async fn message(&self, conn: &SocketConn<Self>, msg: Value) -> Result {
        conn.send(&msg)
    }
}

#[tokio::test]
async fn in_a_sockets_message() {
    let socket = TestSocket::new(Answers);
    let client = socket.open(Asked, ()).await;
    for (levels, is_read) in LEVELS {
        client.send_raw(text(levels));
        socket.stats().await;
        let answer = client.written().unwrap();
        assert_eq!(answer == text(levels), is_read, "{levels}: {answer}");
        assert_eq!(answer.contains("bad_message"), !is_read, "{levels}: {answer}");
    }
}
