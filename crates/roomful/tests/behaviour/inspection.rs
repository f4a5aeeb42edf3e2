//! What operators may see of rooms, and what it is that they see.

use std::collections::BTreeSet;

use roomful::test::{Event, TestMember};
use roomful::{Close, Limits, Stats};
use roomful_runtime::{FrameKind, Inspection, NoTap, Phase, TapRead};

use crate::metrics::{count, counted, record};
use crate::scripted::{Order, Play, Scripted, shown};

const TOPIC: &str = "scripted/1";

fn inspection(play: &Play) -> Inspection {
    play.room.rooms().platform().inspection()
}

/// What reaches this member before any time passes.
async fn heard(play: &Play, member: &TestMember<Scripted>) -> Vec<String> {
    play.room.advance(0).await;
    std::iter::from_fn(|| member.written()).collect()
}

/// How its connection is closed.
async fn closed(member: &mut TestMember<Scripted>) -> Close {
    loop {
        if let Event::Closed(close) = member.next().await {
            return close;
        }
    }
}

fn phase(inspection: &Inspection, member: &TestMember<Scripted>) -> Option<Phase> {
    inspection.connection(member.id()).map(|connection| connection.phase)
}

#[tokio::test]
async fn the_sums_of_a_room_are_what_its_members_were_sent() {
    let (snapshotter, _guard) = record();
    let play = Play::new();
    let (ann, ben) = (play.join("ann").await, play.join("ben").await);
    ann.send(&Order::Broadcast("to ben".into()));
    ann.send(&Order::BroadcastAll("to both".into()));
    ann.send(&Order::Send("to ann".into()));
    ben.set_presence(&shown("new"));
    play.room.advance(1_000).await;
    let snapshots = [&ann, &ben].map(|member| member.snapshot().to_owned());
    let frames: Vec<_> = [snapshots.to_vec(), heard(&play, &ann).await, heard(&play, &ben).await].concat();
    let inspection = inspection(&play);
    let totals = inspection.room(TOPIC).expect("somebody is in it").totals;
    assert_eq!((totals.received, totals.members, totals.sockets), (4, 2, 2));
    assert_eq!(totals.received_bytes, 22 + 26 + 17 + 14, "of their payloads alone");
    assert_eq!(totals.delivered, frames.len() as u64, "{frames:?}");
    assert_eq!(totals.delivered_bytes, frames.iter().map(String::len).sum::<usize>() as u64);
    assert_eq!(count(&counted(&snapshotter), "roomful_frames_delivered_total{}"), totals.delivered);
    drop((ann, ben));
    assert_eq!(play.room.stats().await, Stats::default());
    assert_eq!((inspection.rooms(), inspection.room(TOPIC)), (Vec::new(), None));
}

#[tokio::test]
async fn where_a_connection_stands_and_what_waits_for_it() {
    let play = Play::with(Limits::default().grace_ms(3_000));
    let (ann, ben) = (play.join("ann").await, play.join("ben").await);
    let inspection = inspection(&play);
    heard(&play, &ann).await;
    heard(&play, &ben).await;
    play.room.advance(2_000).await;
    let idle = inspection.connection(ann.id()).expect("she is there");
    assert_eq!((idle.phase, idle.queued_frames, idle.outbox_bytes), (Phase::Idle, 0, 0));
    assert_eq!((idle.topic.as_deref(), idle.age_ms), (Some(TOPIC), Some(2_000)));
    assert_eq!(idle.endpoint, Some(("test".to_owned(), "room".to_owned())));

    ann.send(&Order::Wait("later".into()));
    play.room.advance(0).await;
    ann.send(&Order::Send("behind it".into()));
    let working = inspection.connection(ann.id()).expect("she is there");
    assert_eq!((working.phase, working.queued_frames, working.queued_bytes), (Phase::Working, 1, 20));
    play.gate.add_permits(1);
    play.room.advance(0).await;
    let slow = inspection.connection(ben.id()).expect("he is there");
    assert!(slow.outbox_bytes > 0, "he has read nothing: {slow:?}");
    assert_eq!(phase(&inspection, &ann), Some(Phase::Idle));

    let id = ben.id().clone();
    drop(ben);
    play.room.advance(1_000).await;
    let away = inspection.connection(&id).expect("he is held");
    assert_eq!((away.phase, away.dialect, away.age_ms), (Phase::Away(2_000), None, None));
    assert_eq!((inspection.process().held, inspection.room(TOPIC).map(|room| room.totals.sockets)), (1, Some(1)));
    play.room.advance(2_000).await;
    assert_eq!((inspection.connection(&id), inspection.process().held), (None, 0));
}

#[tokio::test]
async fn a_page_goes_on_where_the_one_before_it_ended() {
    let play = Play::new();
    let mut members = Vec::new();
    for nth in 0..7 {
        members.push(play.join(&format!("m{nth}")).await);
    }
    let inspection = inspection(&play);
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = inspection.roster(TOPIC, after, 3);
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some(last.place);
        listed.extend(page.into_iter().map(|line| (line.id, line.state, line.connection.is_some())));
    }
    let joined = members
        .iter()
        .map(|member| (member.id().clone(), Some(roomful_core::Json::encode(&shown("fresh")).unwrap()), true));
    assert_eq!(listed, joined.collect::<Vec<_>>(), "in join order");

    let (mut seen, mut after) = (BTreeSet::new(), None);
    loop {
        let (page, last) = inspection.connections(after.as_ref(), 2);
        assert!(page.len() <= 2);
        seen.extend(page.into_iter().map(|connection| connection.id));
        after = last;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, members.iter().map(|member| member.id().clone()).collect());
    assert_eq!(inspection.roster("scripted/2", None, 3), []);
    assert_eq!(inspection.roster("none", None, 3), []);
}

#[tokio::test]
async fn who_reads_slowest_is_found_in_several_looks() {
    let play = Play::new();
    let (ann, ben, cy) = (play.join("ann").await, play.join("ben").await, play.join("cy").await);
    let inspection = inspection(&play);
    ann.send(&Order::BroadcastAll("x".repeat(1_000)));
    play.room.advance(0).await;
    for member in [&ann, &cy] {
        heard(&play, member).await;
    }
    let number = inspection.room(TOPIC).expect("somebody is in it").number;
    let all = inspection.outboxes(None, 100);
    assert!(all.most[&number] > 1_000, "{all:?}");
    assert_eq!(all.next, None);
    let (mut most, mut after, mut looks) = (0, None, 0);
    loop {
        let some = inspection.outboxes(after.as_ref(), 1);
        most = most.max(some.most.get(&number).copied().unwrap_or_default());
        (after, looks) = (some.next, looks + 1);
        if after.is_none() {
            break;
        }
    }
    assert_eq!((most, looks), (all.most[&number], 4), "one each, and one that finds no more");
    heard(&play, &ben).await;
    assert_eq!(inspection.outboxes(None, 100).most.get(&number), None);
}

#[tokio::test]
async fn a_bound_that_was_reached_is_told_with_how_much_was_asked_for() {
    let play = Play::with(Limits::default().presence_bytes(30).message_bytes(40).grace_ms(0));
    let ann = play.join("ann").await;
    let inspection = inspection(&play);
    assert_eq!(inspection.hits(), []);
    ann.set_presence(&shown(&"x".repeat(100)));
    ann.set_presence(&shown(&"x".repeat(50)));
    ann.send(&Order::Broadcast("x".repeat(98)));
    play.room.advance(7).await;
    let hits: Vec<_> =
        inspection.hits().into_iter().map(|hit| (hit.limit, hit.times, hit.bound, hit.most_asked)).collect();
    assert_eq!(hits, [("presence_bytes", 2, 30, Some(111)), ("message_bytes", 1, 40, Some(100))]);
}

#[tokio::test]
async fn a_tap_shows_what_goes_in_and_out_and_payloads_only_where_they_were_asked_for() {
    let play = Play::new();
    let (ann, ben) = (play.join("ann").await, play.join("ben").await);
    let inspection = inspection(&play);
    assert_eq!(inspection.open_tap("scripted/none", true), Err(NoTap::NoRoom));
    assert_eq!(inspection.open_tap("nothing like it", true), Err(NoTap::NoRoom));
    let (hidden, open) = (inspection.open_tap(TOPIC, false).unwrap(), inspection.open_tap(TOPIC, true).unwrap());
    let read = |tap| inspection.read_tap(tap, 0).expect("it is open");
    ann.send(&Order::Broadcast("hello".into()));
    ann.send(&Order::Send("for you".into()));
    play.room.advance(0).await;
    let frames = read(open).frames;
    let shown: Vec<_> = frames.iter().map(|frame| (frame.kind, frame.payload.as_deref(), frame.bytes)).collect();
    assert_eq!(
        shown,
        [
            (FrameKind::SaidByClient, Some(r#"{"Broadcast":"hello"}"#), 21),
            (FrameKind::Message, Some(r#""hello""#), 7),
            (FrameKind::SaidByClient, Some(r#"{"Send":"for you"}"#), 18),
            (FrameKind::Answer, Some(r#""for you""#), 9),
        ]
    );
    assert!(frames.iter().take(3).all(|frame| frame.from.as_ref() == Some(ann.id())));
    assert_eq!(frames[3].to.as_ref(), Some(ann.id()));
    let TapRead { frames, .. } = read(hidden);
    assert_eq!(frames.len(), 4);
    assert!(frames.iter().all(|frame| frame.payload.is_none() && frame.bytes > 0), "{frames:?}");

    let last = frames[3].number;
    drop(ben);
    play.room.advance(0).await;
    let TapRead { frames, is_over, .. } = inspection.read_tap(hidden, last).expect("it is open");
    assert_eq!((frames.len(), frames[0].kind, is_over), (1, FrameKind::Leave, false));
    drop(ann);
    play.room.advance(0).await;
    assert!(read(hidden).is_over, "nobody is in the room");
    assert!(inspection.close_tap(hidden) && !inspection.close_tap(hidden));
    assert_eq!((inspection.read_tap(hidden, 0), inspection.process().taps), (None, 1));
}

#[tokio::test]
async fn more_taps_than_may_be_are_refused_and_counted() {
    let play = Play::with(Limits::default().grace_ms(0).taps(1).tap_idle_ms(1_000));
    let _ann = play.join("ann").await;
    let inspection = inspection(&play);
    inspection.open_tap(TOPIC, false).unwrap();
    assert!(matches!(inspection.open_tap(TOPIC, false), Err(NoTap::TooMany(_))));
    assert_eq!(inspection.hits()[0].limit, "taps");
    play.room.advance(1_001).await;
    assert!(inspection.open_tap(TOPIC, false).is_ok(), "nobody has read the other");
}

#[tokio::test]
async fn who_is_closed_may_be_back_and_who_is_kicked_may_not() {
    let play = Play::with(Limits::default());
    let (mut ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    let inspection = inspection(&play);
    assert!(inspection.close(ann.id()));
    assert_eq!(closed(&mut ann).await.code, 1012);
    play.room.advance(0).await;
    assert!(matches!(phase(&inspection, &ann), Some(Phase::Away(_))), "she is held");
    assert_eq!(ann.resume().await, Ok(true));
    assert_eq!(phase(&inspection, &ann), Some(Phase::Idle));

    assert!(!inspection.kick("scripted/2", ben.id(), "").await.unwrap(), "he is in another room");
    assert!(inspection.kick(TOPIC, ben.id(), "out").await.unwrap());
    assert_eq!(closed(&mut ben).await, Close { code: 4410, reason: "out".into() });
    assert!(!inspection.close(ben.id()) && !inspection.kick(TOPIC, ben.id(), "").await.unwrap());
    assert!(inspection.kick(TOPIC, ann.id(), &"x".repeat(124)).await.is_err(), "no close frame has room for it");
}
