//! What is kept of a member fits where it is kept, whatever becomes of its session.

use serde_json::{Value, json};

use super::*;
use crate::keeper::{KEPT_BYTES, written};

/// Whether a state of so many bytes is taken.
async fn shows(ann: &mut roomful_runtime::Connection, bytes: usize, id: u64) -> bool {
    let frame = json!({ "t": "presence", "state": "x".repeat(bytes), "id": id });
    ann.receive(frame.to_string().as_bytes());
    loop {
        let frame: Value = serde_json::from_str(&written(ann).await).unwrap();
        match frame["t"].as_str() {
            Some("ack") if frame["id"] == id => return true,
            Some("error") if frame["id"] == id => return false,
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn beside_the_largest_state_there_is_room_for_all_that_is_known_of_a_session() {
    let stage = Stage::at(1_000);
    let stage = Stage { limits: stage.limits.clone().presence_bytes(20_000), ..stage };
    let largest =
        || stage.beside.all().iter().chain(&stage.held.all()).map(|kept| kept.to_bytes().unwrap().len()).max();
    let mut process = stage.process();
    let (mut ann, mut snapshot) = stage.come(&process, "ann-until-100000000", "").await;
    let (mut taken, mut refused, mut id) = (10_000, KEPT_BYTES, 0);
    while refused - taken > 1 {
        let bytes = usize::midpoint(taken, refused);
        id += 1;
        match shows(&mut ann, bytes, id).await {
            true => taken = bytes,
            false => refused = bytes,
        }
    }
    assert!(taken > 14_000, "{taken} bytes");
    // Failures that its client may not know of, a loss, and a return in another process: all that a session may have.
    for _ in 0..3 {
        for _ in 0..12 {
            id += 1;
            ann.receive(json!({ "t": "msg", "msg": "fail", "id": id }).to_string().as_bytes());
        }
        // What tells states in time never does here, so it is not quiet.
        while serde_json::from_str::<Value>(&written(&ann).await).unwrap()["id"] != id {}
        assert!(largest().is_some_and(|bytes| bytes <= KEPT_BYTES), "{:?}", largest());
        ann.end(&Close::LOST, None);
        until("held", || (stage.held.len(), stage.beside.len()) == (1, 0)).await;
        assert!(largest().is_some_and(|bytes| bytes <= KEPT_BYTES), "{:?}", largest());
        process = stage.put_away(process, 100);
        let before = snapshot["self"].clone();
        (ann, snapshot) = stage.back(&process, "ann-until-100000000", &snapshot["session"], 0).await;
        assert_eq!(snapshot["self"], before);
        assert!(largest().is_some_and(|bytes| bytes <= KEPT_BYTES), "{:?}", largest());
    }
}
