//! The bytes that a socket and its client exchange, in both dialects, and what is counted of them.

use metrics_util::debugging::DebuggingRecorder;
use roomful::{Limits, Rate, SocketExt as _, test::TestSocket};
use roomful_core::Dialect;
use roomful_runtime::{Connection, ToWrite};
use tokio::sync::Semaphore;

use super::Scripted;
use crate::metrics::{count, counted};
use crate::scripted::Log;

/// A socket, and one connection to it.
struct Line {
    socket: TestSocket<Scripted>,
    connection: Connection,
}

impl Line {
    async fn open(dialect: Dialect, limits: Limits) -> Self {
        let scripted = Scripted { log: Log::default(), gate: Semaphore::new(0).into() };
        let socket = TestSocket::new(scripted.limits(limits));
        let uri = "/?m=test&s=socket&r=%7B%22id%22:%221%22%7D&name=talks+in+open";
        let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
        let connection = socket.rooms().platform().read(parts, dialect).connect();
        Self { socket, connection }
    }

    /// Everything that is written once these have been handled.
    async fn say(&mut self, messages: &[&str]) -> Vec<String> {
        for message in messages {
            self.connection.receive(message.as_bytes());
        }
        self.socket.advance(0).await;
        let next = || self.connection.mailbox().try_next();
        let text = |written| match written {
            ToWrite::Frame(frame) => String::from_utf8(frame.to_vec()).unwrap(),
            ToWrite::Close(close) => format!("close {} {}", close.code, close.reason),
        };
        std::iter::from_fn(next).map(text).collect()
    }
}

#[tokio::test]
async fn plain_is_bare_json_and_nothing_else() {
    let mut line = Line::open(Dialect::Plain, Limits::default()).await;
    assert_eq!(line.say(&[]).await, [r#""opened""#]);
    assert_eq!(
        line.say(&[r#"{"Send":{"t":"ping"}}"#, r#" {"Send":[1, null]} "#]).await,
        [r#"{"t":"ping"}"#, "[1,null]"]
    );
    let nothing =
        line.say(&["oops", "null", r#"{"t":"ping"}"#, r#"{"t":"msg","msg":"WhoAmI","id":1}"#, r#""Fail""#]).await;
    assert_eq!(nothing, [""; 0], "what is not handled is not answered");
    assert_eq!(line.say(&[r#"{"Close":[4001,"bye"]}"#]).await, ["close 4001 bye"]);
}

#[tokio::test]
async fn v1_opens_answers_and_keeps_messages_apart() {
    let mut line = Line::open(Dialect::V1, Limits::default()).await;
    let opened = [r#"{"t":"open","heartbeat":25000,"limits":{"frame":65536}}"#, r#""opened""#, r#"{"t":"pong"}"#];
    assert_eq!(line.say(&[r#"{"t":"ping"}"#]).await, opened, "nothing comes before the first frame");
    for (said, answered) in [
        (r#"{"Send":{"t":"ping"}}"#, &[r#" {"t":"ping"}"#][..]),
        (r#"{"Send":{"T":1}}"#, &[r#"{"T":1}"#]),
        (r#"{"t":"ping"}"#, &[r#"{"t":"pong"}"#]),
        (r#"{"t":"bye"}"#, &[]),
        (r#"{"t":"msg","msg":{"Send":1}}"#, &["1"]),
        (r#"{"t":"msg","msg":{"Send":1},"id":0}"#, &["1", r#"{"t":"ack","id":0}"#]),
        (
            r#"{"t":"msg","msg":"Fail","id":7}"#,
            &[r#"{"t":"error","id":7,"code":"handler_failed","reason":"the handler failed"}"#],
        ),
        (r#""Fail""#, &[r#"{"t":"error","code":"handler_failed","reason":"the handler failed"}"#]),
        (r#"{"t":"nope","id":8}"#, &[r#"{"t":"error","id":8,"code":"bad_frame","reason":"`t` is not known"}"#]),
        ("oops", &[r#"{"t":"error","code":"bad_frame","reason":"not JSON"}"#]),
    ] {
        assert_eq!(line.say(&[said]).await, answered, "{said}");
    }
}

#[tokio::test]
async fn what_is_sent_too_fast_is_not_handled() {
    let limits = || Limits::default().rate(Rate { per_second: 1, burst: 2 });
    let three = [r#"{"Send":1}"#, r#"{"Send":2}"#, r#"{"t":"msg","msg":{"Send":3},"id":3}"#];
    let mut plain = Line::open(Dialect::Plain, limits()).await;
    assert_eq!(plain.say(&three).await, [r#""opened""#, "1", "2"]);
    let mut v1 = Line::open(Dialect::V1, limits()).await;
    let said = v1.say(&three).await;
    assert!(said[4].starts_with(r#"{"t":"error","id":3,"code":"rate_limited","#), "{said:?}");
}

#[tokio::test]
async fn what_is_in_vain_is_counted_under_the_sockets_name() {
    let recorder: &'static DebuggingRecorder = Box::leak(Box::new(DebuggingRecorder::new()));
    let _guard = metrics::set_default_local_recorder(recorder);
    let mut line = Line::open(Dialect::Plain, Limits::default().rate(Rate { per_second: 1, burst: 4 })).await;
    line.say(&["oops", "null", r#""Panic""#, r#"{"Close":[1000,""]}"#, "7"]).await;
    let counted = counted(&recorder.snapshotter());
    for (name, times) in [
        ("roomful_connections_opened_total{module=test,room=socket}", 1),
        ("roomful_connections_closed_total{code=1000}", 1),
        ("roomful_frames_received_total{}", 5),
        ("roomful_frames_delivered_total{}", 1),
        ("roomful_frames_dropped_total{reason=bad_frame}", 1),
        ("roomful_frames_dropped_total{reason=bad_message}", 1),
        ("roomful_frames_dropped_total{reason=handler_failed}", 1),
        ("roomful_frames_dropped_total{reason=rate_limited}", 1),
        ("roomful_handler_failures_total{hook=message}", 1),
    ] {
        assert_eq!(count(&counted, name), times, "{name} in {counted:?}");
    }
}
