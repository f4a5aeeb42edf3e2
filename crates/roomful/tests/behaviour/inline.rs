//! Rooms and sockets that are `.inline()`: where their hooks run, and that no hook ever runs inside another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use roomful::test::{Event, TestMember, TestRoom};
use roomful::{Channel, Conn, Deny, MemberId, Result, Room, RoomExt as _, Upgrade};
use tokio::sync::Semaphore;

use crate::scripted::Log;

#[derive(Clone, Channel)]
#[channel("desk", message = String, presence = String)]
struct Desk;

/// Notes what it hears, and where a hook runs inside another.
struct Notes {
    log: Log,
    at_work: AtomicBool,
    gate: Arc<Semaphore>,
}

impl Notes {
    fn begin(&self, line: &str) -> AtWork<'_> {
        self.log.note(line);
        if self.at_work.swap(true, Ordering::Relaxed) {
            self.log.note(format!("{line} runs inside another hook"));
        }
        AtWork(&self.at_work)
    }
}

/// What an app would hold a lock for.
struct AtWork<'a>(&'a AtomicBool);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl Room for Notes {
    type Channel = Desk;
    type Data = ();

    async fn data(&self, _: &Upgrade<Desk>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> Result {
        if msg.starts_with("wait") {
            self.gate.acquire().await?.forget();
        }
        let _at_work = self.begin(&msg);
        match msg.split_once(' ') {
            Some(("kick", id)) => {
                let id: MemberId = serde_json::from_value(id.into())?;
                conn.room().kick(&id, "").await?;
                self.log.note("kicked");
                Ok(())
            }
            Some(("close", _)) => {
                conn.close(4000, "")?;
                self.log.note("closed");
                Ok(())
            }
            _ => conn.broadcast(&msg),
        }
    }

    async fn on_leave(&self, _: &Conn<Self>) {
        let _at_work = self.begin("on_leave");
    }
}

struct Play {
    room: TestRoom<Notes>,
    log: Log,
    gate: Arc<Semaphore>,
}

impl Play {
    fn new(inline: bool) -> Self {
        let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
        let notes = Notes { log: log.clone(), at_work: AtomicBool::default(), gate: Arc::clone(&gate) };
        let room = if inline { TestRoom::new(notes.inline()) } else { TestRoom::new(notes) };
        Self { room, log, gate }
    }

    /// A member whose `on_join` has run.
    async fn join(&self) -> TestMember<Notes> {
        let mut member = self.room.join(Desk, ()).await;
        member.settle().await;
        member
    }
}

#[tokio::test]
async fn a_hook_runs_where_its_socket_is_read_only_where_the_room_asked_for_it() {
    for (inline, heard) in [(false, vec![]), (true, vec!["hello"])] {
        let play = Play::new(inline);
        let ann = play.join().await;
        ann.send(&"hello".to_owned());
        assert_eq!(play.log.take(), heard, "inline: {inline}; nothing but the reading has happened yet");
    }
}

#[tokio::test]
async fn a_hook_that_waits_goes_on_elsewhere_and_nothing_overtakes_it() {
    for inline in [false, true] {
        let play = Play::new(inline);
        let (mut ann, mut ben) = (play.join().await, play.join().await);
        ann.settle().await;
        for msg in ["one", "wait", "two"] {
            ann.send(&msg.to_owned());
        }
        ben.send(&"meanwhile".to_owned());
        assert_eq!(ann.next().await, Event::message(&ben, "meanwhile".to_owned()), "inline: {inline}");
        assert!(!play.log.take().contains(&"two".to_owned()), "it waits for the one before");
        play.gate.add_permits(1);
        for msg in ["one", "wait", "two"] {
            assert_eq!(ben.next().await, Event::message(&ann, msg.to_owned()), "inline: {inline}");
        }
        // Nothing is left over of the waiting: the next is handled where it is read again.
        ann.settle().await;
        play.log.take();
        ann.send(&"three".to_owned());
        assert_eq!(play.log.take().len(), usize::from(inline));
    }
}

#[tokio::test]
async fn no_hook_runs_inside_another() {
    for inline in [false, true] {
        let play = Play::new(inline);
        let (mut ann, ben) = (play.join().await, play.join().await);
        ann.settle().await;
        let kick = format!("kick {}", ben.id());
        ann.send(&kick);
        ann.settle().await;
        assert_eq!(play.log.take(), [&kick, "kicked", "on_leave"], "inline: {inline}");
        ann.send(&"close now".to_owned());
        play.room.stats().await;
        assert_eq!(play.log.take(), ["close now", "closed", "on_leave"], "inline: {inline}");
    }
}
