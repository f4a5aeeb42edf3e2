//! Sessions on a platform that puts its processes away: who is held lies where no socket does, and whatever process comes next
//! goes on with it.

mod places;
mod removed;
mod sizes;
mod stage;

use std::sync::atomic::Ordering;

use roomful::{Close, Limits};
use roomful_core::session::SealKey;
use roomful_runtime::{Act, NotAdmitted};
use serde_json::{Value, json};

use crate::keeper::until;
use stage::*;

#[tokio::test(start_paused = true)]
async fn who_is_held_is_in_the_next_process_and_comes_back_there_as_the_same() {
    let stage = Stage::at(1_000);
    let first = stage.process();
    let (ann, ann_saw) = stage.come(&first, "ann", "").await;
    let (mut ben, ben_saw) = stage.come(&first, "ben", "").await;
    assert_eq!(stage.held.len(), 0, "nothing is written while nobody is away");
    ben.receive(br#"{"t":"presence","id":3,"state":"here"}"#);
    ben.receive(br#"{"t":"msg","id":4,"msg":"fail"}"#);
    first.quiet().await;
    heard(&ann);
    stage.log.take();
    ben.end(&Close::LOST, None);
    first.quiet().await;
    assert_eq!(heard(&ann), [presence(&ben_saw["self"], "away")]);
    assert_eq!((stage.held.len(), stage.beside.len()), (1, 1));
    assert_eq!(stage.alarm.load(Ordering::Relaxed), 1_000 + GRACE_MS);
    let mut second = stage.put_away(first, 500);
    drop((ann, ben));
    assert_eq!(second.rooms.stats().members, 2);
    let listed = second.rooms.at(&Talk { id: "1".into() }).members().await.unwrap();
    let away: Vec<_> = listed.iter().map(|member| (member.away, member.state.clone())).collect();
    assert_eq!(away, [(false, None), (true, Some(json!("here")))]);
    second.only().receive(br#"{"t":"msg","msg":"missed"}"#);
    second.quiet().await;

    let mut third = stage.put_away(second, 1_499);
    let (mut ben, ben_sees) = stage.back(&third, "ben-again", &ben_saw["session"], 0).await;
    for (key, value) in [("self", &ben_saw["self"]), ("epoch", &ben_saw["epoch"])] {
        assert_eq!(&ben_sees[key], value, "{key}");
    }
    assert_eq!((&ben_sees["resumed"], &ben_sees["acked"]), (&json!(false), &json!(4)), "what was said is gone with it");
    assert_eq!(ids(&ben_sees), [&ann_saw["self"], &ben_saw["self"]]);
    assert_ne!(ben_sees["session"], ben_saw["session"]);
    let [error, ack] = &heard(&ben)[..] else { panic!("both are told again") };
    assert_eq!((&error["id"], &error["code"], &ack["id"]), (&json!(4), &json!("handler_failed"), &json!(4)));
    assert_eq!(
        heard(third.only()),
        [json!({"from": ben_saw["self"], "t": "presence", "op": "update", "state": "here"})]
    );
    assert_eq!(stage.log.take(), ["away ben", "ann says \"missed\"", "return ben-again"], "it joined once");
    assert_eq!((stage.held.len(), stage.beside.len()), (0, 2));

    ben.receive(br#"{"t":"msg","id":4,"msg":"again"}"#);
    ben.receive(br#"{"t":"msg","id":5,"msg":"new"}"#);
    third.quiet().await;
    assert_eq!(stage.log.take(), ["ben-again says \"new\""], "4 was received by another process");
    let [ack] = &heard(&ben)[..] else { panic!("it is told at once") };
    assert_eq!((&ack["t"], &ack["id"]), (&json!("ack"), &json!(5)));

    // And once more, with the token that only the process before knows, and on the socket that another process had.
    let fourth = stage.put_away(third, 10 * GRACE_MS);
    drop(ben);
    let (_connection, sees) = stage.back(&fourth, "ben", &ben_sees["session"], 0).await;
    assert_eq!((&sees["self"], &sees["acked"]), (&ben_saw["self"], &json!(5)));
}

#[tokio::test(start_paused = true)]
async fn its_grace_ends_in_whatever_process_there_is_then() {
    for (what, passes_at_once) in
        [("the same process", None), ("another, woken for it", Some(true)), ("and one that is late", Some(false))]
    {
        let stage = Stage { key: Some(SealKey::new(b"what the platform has made once")), ..Stage::at(1_000) };
        let mut process = stage.process();
        let (ann, _) = stage.come(&process, "ann", "").await;
        let (ben, ben_saw) = stage.come(&process, "ben", "").await;
        process.connections.push(ann);
        ben.end(&Close::LOST, None);
        process.quiet().await;
        heard(process.only());
        stage.clock.fetch_add(GRACE_MS - 1, Ordering::Relaxed);
        process.rooms.platform().wake();
        process.quiet().await;
        assert_eq!((process.rooms.stats().members, stage.held.len()), (2, 1), "{what}: not before its time");
        match passes_at_once {
            None => {
                stage.clock.fetch_add(1, Ordering::Relaxed);
                process.rooms.platform().wake();
            }
            Some(at_once) => process = stage.put_away(process, if at_once { 1 } else { 100 * GRACE_MS }),
        }
        until("gone", || process.rooms.stats().members == 1).await;
        process.quiet().await;
        assert_eq!(heard(process.only()), [presence(&ben_saw["self"], "leave")], "{what}");
        assert_eq!(stage.log.take(), ["join ann", "join ben", "away ben", "leave ben"], "{what}");
        assert_eq!((stage.held.len(), stage.beside.len()), (0, 1), "{what}");
        let (_connection, sees) = stage.back(&process, "ben", &ben_saw["session"], 0).await;
        assert_ne!(sees["self"], ben_saw["self"], "{what}: though its seal is good");
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_are_away_the_room_is_there_until_the_last_is_over() {
    let stage = Stage::at(1_000);
    let mut process = stage.process();
    let mut tokens = Vec::new();
    for (name, wait) in [("ann", 300), ("ben", 0)] {
        let (connection, snapshot) = stage.come(&process, name, "").await;
        tokens.push(snapshot["session"].clone());
        connection.end(&Close::LOST, None);
        process.quiet().await;
        process = stage.put_away(process, wait);
    }
    assert_eq!((process.rooms.stats().members, process.rooms.stats().rooms), (2, 1));
    assert_eq!((stage.held.len(), stage.beside.len()), (2, 0));
    process = stage.put_away(process, GRACE_MS - 300);
    until("ann gone", || process.rooms.stats().members == 1).await;
    assert_eq!(stage.alarm.load(Ordering::Relaxed), 1_300 + GRACE_MS, "the next to be woken for");
    let (_connection, sees) = stage.back(&process, "ben", &tokens[1], 0).await;
    assert_eq!(ids(&sees).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_leaves_or_is_kicked_or_may_not_come_back_is_held_no_more() {
    let stage = Stage::at(1_000);
    let mut process = stage.process();
    let (ann, _) = stage.come(&process, "ann", "").await;
    process.connections.push(ann);
    let lost = async |process: &Process| {
        let (ben, snapshot) = stage.come(process, "ben", "").await;
        ben.end(&Close::LOST, None);
        process.quiet().await;
        assert_eq!(stage.held.len(), 1);
        stage.log.take();
        snapshot
    };

    let snapshot = lost(&process).await;
    process = stage.put_away(process, 10);
    let denied = stage.admit("", &format!(", roomful.resume.{}.0", snapshot["session"].as_str().unwrap())).await;
    let Err(NotAdmitted { close, ends: Some(ends) }) = denied else { panic!("it ends what it names") };
    let (topic, act) = *ends;
    assert_eq!((close, topic.as_str()), (Close::FORBIDDEN, "talk/1"));
    let act: Act = serde_json::from_str(&serde_json::to_string(&act).unwrap()).unwrap();
    assert!(!format!("{act:?}").contains(snapshot["session"].as_str().unwrap()), "a log may have it");
    process.rooms.platform().app().act_here(Some(&topic), act).unwrap();
    process.quiet().await;
    assert_eq!((stage.log.take(), stage.held.len()), (vec!["leave ben".to_owned()], 0), "denied");
    assert!(stage.admit("", "").await.is_err_and(|denied| denied.ends.is_none()), "nothing is to be ended");

    let snapshot = lost(&process).await;
    process = stage.put_away(process, 10);
    let member = roomful::MemberId::parse(snapshot["self"].as_str().unwrap()).unwrap();
    assert!(process.rooms.at(&Talk { id: "1".into() }).kick(&member, "").await.unwrap());
    process.quiet().await;
    assert_eq!((stage.log.take(), stage.held.len()), (vec!["leave ben".to_owned()], 0), "kicked");

    let snapshot = lost(&process).await;
    process = stage.put_away(process, 10);
    let (cat, sees) = stage.back(&process, "cat", &snapshot["session"], 0).await;
    assert_ne!(sees["self"], snapshot["self"], "another user");
    assert_eq!(stage.held.len(), 0);
    process.quiet().await;
    let mut told = stage.log.take();
    told.sort();
    assert_eq!(told, ["join cat", "leave ben"]);
    cat.closed_by_client(&Close { code: 1001, reason: "".into() });
    process.quiet().await;
    assert_eq!((stage.log.take(), stage.held.len()), (vec!["leave cat".to_owned()], 0), "a closed tab");
}

#[tokio::test(start_paused = true)]
async fn one_socket_takes_over_from_another_that_an_earlier_process_had() {
    let stage = Stage::at(1_000);
    let process = stage.process();
    let (_ann, ann_saw) = stage.come(&process, "ann", "").await;
    let mut second = stage.put_away(process, 10);
    let (mut newer, sees) = stage.back(&second, "ann-again", &ann_saw["session"], 0).await;
    assert_eq!(sees["self"], ann_saw["self"]);
    assert_eq!(heard(second.only()), [json!([4409, "taken over"])]);
    assert_eq!(stage.beside.len(), 1, "no process is to go on with the older");
    let mut third = stage.put_away(second, 10);
    let only = third.only();
    assert_eq!(only.member().as_str(), sees["self"].as_str().unwrap());
    only.receive(br#"{"t":"msg","id":1,"msg":"hello"}"#);
    third.quiet().await;
    assert_eq!(stage.log.take(), ["join ann", "return ann-again", "ann-again says \"hello\""]);
    newer.receive(br#"{"t":"msg","id":2,"msg":"nobody hears it"}"#);
    assert_eq!(third.rooms.stats().members, 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_process_ended_over_is_told_to_have_failed_and_is_not_handled_twice() {
    let stage = Stage::at(1_000);
    let first = stage.process();
    let (mut ann, ann_saw) = stage.come(&first, "ann", "").await;
    ann.receive(br#"{"t":"msg","id":1,"msg":"one"}"#);
    first.quiet().await;
    ann.receive(br#"{"t":"msg","id":2,"msg":"hang"}"#);
    until("begun", || stage.log.take().iter().any(|line| line.contains("hang"))).await;
    // It crashes: what it still had to do is not done.
    let second = stage.put_away(first, 10);
    let (mut ann, sees) = stage.back(&second, "ann", &ann_saw["session"], 0).await;
    assert_eq!((&sees["self"], &sees["acked"]), (&ann_saw["self"], &json!(2)));
    let [error, ack] = &heard(&ann)[..] else { panic!("both are told") };
    assert_eq!((&error["id"], &error["code"], &ack["id"]), (&json!(2), &json!("handler_failed"), &json!(2)));
    ann.receive(br#"{"t":"msg","id":2,"msg":"hang"}"#);
    second.quiet().await;
    assert_eq!(stage.log.take(), ["return ann"]);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_was_written_a_seal_says_who_it_was() {
    let key = || Some(SealKey::new(b"what the platform has made once"));
    let stage = Stage { key: key(), ..Stage::at(1_000) };
    let first = stage.process();
    let (_ann, ann_saw) = stage.come(&first, "ann", "").await;
    let (ben, ben_saw) = stage.come(&first, "ben", "").await;
    ben.end(&Close::LOST, None);
    first.quiet().await;
    // Every socket ends at once with its process. What was held before that still is.
    let fresh = Stage { key: key(), held: stage.held.clone(), ..Stage::at(1_500) };
    let second = fresh.process();
    assert_eq!(second.rooms.stats().members, 1);
    let (_ann, ann_sees) = fresh.back(&second, "ann", &ann_saw["session"], 0).await;
    assert_eq!((&ann_sees["self"], &ann_sees["acked"]), (&ann_saw["self"], &Value::Null));
    assert_eq!(ids(&ann_sees), [&ann_saw["self"], &ben_saw["self"]], "where it stood");
    let (_ben, ben_sees) = fresh.back(&second, "ben", &ben_saw["session"], 0).await;
    assert_eq!((&ben_sees["self"], &ben_sees["acked"]), (&ben_saw["self"], &json!(0)));
    assert_eq!(fresh.log.take(), ["join ann", "return ben"]);
}

#[tokio::test(start_paused = true)]
async fn a_room_without_a_grace_holds_nobody() {
    let stage = Stage { limits: Limits::default().grace_ms(0), ..Stage::at(1_000) };
    let process = stage.process();
    let (ann, snapshot) = stage.come(&process, "ann", "").await;
    assert_eq!(snapshot["session"], Value::Null);
    ann.end(&Close::LOST, None);
    process.quiet().await;
    assert_eq!((stage.held.len(), stage.beside.len(), stage.alarm.load(Ordering::Relaxed)), (0, 0, 0));
    assert_eq!(stage.log.take(), ["join ann", "leave ann"]);
}

/// Whatever process there is then.
#[tokio::test(start_paused = true)]
async fn what_expires_is_asked_for_once_and_closed_in_time() {
    let window = Limits::default().refresh_window_ms;
    for is_put_away in [false, true] {
        let stage = Stage::at(0);
        let mut process = stage.process();
        let (ann, _) = stage.come(&process, "ann-until-100000", "").await;
        process.connections.push(ann);
        for (at, told) in [
            (100_000 - window - 1, None),
            (100_000 - window, Some(json!({ "t": "auth" }))),
            (100_000, None),
            (100_000 + window - 1, None),
            (100_000 + window, Some(json!([4401, "credentials expired"]))),
        ] {
            if is_put_away {
                process = stage.put_away(process, 0);
            }
            stage.clock.store(at, Ordering::Relaxed);
            process.rooms.platform().wake();
            tokio::task::yield_now().await;
            process.quiet().await;
            let heard = heard(&process.connections[0]);
            assert_eq!(heard, Vec::from_iter(told), "at {at}, put away: {is_put_away}");
        }
    }
}
