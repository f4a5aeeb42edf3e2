//! What can be wrong with feeds and live values.

use roomful::{
    Channel, Deny, Feed, FeedExt as _, Limits, Live, LiveExt as _, LiveFor, LiveForExt as _, Result, Rooms, Upgrade,
    needs,
};

use super::{Answers, Board, Cursors, mistakes};

#[derive(Clone, Channel)]
#[channel("board/:any*", event = u8)]
struct AnyBoard {
    any: Option<String>,
}

macro_rules! feed {
    ($feed:ident, $channel:ident) => {
        struct $feed;

        impl Feed for $feed {
            type Channel = $channel;
            type Data = ();
            async fn data(&self, _: &Upgrade<$channel>) -> Result<(), Deny> {
                Ok(())
            }
        }
    };
}
feed!(Activity, Board);
feed!(All, AnyBoard);

struct Count;

impl Live for Count {
    type Channel = Board;
    type Value = usize;
    async fn load(&self, _: &Board) -> Result<usize> {
        Ok(0)
    }
}

struct Own;

impl LiveFor for Own {
    type Channel = Board;
    type Data = String;
    type Value = usize;
    async fn data(&self, _: &Upgrade<Board>) -> Result<String, Deny> {
        Err(Deny::forbidden())
    }
    async fn load_for(&self, _: &Board, _: &String) -> Result<usize> {
        Ok(0)
    }
}

async fn anybody<K>(_: Upgrade<K>) -> Result<(), Deny> {
    Ok(())
}

#[test]
fn a_room_a_feed_and_live_values_may_have_one_channel() {
    let rooms = Rooms::new().module("board", |m| {
        let m = m.room("cursors", Cursors).socket("answers", Answers).feed("activity", Activity.guard(anybody));
        m.live("count", Count.guard(anybody)).live_for("own", Own.guard(anybody))
    });
    assert_eq!(mistakes(rooms.build()), [""; 0]);
}

#[test]
fn two_feeds_that_have_one_audience_say_so() {
    let both = |first, second| Rooms::new().module("m", |m| m.feed("activity", first).feed("all", second)).build();
    let said = "feeds `m/activity` on `board/:boardId` and `m/all` on `board/:any*` can have one key, and what is published for \
                it reaches those who listen to either, whatever their guards: give one another pattern, or both \
                `.shares_channel()` if that is meant";
    let alone = || Activity.limits(Limits::default());
    assert_eq!(mistakes(both(alone(), All.limits(Limits::default()))), [said]);
    assert_eq!(mistakes(both(Activity.shares_channel(), All.limits(Limits::default()))), [said]);
    assert_eq!(mistakes(both(Activity.shares_channel(), All.shares_channel())), [""; 0]);
}

#[test]
fn what_is_listened_to_is_checked_as_rooms_are() {
    let rooms = Rooms::new()
        .module("m", |m| m.room("x", Cursors).feed("x", Activity).live("x", Count))
        .module("other", |m| m.live("count", Count.limits(Limits::default().load_timeout_ms(0))))
        .module("needs", |m| m.guard(needs(["boardId", "teamId"], anybody)).live_for("own", Own));
    assert_eq!(
        mistakes(rooms.build()),
        [
            "module `m` has a room and a feed named `x`: rename one",
            "module `m` has a room and a live value named `x`: rename one",
            "module `m` has a feed and a live value named `x`: rename one",
            "the limits of `other/count`: `load_timeout_ms` is 0: write a number from 1 to 3600000",
            "a guard of `needs/own` needs the param `teamId`, which `board/:boardId` does not have: add it there, or put \
             the guard around those alone that have it",
        ]
    );
}
