//! Integers of 64 bits in what is said, shown and counted, over a return: no digit of them changes.

use roomful::test::{Event, TestMember, TestRoom};
use roomful::{AsBigInt, Channel, Conn, Deny, Limits, Result, Room, RoomExt as _, Upgrade};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const GRACE_MS: u64 = 2_000;

#[derive(Clone, Channel)]
#[channel("ledger/:id", message = Booking, presence = Balance)]
struct Ledger {
    id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, roomful::TS)]
struct Booking {
    id: AsBigInt<u64>,
    cents: AsBigInt<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, roomful::TS)]
struct Balance {
    cents: AsBigInt<i64>,
}

const BOOKINGS: [Booking; 4] = [
    Booking { id: AsBigInt(u64::MAX), cents: AsBigInt(i64::MIN) },
    Booking { id: AsBigInt((1 << 53) + 1), cents: AsBigInt(-(1 << 53) - 1) },
    Booking { id: AsBigInt(0), cents: AsBigInt(i64::MAX) },
    Booking { id: AsBigInt(u64::MAX - 1), cents: AsBigInt(0) },
];

struct Ledgers;

impl Room for Ledgers {
    type Channel = Ledger;
    type Data = ();

    async fn data(&self, _: &Upgrade<Ledger>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, booking: Booking) -> Result {
        conn.set_presence(&Balance { cents: booking.cents })?;
        conn.broadcast(&booking)
    }
}

async fn two() -> (TestRoom<Ledgers>, TestMember<Ledgers>, TestMember<Ledgers>) {
    let ledgers = Ledgers.limits(Limits::default().grace_ms(GRACE_MS));
    let room = TestRoom::new(if crate::is_inline() { ledgers.inline() } else { ledgers });
    let (mut ann, ben) =
        (room.join(Ledger { id: "1".into() }, ()).await, room.join(Ledger { id: "1".into() }, ()).await);
    assert_eq!(ann.next().await, Event::join(&ben, None));
    (room, ann, ben)
}

async fn bookings(member: &mut TestMember<Ledgers>) -> Vec<Booking> {
    let events = member.settle().await;
    let said = events.into_iter().filter_map(|event| match event {
        Event::Message { msg, .. } => Some(msg),
        _ => None,
    });
    said.collect()
}

#[tokio::test]
async fn what_was_missed_and_what_was_said_offline_has_each_digit() {
    let (room, mut ann, mut ben) = two().await;
    ben.drop_connection();
    for booking in BOOKINGS {
        ann.send(&booking);
        ben.send(&booking);
    }
    room.advance(0).await;
    assert_eq!(ben.resume().await, Ok(true));
    assert_eq!(ben.members()[0].state, Some(Balance { cents: BOOKINGS[3].cents }));
    assert_eq!(bookings(&mut ben).await, BOOKINGS);
    assert_eq!(bookings(&mut ann).await, BOOKINGS);
}

#[tokio::test]
async fn what_a_client_counts_may_be_as_large() {
    let (room, _ann, ben) = two().await;
    let say = |id: u64| ben.send_raw(json!({ "t": "msg", "msg": BOOKINGS[0], "id": id }).to_string());
    for id in [(1 << 53) + 1, (1 << 53) + 2, u64::MAX - 1] {
        say(id);
        say(id);
        room.advance(0).await;
        room.advance(250).await;
        let acks = std::iter::from_fn(|| ben.written()).map(|frame| serde_json::from_str::<Value>(&frame).unwrap());
        let acks: Vec<_> = acks.filter(|frame| frame["t"] == "ack").map(|frame| frame["id"].clone()).collect();
        assert_eq!(acks, [json!(id)]);
    }
}
