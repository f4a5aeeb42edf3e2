//! The orderly end of a process.

use crate::scripted::{Play, stage};
use roomful::test::Event;
use roomful::{Close, Drain};

#[tokio::test]
async fn every_client_is_told_when_to_return_and_new_ones_are_refused() {
    let play = Play::new();
    let mut members = vec![play.join("ann").await, play.join("ben").await, play.join("cy").await];
    let drain = Drain::default().first_retry_ms(100).returns_per_second(10);
    let everybody = async {
        let mut closes = Vec::new();
        for mut member in members.drain(..) {
            let close = loop {
                match member.next().await {
                    Event::Closed(close) => break close,
                    Event::Leave { id } => panic!("{id} will be back, so nobody hears that it leaves"),
                    _ => {}
                }
            };
            closes.push(close);
        }
        play.room.advance(0).await;
        closes.sort_by_key(|close| close.reason.to_string());
        closes
    };
    let (ended, closes) = tokio::join!(play.room.rooms().drain(&drain), everybody);
    assert!(ended, "nothing runs any more");
    assert_eq!(closes, [200, 300, 400].map(Close::restarting));
    assert_eq!(play.room.stats().await, roomful::Stats::default());

    let request = http::Request::get("/?name=late").body(()).unwrap();
    let refused = play.room.connect(&stage(), request).await.err().unwrap();
    assert_eq!(refused, Close::restarting(400));
}
