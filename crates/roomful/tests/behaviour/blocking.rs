//! A hook that holds its thread is named, whichever hook it is. Time is what the hooks make it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use http::Request;
use metrics_util::debugging::{DebuggingRecorder, Snapshotter};
use roomful::{BoxFuture, Channel, Close, Conn, Deny, Limits, Result, Room, RoomExt as _, Rooms, Upgrade, UserId};
use roomful_core::Dialect;
use roomful_runtime::{Connection, Host};

use crate::denials::Logged;
use crate::metrics::{count, counted};

/// A clock that only hooks move, and tasks that run when they are told to.
#[derive(Default)]
struct Clock {
    now: AtomicU64,
    random: AtomicU64,
    tasks: Mutex<Vec<BoxFuture<'static, ()>>>,
}

impl Clock {
    fn pass(&self, ms: u64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    /// Polls every task twice: none here waits for more.
    fn run(&self) {
        for _ in 0..2 {
            let tasks = std::mem::take(&mut *self.tasks.lock().unwrap());
            tasks.into_iter().for_each(|task| self.poll(task));
        }
    }

    fn poll(&self, mut task: BoxFuture<'static, ()>) {
        if task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            self.tasks.lock().unwrap().push(task);
        }
    }
}

impl Host for Clock {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.tasks.lock().unwrap().push(task);
    }

    fn start(&self, task: BoxFuture<'static, ()>) {
        self.poll(task);
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn sleep_until(&self, _: u64) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn random(&self) -> u128 {
        self.random.fetch_add(1, Ordering::Relaxed).into()
    }
}

#[derive(Clone, Channel)]
#[channel("desk", message = String, presence = String)]
struct Desk;

/// The hook that its member names blocks, for as long as the test says.
struct Slow {
    clock: Arc<Clock>,
    ms: u64,
    /// Is called while a hook blocks.
    meanwhile: Mutex<Box<dyn FnMut() + Send>>,
}

impl Slow {
    fn hook(&self, hook: &str, slow: &str) {
        if hook == slow {
            self.clock.pass(self.ms);
            (self.meanwhile.lock().unwrap())();
        }
    }
}

impl Room for Slow {
    type Channel = Desk;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Desk>) -> Result<String, Deny> {
        let slow = upgrade.query("slow").unwrap_or_default();
        self.hook("data", &slow);
        Ok(slow)
    }

    fn user(&self, slow: &String) -> Option<UserId> {
        self.hook("user", slow);
        None
    }

    fn presence(&self, conn: &Conn<Self>) -> Option<String> {
        self.hook("presence", &conn.data());
        None
    }

    // Not all of them are `async fn`: what a hook does before it has made a future counts, too.
    fn on_join(&self, conn: &Conn<Self>) -> impl Future<Output = Result> + Send {
        self.hook("on_join", &conn.data());
        if *conn.data() == "teardown" {
            let (clock, ms) = (Arc::clone(&self.clock), self.ms);
            conn.defer(move || clock.pass(ms));
        }
        async { Ok(()) }
    }

    async fn on_presence(&self, conn: &Conn<Self>, state: String) -> Result<Option<String>> {
        self.hook("on_presence", &conn.data());
        Ok(Some(state))
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> Result {
        if msg == "later" {
            tokio::task::yield_now().await;
        }
        self.hook("on_message", &conn.data());
        if *conn.data() == "on_error" { Err(roomful::Error::msg("on purpose")) } else { Ok(()) }
    }

    async fn on_leave(&self, conn: &Conn<Self>) {
        self.hook("on_leave", &conn.data());
    }

    async fn on_error(&self, conn: &Conn<Self>, _: roomful::Error) {
        self.hook("on_error", &conn.data());
    }
}

struct Play {
    rooms: Rooms,
    clock: Arc<Clock>,
}

impl Play {
    fn new(inline: bool, ms: u64, limits: Limits) -> Self {
        Self::with(inline, ms, limits, |_| Box::new(|| {}))
    }

    fn with(
        inline: bool,
        ms: u64,
        limits: Limits,
        meanwhile: impl FnOnce(&Arc<Mutex<Option<Rooms>>>) -> Box<dyn FnMut() + Send>,
    ) -> Self {
        let (clock, built) = (Arc::<Clock>::default(), Arc::new(Mutex::new(None)));
        let meanwhile = Mutex::new(meanwhile(&built));
        let guard_clock = Arc::clone(&clock);
        let slow = Slow { clock: Arc::clone(&clock), ms, meanwhile };
        let slow = slow.guard(move |upgrade: Upgrade<Desk>| {
            let is_slow = upgrade.query("slow").as_deref() == Some("guard");
            guard_clock.pass(if is_slow { ms } else { 0 });
            async { Ok(()) }
        });
        let slow = if inline { slow.inline() } else { slow };
        let rooms = Rooms::new().limits(limits).module("office", |m| m.room("desk", slow)).build().unwrap();
        rooms.platform().start(|| Arc::clone(&clock) as _);
        *built.lock().unwrap() = Some(rooms.clone());
        Self { rooms, clock }
    }

    fn connect(&self, slow: &str) -> Connection {
        let request = Request::get(format!("{}?m=office&s=desk&slow={slow}", self.rooms.path())).body(()).unwrap();
        let connection = self.rooms.platform().read(request.into_parts().0, Dialect::V1).connect();
        self.clock.run();
        connection
    }

    /// A whole life: all hooks run.
    fn live(&self, slow: &str, msg: &str) {
        let mut connection = self.connect(slow);
        connection.receive(format!(r#"{{"t":"msg","msg":"{msg}"}}"#).as_bytes());
        self.clock.run();
        connection.receive(br#"{"t":"presence","state":"here"}"#);
        self.clock.run();
        connection.end(&Close::LOST, None);
        self.clock.run();
    }
}

fn record() -> (Snapshotter, metrics::LocalRecorderGuard<'static>) {
    let recorder: &'static DebuggingRecorder = Box::leak(Box::new(DebuggingRecorder::new()));
    (recorder.snapshotter(), metrics::set_default_local_recorder(recorder))
}

/// How often this hook was counted, and any hook.
fn blocked(snapshotter: &Snapshotter, hook: &str) -> (u64, u64) {
    let counted = counted(snapshotter);
    let all = counted.iter().filter(|(name, _)| name.starts_with("roomful_hooks_blocked_total"));
    let all = all.map(|(_, count)| count).sum();
    (count(&counted, &format!("roomful_hooks_blocked_total{{hook={hook}}}")), all)
}

#[test]
fn whichever_hook_blocks_is_counted_by_its_name_and_no_other_is() {
    let (snapshotter, _guard) = record();
    let hooks = [
        "guard",
        "data",
        "user",
        "presence",
        "on_join",
        "on_presence",
        "on_message",
        "on_error",
        "teardown",
        "on_leave",
    ];
    for inline in [false, true] {
        for hook in hooks {
            Play::new(inline, 100, Limits::default().grace_ms(0)).live(hook, "now");
            assert_eq!(blocked(&snapshotter, hook), (1, 1), "{hook}, inline: {inline}");
        }
        Play::new(inline, 100, Limits::default().grace_ms(0)).live("none", "now");
        assert_eq!(blocked(&snapshotter, "none"), (0, 0));
    }
}

#[test]
fn how_long_a_hook_may_hold_its_thread_depends_on_whose_thread_it_is() {
    let (snapshotter, _guard) = record();
    let defaults = Limits::default;
    let rows = [
        // A task of the runtime.
        (false, "now", 99, defaults(), 0),
        (false, "now", 100, defaults(), 1),
        // A thread of sockets.
        (true, "now", 4, defaults(), 0),
        (true, "now", 5, defaults(), 1),
        // Such a hook has waited, and is a task of the runtime then.
        (true, "later", 99, defaults(), 0),
        (true, "later", 100, defaults(), 1),
        // As the app says.
        (false, "now", 7, defaults().hook_poll_ms(Some(7)), 1),
        (false, "now", 1_000_000, defaults().hook_poll_ms(None), 0),
        (true, "now", 7, defaults().inline_poll_ms(Some(8)), 0),
        (true, "now", 1_000_000, defaults().inline_poll_ms(None), 0),
    ];
    for (inline, msg, ms, limits, times) in rows {
        Play::new(inline, ms, limits).live("on_message", msg);
        assert_eq!(blocked(&snapshotter, "on_message").0, times, "inline: {inline}, {msg}, {ms} ms");
    }
}

#[test]
fn the_log_names_the_room_and_the_hook_once_a_minute() {
    let (logged, _guard) = Logged::start();
    let play = Play::new(false, 20_000, Limits::default().grace_ms(0));
    // At 20, 40, 60, 80 seconds, and so on.
    for _ in 0..5 {
        play.live("on_message", "now");
    }
    let line = |not_logged: u32| {
        format!(
            "WARN a hook has held a thread of the runtime, and whatever else runs there waits: put what blocks into \
             `tokio::task::spawn_blocking` module=\"office\" room=\"desk\" hook=\"on_message\" held_ms=20000 \
             not_logged={not_logged}"
        )
    };
    assert_eq!(logged.take(), [line(0), line(2)]);
    let play = Play::new(true, 6, Limits::default().grace_ms(0));
    play.live("on_message", "now");
    let said = logged.take().concat();
    assert!(said.contains("`.inline()`") && said.contains("held_ms=6"), "{said}");
}

#[test]
fn a_hook_that_never_ends_is_named_while_it_holds_its_thread() {
    let (snapshotter, _guard) = record();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (note, counts) = (Arc::clone(&seen), snapshotter.clone());
    let look = move |rooms: &Arc<Mutex<Option<Rooms>>>| {
        let rooms = Arc::clone(rooms);
        Box::new(move || {
            let rooms = rooms.lock().unwrap().clone().unwrap();
            // As another thread does, while this one is held.
            for _ in 0..2 {
                rooms.platform().look_at_hooks();
                note.lock().unwrap().push(blocked(&counts, "on_message"));
            }
        }) as Box<dyn FnMut() + Send>
    };
    let play = Play::with(false, 100, Limits::default().grace_ms(0), look);
    play.live("on_message", "now");
    assert_eq!(*seen.lock().unwrap(), [(1, 1), (0, 0)], "it is told once");
    assert_eq!(blocked(&snapshotter, "on_message"), (0, 0), "and not again when it ends");
    let play = Play::new(false, 0, Limits::default().grace_ms(0));
    play.live("on_message", "now");
    play.clock.pass(1_000);
    play.rooms.platform().look_at_hooks();
    assert_eq!(seen.lock().unwrap().len(), 2, "nothing runs");
}
