//! Whom the app has removed is not back in the next process either.

use std::sync::atomic::Ordering;

use roomful::{Close, MemberId};
use roomful_core::session::SealKey;
use serde_json::Value;

use super::*;

const KICKED: &str = "close 4410 removed";

async fn kick(process: &Process, snapshot: &Value) {
    let member = MemberId::parse(snapshot["self"].as_str().unwrap()).unwrap();
    assert!(process.rooms.at(&Talk { id: "1".into() }).kick(&member, "").await.unwrap());
    process.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_was_kicked_is_told_so_by_whatever_process_there_is_then() {
    for (what, is_away) in [("with a socket", false), ("away", true)] {
        let stage = Stage { key: Some(SealKey::new(b"what the platform has made once")), ..Stage::at(1_000) };
        let mut process = stage.process();
        let (ann, ann_saw) = stage.come(&process, "ann", "").await;
        let (ben, ben_saw) = stage.come(&process, "ben", "").await;
        if is_away {
            ben.end(&Close::LOST, None);
            process.quiet().await;
        }
        kick(&process, &ben_saw).await;
        assert_eq!((stage.barred.len(), stage.held.len(), stage.beside.len()), (1, 0, 1), "{what}");
        for ms in [0, 500, GRACE_MS - 501] {
            process = stage.put_away(process, ms);
            assert_eq!(stage.greeted(&process, "ben", &ben_saw["session"]).await, KICKED, "{what}");
        }
        let (_ann, sees) = stage.back(&process, "ann", &ann_saw["session"], 0).await;
        assert_eq!((&sees["self"], ids(&sees).len()), (&ann_saw["self"], 1), "{what}: nobody else is meant");

        process = stage.put_away(process, 1);
        assert_eq!(stage.barred.len(), 0, "{what}: what is over is dropped");
        let (_ben, sees) = stage.back(&process, "ben", &ben_saw["session"], 0).await;
        assert_ne!(sees["self"], ben_saw["self"], "{what}: its session is over");
        drop(ann);
    }
}

/// A session has two good tokens, after its first return.
#[tokio::test(start_paused = true)]
async fn every_token_of_whoever_was_kicked_is_barred() {
    let stage = Stage::at(1_000);
    let process = stage.process();
    let (_ann, _) = stage.come(&process, "ann", "").await;
    let (ben, first) = stage.come(&process, "ben", "").await;
    ben.end(&Close::LOST, None);
    process.quiet().await;
    let (_ben, second) = stage.back(&process, "ben", &first["session"], 0).await;
    assert_eq!(second["self"], first["self"]);
    let process = stage.put_away(process, 10);
    kick(&process, &second).await;
    let process = stage.put_away(process, 10);
    for snapshot in [first, second] {
        assert_eq!(stage.greeted(&process, "ben", &snapshot["session"]).await, KICKED);
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_is_kept_of_those_who_were_kicked_than_may_be() {
    let stage = Stage::at(1_000);
    let stage = Stage { limits: stage.limits.clone().barred_tokens(2), ..stage };
    let mut process = stage.process();
    let (_ann, _) = stage.come(&process, "ann", "").await;
    let mut tokens = Vec::new();
    for name in ["ben", "cy", "dan"] {
        let (_connection, snapshot) = stage.come(&process, name, "").await;
        kick(&process, &snapshot).await;
        process = stage.put_away(process, 1);
        tokens.push((name, snapshot["session"].clone()));
        assert_eq!(stage.barred.len(), tokens.len().min(2));
    }
    stage.clock.fetch_add(1, Ordering::Relaxed);
    let mut told = Vec::new();
    for (name, token) in &tokens {
        told.push(stage.greeted(&process, name, token).await == KICKED);
    }
    assert_eq!(told, [false, true, true], "the first is forgotten");
    assert_eq!(stage.barred.all().len(), 2);
}
