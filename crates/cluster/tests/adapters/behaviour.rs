//! What is asked of every broker.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use roomful_cluster::{Command, ConnectError, SayError};
use roomful_core::NodeId;
use roomful_core::cluster::{Address, Audible};

use crate::node::{Node, ROOM_ENOUGH, Setup, room};

pub(crate) async fn what_is_said_to_one_address_is_heard_once_and_in_order(setup: &Setup) {
    const MESSAGES: usize = 6_000;
    let (mut speaker, mut listener) = (setup.node().await, setup.node().await);
    let addresses = [Address::Everybody, Address::Node(NodeId(7)), Address::Room(room("a"))];
    for address in addresses {
        listener.listen(address).await;
        speaker.listen(address).await;
    }
    for i in 0..MESSAGES {
        let which = i % addresses.len();
        speaker.publish(addresses[which], format!("{which} {i}")).await;
    }
    for node in [&mut listener, &mut speaker] {
        let mut heard: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        while heard.values().map(Vec::len).sum::<usize>() < MESSAGES {
            let text = String::from_utf8(node.next().await.to_vec()).unwrap();
            // The listener also hears that the speaker has begun to listen.
            let Some((which, i)) = text.split_once(' ').filter(|(which, _)| which.len() == 1) else { continue };
            heard.entry(which.parse().unwrap()).or_default().push(i.parse().unwrap());
        }
        for (which, numbers) in heard {
            let due = (0..MESSAGES).filter(|i| i % addresses.len() == which);
            let wrong = numbers.iter().zip(due).find(|(i, due)| *i != due);
            assert_eq!(wrong, None, "in {:?}: what was heard, what was due", addresses[which]);
        }
    }
}

pub(crate) async fn nothing_is_missed_after_a_subscription_was_confirmed(setup: &Setup) {
    let (mut speaker, mut listener) = (setup.node().await, setup.node().await);
    for i in 0..200 {
        let room = room(i);
        listener.open(room, "who is there?").await;
        speaker.publish(Address::Room(room), format!("first word {i}")).await;
        while listener.next().await != format!("first word {i}") {}
    }
}

pub(crate) async fn a_question_is_answered_with_who_hears_it(setup: &Setup) {
    let mut nodes = Vec::new();
    for others in 0..4_u64 {
        let mut node = setup.node().await;
        let due = match others {
            0 => Audible::By(0),
            _ if setup.counts() => Audible::By(others),
            _ => Audible::Somebody,
        };
        let question = format!("question {others}");
        assert_eq!(node.open(room("a"), question.clone()).await, due);
        for node in &mut nodes {
            while Node::next(node).await != question {}
        }
        nodes.push(node);
    }
    let due = if setup.counts() { Audible::By(3) } else { Audible::Known };
    assert_eq!(nodes[0].open(room("a"), "again").await, due, "it has listened all the time");
    assert_eq!(nodes[0].open(room("b"), "another").await, Audible::By(0));
}

pub(crate) async fn of_two_that_open_one_room_at_once_one_hears_the_other(setup: &Setup) {
    const ROOMS: usize = 300;
    let (mut one, mut other) = (setup.node().await, setup.node().await);
    let opens = |mut node: Node, name: &'static str| async move {
        for i in 0..ROOMS {
            node.say(Command::Open(room(i))).await;
            node.say(Command::Ask { room: room(i), envelope: format!("{name} {i}").into() }).await;
        }
        for i in 0..ROOMS {
            node.answer(room(i)).await;
        }
        node
    };
    (one, other) = tokio::join!(opens(one, "one"), opens(other, "other"));
    let mut known = BTreeSet::new();
    while known.len() < ROOMS {
        let (others, envelope) = tokio::select! {
            envelope = one.next() => ("other ", envelope),
            envelope = other.next() => ("one ", envelope),
        };
        let text = String::from_utf8(envelope.to_vec()).unwrap();
        known.extend(text.strip_prefix(others).map(|i| i.parse::<usize>().unwrap()));
    }
}

pub(crate) async fn whoever_unsubscribes_hears_no_more_and_does_not_count(setup: &Setup) {
    let (mut speaker, mut listener) = (setup.node().await, setup.node().await);
    let (a, b) = (room("a"), room("b"));
    listener.open(a, "a?").await;
    listener.open(b, "b?").await;
    listener.say(Command::Unsubscribe(Address::Room(a))).await;
    // Two hops, so that the broker has it: by itself an unsubscription is not confirmed.
    let mut third = setup.node().await;
    while third.open(a, "c?").await != Audible::By(0) {
        third.say(Command::Unsubscribe(Address::Room(a))).await;
        tokio::task::yield_now().await;
    }
    speaker.publish(Address::Room(a), "not for the listener").await;
    speaker.publish(Address::Room(b), "for the listener").await;
    loop {
        let envelope = listener.next().await;
        assert_ne!(envelope, "not for the listener");
        if envelope == "for the listener" {
            break;
        }
    }
    let due = if setup.counts() { Audible::By(1) } else { Audible::Somebody };
    assert_eq!(listener.open(a, "back").await, due, "it listens to it again");
    speaker.publish(Address::Room(a), "for the listener, too").await;
    while listener.next().await != "for the listener, too" {}
}

pub(crate) async fn apps_do_not_hear_each_other(setup: &Setup) {
    let mut ours = setup.node().await;
    let mut theirs = Node::of(setup.broker("other"), ROOM_ENOUGH).await.unwrap();
    ours.listen(Address::Everybody).await;
    theirs.listen(Address::Everybody).await;
    theirs.publish(Address::Everybody, "theirs").await;
    while theirs.next().await != "theirs" {}
    ours.publish(Address::Everybody, "ours").await;
    assert_eq!(ours.next().await, "ours");
}

pub(crate) async fn rubbish_is_heard_as_it_is_and_breaks_nothing(setup: &Setup) {
    let (mut speaker, mut listener) = (setup.node().await, setup.node().await);
    listener.listen(Address::Everybody).await;
    let rubbish: [&[u8]; 6] =
        [b"\r\n", b"\0", b"PUB x 1\r\n\r\n", b"*3\r\n$7\r\n", &[0xff; 300], b"MSG a 1 5\r\nhello\r\n"];
    for bytes in rubbish {
        speaker.publish(Address::Everybody, Bytes::copy_from_slice(bytes)).await;
        // Nothing is nothing: brokers say it when they try something out.
        speaker.publish(Address::Everybody, Bytes::new()).await;
    }
    speaker.publish(Address::Everybody, "a word").await;
    for bytes in rubbish {
        assert_eq!(listener.next().await, bytes);
    }
    assert_eq!(listener.next().await, "a word");
}

pub(crate) async fn what_fits_passes_and_what_does_not_is_refused_at_the_call(setup: &Setup) {
    let (mut speaker, mut listener) = (setup.node().await, setup.node().await);
    let (address, most_bytes) = (Address::Room(room("a")), speaker.link.most_bytes);
    listener.listen(address).await;
    let of = |bytes| Bytes::from(vec![b'x'; bytes]);
    for command in [
        Command::Publish { to: address, envelope: of(most_bytes + 1) },
        Command::Ask { room: room("a"), envelope: of(most_bytes + 1) },
    ] {
        let refused = speaker.try_say(command).await;
        assert_eq!(refused, Err(SayError::TooLarge { bytes: most_bytes + 1, most_bytes }));
    }
    speaker.publish(address, of(most_bytes)).await;
    speaker.publish(address, "a word").await;
    assert_eq!(listener.next().await.len(), most_bytes);
    assert_eq!(listener.next().await, "a word");
}

pub(crate) async fn thousands_of_rooms_are_told_apart(setup: &Setup) {
    const ROOMS: usize = 4_000;
    let (mut speaker, mut listener) = (setup.node().await, setup.node().await);
    for i in 0..ROOMS {
        listener.say(Command::Subscribe(Address::Room(room(i)))).await;
    }
    listener.open(room(ROOMS), "all subscribed?").await;
    for i in 0..ROOMS * 2 {
        speaker.publish(Address::Room(room(i)), format!("{i}")).await;
    }
    let mut heard = BTreeSet::new();
    while heard.len() < ROOMS + 1 {
        let text = String::from_utf8(listener.next().await.to_vec()).unwrap();
        if let Ok(i) = text.parse::<usize>() {
            assert!(i <= ROOMS && heard.insert(i), "{i}");
        }
    }
}

pub(crate) async fn what_is_not_taken_is_bounded_and_counted(setup: &Setup) {
    const FITS: usize = 100 << 10;
    let mut speaker = setup.node().await;
    let mut slow = Node::of(setup.broker("app"), FITS).await.unwrap();
    slow.listen(Address::Everybody).await;
    let mut quick = setup.node().await;
    quick.listen(Address::Everybody).await;
    let mut said = 0;
    while slow.heard.dropped() == 0 {
        speaker.publish(Address::Everybody, vec![b'x'; 1_000]).await;
        assert_eq!(quick.next().await.len(), 1_000, "nobody else notices");
        said += 1;
    }
    // An end comes behind all of it, once there is room for one.
    let (mut heard, mut ends) = (0, 0);
    loop {
        speaker.publish(Address::Everybody, "end").await;
        ends += 1;
        while quick.next().await != "end" {}
        match slow.next().await {
            envelope if envelope == "end" => break,
            envelope => heard += u64::from(envelope.len() == 1_000),
        }
    }
    let dropped = slow.heard.dropped();
    assert!((said - heard..said - heard + ends).contains(&dropped), "{said} said, {heard} heard, {dropped} dropped");
    slow.publish(Address::Everybody, "still here").await;
    while quick.next().await != "still here" {}
}

pub(crate) async fn a_broker_that_is_killed_ends_the_link_and_a_fresh_one_works(setup: &Setup) {
    let (mut one, mut other) = (setup.node().await, setup.node().await);
    for node in [&mut one, &mut other] {
        node.listen(Address::Everybody).await;
        node.open(room("a"), "before").await;
    }
    setup.kill();
    for node in [&mut one, &mut other] {
        node.end.wait().await;
    }
    // Sooner or later it says so; until then it takes what is lost.
    while one.try_say(Command::Publish { to: Address::Everybody, envelope: "lost".into() }).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let gone = Node::of(setup.broker("app"), ROOM_ENOUGH).await.map(|_| ()).expect_err("nobody answers");
    assert!(matches!(gone, ConnectError::NoAnswer { .. }), "{gone}");
    setup.start_again().await;
    let (mut one, mut other) = (setup.node().await, setup.node().await);
    assert_eq!(one.open(room("a"), "after").await, Audible::By(0), "nobody listens for those who are gone");
    other.publish(Address::Room(room("a")), "here").await;
    while one.next().await != "here" {}
}
