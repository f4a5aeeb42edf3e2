//! A room whose members' sockets are one shard's, all on the thread that calls: nothing runs unless it is told to.
//!
//! The code is the server's own, from the bytes that are read to the bytes that are written. What is missing of a server
//! is tokio's scheduler, which would run the hook, and the kernel's TCP: the sockets are Unix pairs.

mod host;

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use host::ManualHost;
use http::Request;
use roomful::{Channel, Conn, Deny, Limits, Result, Room, Rooms, Upgrade};
use roomful_axum::ManualShard;
use roomful_core::Dialect;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Who hears each frame, besides the one who sends it.
pub(crate) const LISTENERS: usize = 500;

/// A listener's dialect, and whether it takes compressed messages.
pub(crate) type Kind = (Dialect, bool);

#[derive(Clone, Channel)]
#[channel("hall", message = String)]
struct Hall {}

struct Repeater;

impl Room for Repeater {
    type Channel = Hall;
    type Data = ();

    async fn data(&self, _: &Upgrade<Hall>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, said: String) -> Result {
        conn.broadcast(&said)
    }
}

pub(crate) struct World {
    shard: ManualShard,
    host: Arc<ManualHost>,
    speaker: UnixStream,
    listeners: Vec<UnixStream>,
    /// A masked frame with a message of the protocol's.
    frame: Vec<u8>,
}

impl World {
    /// One who speaks v1 and sends messages of so many bytes, and [`LISTENERS`] of these kinds by turns.
    pub(crate) fn new(kinds: &[Kind], message_bytes: usize) -> Self {
        raise_bound_on_files();
        let limits = Limits::default()
            .compress_from_bytes(Some(0))
            // The shard's clock is the real one, and no ping may fall into what is measured.
            .heartbeat_ms(Some(24 * 3_600_000));
        let rooms = Rooms::new().limits(limits).module("bench", |module| module.room("hall", Repeater)).build();
        let rooms = rooms.expect("the definition is right");
        let host = Arc::new(ManualHost::default());
        rooms.platform().start(|| Arc::clone(&host) as _);
        let shard = ManualShard::new().expect("the system has an epoll left");
        let speaker = connect(&rooms, &shard, (Dialect::V1, false));
        let listeners = kinds.iter().cycle().take(LISTENERS).map(|kind| connect(&rooms, &shard, *kind)).collect();
        let mut world = Self { shard, host, speaker, listeners, frame: masked_message(message_bytes) };
        while rooms.stats().members <= LISTENERS {
            world.write();
            // A large room lets in with its tick.
            world.host.advance(1_000);
        }
        world.write();
        world.read_all(|_snapshots_and_joins| {});
        received(&world.speaker);
        world
    }

    /// So many frames arrive.
    pub(crate) fn say(&mut self, frames: usize) {
        // Or the rate limit would hold them back.
        self.host.advance(10 * frames as u64);
        for _ in 0..frames {
            self.speaker.write_all(&self.frame).expect("the shard reads");
        }
    }

    /// The shard reads and decodes them, and each becomes a job of its connection's.
    pub(crate) fn read(&mut self) {
        self.shard.turn().expect("the sockets can be waited for");
    }

    /// The hook runs, and the room gives a frame to the shard for each.
    pub(crate) fn handle(&mut self) {
        self.host.run();
    }

    /// The shard gathers them in a tick, and writes it to everybody.
    pub(crate) fn write(&mut self) {
        self.shard.turn().expect("the sockets can be waited for");
    }

    /// Everybody reads all that has come. Panics unless that is so many frames for each listener, and none for the speaker.
    pub(crate) fn check(&mut self, sent: usize) {
        self.read_all(|received| assert_eq!(frames(received), sent, "everybody hears everything"));
        assert_eq!(frames(&received(&self.speaker)), 0, "nobody hears itself");
    }

    fn read_all(&mut self, look_at: impl Fn(&[u8])) {
        self.listeners.iter().for_each(|listener| look_at(&received(listener)));
        // That the sockets have room again is news for the shard, which would be measured with what comes next.
        self.shard.turn().expect("the sockets can be waited for");
    }
}

/// Two files for a connection are more than a process may have by default.
fn raise_bound_on_files() {
    let mut bound = getrlimit(Resource::Nofile);
    bound.current = bound.maximum;
    setrlimit(Resource::Nofile, bound).expect("what is allowed can be asked for");
}

fn connect(rooms: &Rooms, shard: &ManualShard, (dialect, deflate): Kind) -> UnixStream {
    let (near, far) = UnixStream::pair().expect("two more files can be opened");
    far.set_nonblocking(true).expect("a socket need not block");
    let request = Request::get(format!("{}?m=bench&s=hall", rooms.path())).body(());
    let (parts, ()) = request.expect("the address is right").into_parts();
    shard.serve(near, rooms.platform().read(parts, dialect), deflate).expect("a socket need not block");
    far
}

/// What a client sends: a message of the protocol's, whose value is a string that takes so many bytes.
fn masked_message(bytes: usize) -> Vec<u8> {
    let text = format!(r#"{{"t":"msg","msg":"{}"}}"#, "x".repeat(bytes - 2));
    let key = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = match u8::try_from(text.len()) {
        Ok(short @ 0..126) => vec![0x81, 0x80 | short],
        _ => {
            let [high, low] = u16::try_from(text.len()).expect("messages here are short").to_be_bytes();
            vec![0x81, 0x80 | 126, high, low]
        }
    };
    frame.extend(key);
    frame.extend(text.bytes().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

fn received(mut client: &UnixStream) -> Vec<u8> {
    let mut received = Vec::new();
    match client.read_to_end(&mut received) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => received,
        ended => panic!("the server closed a connection: {ended:?}"),
    }
}

/// How many frames a server's bytes are.
fn frames(mut bytes: &[u8]) -> usize {
    let mut frames = 0;
    while let [_, length, rest @ ..] = bytes {
        let (length, rest) = match (length, rest) {
            (126, [high, low, rest @ ..]) => (usize::from(u16::from_be_bytes([*high, *low])), rest),
            (length, rest) => (usize::from(*length), rest),
        };
        bytes = rest.get(length..).expect("half a frame");
        frames += 1;
    }
    assert!(bytes.is_empty(), "half a frame");
    frames
}
