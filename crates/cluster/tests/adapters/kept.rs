//! What is asked of every broker that keeps what is said.

use std::ops::RangeInclusive;

use bytes::Bytes;
use roomful_cluster::{Command, Kept, Said};
use roomful_core::cluster::{Address, Subject};
use roomful_runtime::{HistoryBounds, Known};
use tokio::time::{Duration, Instant};

use crate::node::{Node, Setup, room};
use crate::server::{Server, Want};

const BOUNDS: HistoryBounds = HistoryBounds { frames: 10_000, bytes: 1 << 20, age_ms: 60_000 };

fn nothing() -> Known {
    Known { epoch: "".into(), seq: 0 }
}

/// A node that listens to the room, and has things kept.
async fn keeper(setup: &Setup, room: Subject) -> Node {
    let mut node = setup.node().await;
    node.link.speaker.begin_history().await.unwrap();
    node.listen(Address::Room(room)).await;
    node
}

async fn append(node: &mut Node, number: u64, (known, bounds): (Known, HistoryBounds), word: impl Into<Bytes>) {
    let (room, until) = (room("a"), Instant::now() + Duration::from_secs(60));
    node.say(Command::Append { room, number, until, known, bounds, word: word.into() }).await;
}

/// The next that is kept, and in which run of numbers.
async fn next(node: &mut Node) -> (Box<str>, Kept) {
    loop {
        if let Said::Kept { epoch, kept, .. } = node.heard.next().await {
            return (epoch, kept);
        }
    }
}

async fn taken(node: &mut Node) -> (u64, Option<u64>) {
    loop {
        if let Said::Taken { number, seq, .. } = node.heard.next().await {
            return (number, seq);
        }
    }
}

async fn read(node: &mut Node, known: Known) -> (Box<str>, (u64, u64), Vec<Kept>) {
    node.say(Command::ReadHistory { room: room("a"), known, bounds: BOUNDS }).await;
    loop {
        if let Said::History { epoch, floor, top, kept, .. } = node.heard.next().await {
            return (epoch, (floor, top), kept);
        }
    }
}

pub(crate) async fn what_is_kept_is_numbered_once_and_heard_in_one_order(setup: &Setup) {
    const EACH: u64 = 300;
    let room = room("a");
    let (mut one, mut other) = (keeper(setup, room).await, keeper(setup, room).await);
    for number in 1..=EACH {
        append(&mut one, number, (nothing(), BOUNDS), format!("one {number}")).await;
        append(&mut other, number, (nothing(), BOUNDS), format!("other {number}")).await;
    }
    let mut all = Vec::new();
    for node in [&mut one, &mut other] {
        let mut heard = Vec::new();
        let mut answered = Vec::new();
        while heard.len() < 2 * EACH as usize || answered.len() < EACH as usize {
            match node.heard.next().await {
                Said::Kept { epoch, kept, .. } => heard.push((epoch, kept)),
                Said::Taken { number, seq, .. } => answered.push((number, seq.unwrap())),
                _ => {}
            }
        }
        assert!(heard.windows(2).all(|two| two[1].1.after == two[0].1.seq && two[0].0 == two[1].0));
        all.push((heard, answered));
    }
    assert_eq!(all[0].0, all[1].0);
    for (name, (heard, answered)) in ["one", "other"].into_iter().zip(&all) {
        let of = |word: &Bytes| Some(std::str::from_utf8(word).unwrap().strip_prefix(name)?.trim().parse().unwrap());
        let its: Vec<(u64, u64)> = heard.iter().filter_map(|(_, kept)| Some((of(&kept.word)?, kept.seq))).collect();
        assert_eq!(its.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=EACH).collect::<Vec<_>>());
        let mut answered = answered.clone();
        answered.sort_unstable();
        assert_eq!(its, answered, "what was answered to {name}");
    }
}

pub(crate) async fn what_was_kept_is_read_from_any_number_on(setup: &Setup) {
    const WORDS: u64 = 700;
    let mut node = keeper(setup, room("a")).await;
    let (epoch, (floor, top), kept) = read(&mut node, nothing()).await;
    assert_eq!((floor, kept.len()), (top, 0));
    for number in 1..=WORDS {
        append(&mut node, number, (nothing(), BOUNDS), vec![b'x'; 900]).await;
    }
    let mut known = Known { epoch: epoch.as_ref().into(), seq: floor };
    let mut pages = 0;
    while known.seq < floor + WORDS {
        let (of, ends, kept) = read(&mut node, known.clone()).await;
        assert_eq!((of, ends), (epoch.clone(), (floor, floor + WORDS)));
        assert!(kept.iter().zip(known.seq + 1..).all(|(kept, seq)| kept.seq == seq && kept.after + 1 == seq));
        assert!(kept.iter().all(|kept| kept.word == vec![b'x'; 900]));
        known.seq = kept.last().unwrap().seq;
        pages += 1;
    }
    assert!(pages > 1, "an answer is bounded");
    let stranger = Known { epoch: "another".into(), seq: floor + WORDS };
    assert_eq!(read(&mut node, stranger).await.2[0].seq, floor + 1, "of another run nothing is known");
}

pub(crate) async fn what_comes_too_late_is_kept_by_nobody(setup: &Setup) {
    let mut node = keeper(setup, room("a")).await;
    let late = Instant::now();
    // A server's clock has milliseconds.
    while late.elapsed() < Duration::from_millis(5) {
        tokio::task::yield_now().await;
    }
    let (room, known, bounds) = (room("a"), nothing(), BOUNDS);
    node.say(Command::Append { room, number: 7, until: late, known, bounds, word: "late".into() }).await;
    assert_eq!(taken(&mut node).await, (7, None));
    append(&mut node, 8, (nothing(), BOUNDS), "in time").await;
    assert_eq!(next(&mut node).await.1.word, "in time");
    assert_eq!(read(&mut node, nothing()).await.2.len(), 1);
}

pub(crate) async fn what_is_kept_is_bounded(setup: &Setup) {
    if setup.forgets_later() {
        return what_is_kept_is_bounded_soon(setup).await;
    }
    let mut node = keeper(setup, room("a")).await;
    let few = HistoryBounds { frames: 5, bytes: 100, age_ms: 60_000 };
    let floor = read(&mut node, nothing()).await.1.0;
    for number in 1..=8 {
        append(&mut node, number, (nothing(), few), vec![b'x'; 10]).await;
    }
    let (_, ends, kept) = read(&mut node, nothing()).await;
    assert_eq!((ends, kept.len()), ((floor + 3, floor + 8), 5), "in number");
    append(&mut node, 9, (nothing(), few), vec![b'y'; 75]).await;
    let (_, ends, kept) = read(&mut node, nothing()).await;
    assert_eq!((ends, kept.len()), ((floor + 6, floor + 9), 3), "in bytes");
    append(&mut node, 10, (nothing(), few), vec![b'z'; 101]).await;
    let (_, ends, kept) = read(&mut node, nothing()).await;
    assert_eq!((ends, kept.len()), ((floor + 10, floor + 10), 0), "and one that is larger than all");
    let brief = HistoryBounds { age_ms: 1, ..few };
    append(&mut node, 11, (nothing(), brief), "brief").await;
    while !read(&mut node, nothing()).await.2.is_empty() {}
    append(&mut node, 12, (nothing(), few), "kept").await;
    let (_, ends, kept) = read(&mut node, nothing()).await;
    assert_eq!((ends, kept.len()), ((floor + 11, floor + 12), 1), "in age");
}

/// JetStream is told what to forget when it has taken something, and keeps the last word of a room for longer.
async fn what_is_kept_is_bounded_soon(setup: &Setup) {
    let mut node = keeper(setup, room("a")).await;
    let few = HistoryBounds { frames: 5, bytes: 100, age_ms: 60_000 };
    let floor = read(&mut node, nothing()).await.1.0;
    for number in 1..=8 {
        append(&mut node, number, (nothing(), few), vec![b'x'; 10]).await;
    }
    until_kept(&mut node, (floor + 8, 5..=5)).await;
    append(&mut node, 9, (nothing(), few), vec![b'y'; 75]).await;
    until_kept(&mut node, (floor + 9, 3..=3)).await;
    append(&mut node, 10, (nothing(), few), vec![b'z'; 101]).await;
    until_kept(&mut node, (floor + 10, 0..=1)).await;
    append(&mut node, 11, (nothing(), few), "one more").await;
    until_kept(&mut node, (floor + 11, 1..=1)).await;
    append(&mut node, 12, (nothing(), few), "and one").await;
    until_kept(&mut node, (floor + 12, 2..=2)).await;
    let brief = HistoryBounds { age_ms: 1, ..few };
    append(&mut node, 13, (nothing(), brief), "brief").await;
    until_kept(&mut node, (floor + 13, 0..=1)).await;
    append(&mut node, 14, (nothing(), few), "kept").await;
    until_kept(&mut node, (floor + 14, 1..=2)).await;
}

/// Until so much is kept, up to that number, and it is known what was let go of.
async fn until_kept(node: &mut Node, (due, count): (u64, RangeInclusive<usize>)) {
    loop {
        let (_, (floor, top), kept) = read(node, nothing()).await;
        let is_whole = kept.first().map_or(floor == top, |first| first.after == floor);
        if top == due && is_whole && count.contains(&kept.len()) {
            return;
        }
    }
}

pub(crate) async fn a_broker_that_forgets_begins_another_run_above_all_that_was_seen(setup: &Setup) {
    let mut node = keeper(setup, room("a")).await;
    append(&mut node, 1, (nothing(), BOUNDS), "before").await;
    let (epoch, kept) = next(&mut node).await;
    let known = Known { epoch: epoch.as_ref().into(), seq: kept.seq };
    setup.forget();
    append(&mut node, 2, (known.clone(), BOUNDS), "after").await;
    let (second, after) = next(&mut node).await;
    assert!(second != epoch && after.seq > kept.seq, "{epoch} {} {second} {}", kept.seq, after.seq);
    let (of, (floor, _), words) = read(&mut node, known).await;
    assert_eq!((of, floor, words), (second.clone(), after.after, vec![after.clone()]));
    // A replica that was behind goes on in the place of one that was not.
    let seen = Known { epoch: second.as_ref().into(), seq: after.seq + 3 };
    append(&mut node, 3, (seen.clone(), BOUNDS), "again").await;
    let (third, again) = next(&mut node).await;
    assert!(third != second && again.seq > seen.seq, "{third} {}", again.seq);
}

pub(crate) async fn a_stream_that_somebody_empties_is_another_run() {
    let setup = Setup::Real(Server::start(Want::jetstream()).await);
    let mut node = keeper(&setup, room("a")).await;
    append(&mut node, 1, (nothing(), BOUNDS), "before").await;
    let (epoch, kept) = next(&mut node).await;
    let Setup::Real(server) = &setup else { return };
    server.empty();
    let known = Known { epoch: epoch.as_ref().into(), seq: kept.seq };
    let (second, (floor, top), words) = read(&mut node, known.clone()).await;
    assert!(second != epoch && floor >= kept.seq && top == floor && words.is_empty(), "{second} {floor} {top}");
    append(&mut node, 2, (known, BOUNDS), "after").await;
    let (of, after) = next(&mut node).await;
    assert_eq!((of, after.seq), (second, top + 1));
}

pub(crate) async fn what_was_kept_is_there_after_the_server_began_anew() {
    let setup = Setup::Real(Server::start(Want::jetstream()).await);
    let mut node = keeper(&setup, room("a")).await;
    append(&mut node, 1, (nothing(), BOUNDS), "before").await;
    let kept = next(&mut node).await;
    taken(&mut node).await;
    setup.kill();
    setup.start_again().await;
    let mut node = keeper(&setup, room("a")).await;
    let (epoch, _, words) = read(&mut node, nothing()).await;
    assert_eq!((epoch, words), (kept.0, vec![kept.1]));
}
