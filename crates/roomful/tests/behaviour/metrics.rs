//! Every drop is counted, and no label says who or where.

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use roomful::Limits;
use roomful::test::TestRoom;
use tokio::sync::Semaphore;

use crate::scripted::{Log, Order, Play, Scripted, shown, stage};

/// `name{label=value}` and how often.
pub(crate) fn counted(snapshotter: &Snapshotter) -> Vec<(String, u64)> {
    let mut counted = Vec::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let DebugValue::Counter(count) = value else { continue };
        let labels: Vec<_> = key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        counted.push((format!("{}{{{}}}", key.key().name(), labels.join(",")), count));
    }
    counted.sort();
    counted
}

pub(crate) fn count(counted: &[(String, u64)], name: &str) -> u64 {
    counted.iter().find(|(found, _)| found == name).map_or(0, |(_, count)| *count)
}

/// The recorder is this thread's alone, and so are the test's tasks.
pub(crate) fn record() -> (Snapshotter, metrics::LocalRecorderGuard<'static>) {
    let recorder: &'static DebuggingRecorder = Box::leak(Box::new(DebuggingRecorder::new()));
    (recorder.snapshotter(), metrics::set_default_local_recorder(recorder))
}

#[tokio::test]
async fn what_a_client_sends_in_vain() {
    let (snapshotter, _guard) = record();
    let play = Play::new();
    let mut ann = play.join("ann").await;
    ann.send_raw("null");
    ann.send_raw(r#"{"t":"msg","msg":5}"#);
    ann.send_raw(r#"{"t":"presence","state":5}"#);
    ann.send_raw(format!(r#"{{"t":"presence","state":{{"mood":"{}"}}}}"#, "x".repeat(4096)));
    ann.send(&Order::Fail);
    ann.send(&Order::Panic);
    ann.settle().await;
    ann.send(&Order::Close(4001, String::new()));
    ann.send(&Order::Fail);
    ann.settle().await;
    ann.send_raw("late");
    let counted = counted(&snapshotter);
    for (name, times) in [
        ("roomful_frames_received_total{}", 9),
        ("roomful_frames_dropped_total{reason=bad_frame}", 1),
        ("roomful_frames_dropped_total{reason=bad_message}", 1),
        ("roomful_frames_dropped_total{reason=bad_presence}", 1),
        ("roomful_frames_dropped_total{reason=too_large}", 1),
        ("roomful_frames_dropped_total{reason=handler_failed}", 2),
        ("roomful_frames_dropped_total{reason=closing}", 2),
        ("roomful_handler_failures_total{hook=on_message}", 2),
        ("roomful_connections_closed_total{code=4xxx}", 1),
    ] {
        assert_eq!(count(&counted, name), times, "{name} in {counted:?}");
    }
    assert!(!format!("{counted:?}").contains(ann.id().as_str()));
}

#[tokio::test]
async fn what_is_sent_too_fast_and_what_is_read_too_slowly() {
    let (snapshotter, _guard) = record();
    let limits = Limits::default()
        .grace_ms(0)
        .rate(roomful::Rate { per_second: 1, burst: 2 })
        .outbox_bytes(600)
        .presence_tick_ms(0);
    let room = Scripted { log: Log::default(), gate: Semaphore::new(0).into() };
    let room = TestRoom::new(roomful::RoomExt::limits(room, limits));
    let ann = room.join(stage(), "ann".to_owned()).await;
    let _ben = room.join(stage(), "ben".to_owned()).await;
    for mood in ["one", "two", "three"] {
        ann.set_presence(&shown(mood));
        room.advance(0).await;
    }
    ann.send(&Order::Send("too fast".into()));
    for _ in 0..20 {
        room.at(&stage()).broadcast(&"nobody reads".to_owned()).await.unwrap();
    }
    let counted = counted(&snapshotter);
    for (name, times) in [
        ("roomful_frames_dropped_total{reason=conflated}", 1),
        ("roomful_frames_dropped_total{reason=rate_limited}", 1),
        ("roomful_outbox_overflows_total{}", 2),
    ] {
        assert_eq!(count(&counted, name), times, "{name} in {counted:?}");
    }
    assert!(count(&counted, "roomful_presence_conflated_total{}") > 0, "{counted:?}");
}
