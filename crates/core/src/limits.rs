//! Every bound there is, in one place.

use crate::rate::Rate;

/// Writes the struct, its defaults and a setter for each bound from one list.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $default:expr;)+) => {
        /// What a peer, a room and the process may use, each with its default.
        ///
        /// Each field has a method of its name, which sets it:
        ///
        /// ```
        /// # use roomful_core as roomful;
        /// use roomful::Limits;
        ///
        /// let limits = Limits::default().frame_bytes(1 << 20).members(500);
        /// assert_eq!((limits.frame_bytes, limits.key_bytes), (1 << 20, 4096));
        /// ```
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $name: $type,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl Limits {
            $(
                #[doc = concat!("Sets [`", stringify!($name), "`](Limits#structfield.", stringify!($name), ").")]
                #[must_use]
                pub fn $name(mut self, $name: $type) -> Self {
                    self.$name = $name;
                    self
                }
            )+
        }
    };
}

limits! {
    /// One WebSocket message from a client, in bytes. 64 KiB: chat and cursors fit a hundred times; a file does not
    /// belong here. Over it: close 1009.
    frame_bytes: usize = 64 << 10;

    /// One value of a room's key, decoded, in bytes. 1 KiB: a key names a thing, it does not hold one. Over it: 4403.
    key_value_bytes: usize = 1 << 10;

    /// The whole `r` parameter, decoded, in bytes. 4 KiB: well under what proxies take in a request line. Over it: 4403.
    key_bytes: usize = 4 << 10;

    /// One presence state, encoded, in bytes. 4 KiB: every member holds every other's. Over it: an error to its sender,
    /// the old state stays.
    presence_bytes: usize = 4 << 10;

    /// One message from the app (`send`, `broadcast`), encoded, in bytes. 1 MiB. Over it: an error to the caller.
    message_bytes: usize = 1 << 20;

    /// Members of one room. 10,000: a snapshot of that many cursors is about a megabyte. Over it: close 4429.
    members: usize = 10_000;

    /// Members up to which a room lets in and tells of everyone who comes or goes at once. 100: what a page shows as faces.
    /// In a larger one, whoever comes or goes within a `presence_tick_ms` of another is let in and told of with all the
    /// others of that tick: at once, a thousand who come together would be half a million frames.
    announce_at_once: usize = 100;

    /// Bytes of snapshots that a larger room gives out in one tick, to at least one who waits. 32 MiB: they are all in
    /// memory until they are read; two thousand who come to one room are in within half a second.
    admission_bytes: usize = 32 << 20;

    /// Rooms in this process. 100,000. Over it: close 1013.
    rooms: usize = 100_000;

    /// Connections in this process. 100,000. Over it: close 1013.
    connections: usize = 100_000;

    /// Bytes that wait for one client to read them. 1 MiB: seconds of a busy room. A single frame always fits into an
    /// empty outbox. Over it: close 1013.
    outbox_bytes: usize = 1 << 20;

    /// Bytes that wait for one thread of sockets, each frame counted once however many receive it. 64 MiB: what the kernel
    /// takes for five hundred receivers in a few seconds. Over it: an error to whoever sends, and presence waits.
    transport_bytes: usize = 64 << 20;

    /// Frames of one connection that wait for its handler. 64; when it is full that socket is not read.
    handler_queue: usize = 64;

    /// Bytes of payload that wait for one connection's handler. 256 KiB; when it is over, that socket is not read.
    handler_queue_bytes: usize = 256 << 10;

    /// Frames of one connection that are kept while its guards, its data and its seed are being found. 32; when it is
    /// full that socket is not read.
    early_frames: usize = 32;

    /// Frames of one connection. 256 a second with a burst of 512: four cursors' worth. Over it: not handled, and a
    /// presence state is conflated.
    rate: Rate = Rate { per_second: 256, burst: 512 };

    /// Frames of one connection that are not frames (v1). 1 a second with a burst of 64. Over it: close 4400.
    bad_frame_rate: Rate = Rate { per_second: 1, burst: 64 };

    /// Milliseconds between two pings. 25,000: under the 30 to 60 seconds after which proxies cut an idle connection. A
    /// connection from which nothing is heard for two of them is closed 1001.
    heartbeat_ms: u64 = 25_000;

    /// Milliseconds that a peer has to take the close frame and to answer it; its member has left long before. 30,000: a
    /// phone that comes out of a tunnel still learns why. Over it: the socket is dropped.
    close_timeout_ms: u64 = 30_000;

    /// Milliseconds that a closed connection stays in the roster while messages that it sent before are still being
    /// handled. 2,000: what was said is heard before the leave; a handler that hangs makes no ghost.
    leave_timeout_ms: u64 = 2_000;

    /// Milliseconds for which messages to a room are gathered after it was sent one. 0: each goes out as soon as it can.
    /// With 10, the first goes out at once and those of the next ten milliseconds together, which halves the cost of a
    /// busy room. What is for one member alone does not wait.
    broadcast_window_ms: u64 = 0;

    /// Messages to a room of at least this many bytes are compressed, once for all members whose client offered
    /// permessage-deflate. `None`: nothing is compressed. Under 128 bytes nothing ever is: it would grow. It pays where
    /// bandwidth costs more than the server's time: 1 KiB of JSON becomes a third and takes 10 µs. Presence is compressed
    /// where a tick holds several states, for clients that speak v1.
    compress_from_bytes: Option<usize> = None;

    /// Milliseconds between two presence frames of a busy room. 33: thirty a second, what an eye wants of a cursor.
    presence_tick_ms: u64 = 33;

    /// Bytes a second that one room may spend on presence, all its receivers together. 1 GiB: what a network of 10 Gbit/s
    /// takes, and what five hundred cursors at thirty a second come to (500 frames of up to 140 bytes to 500 receivers,
    /// each tick). In a larger room the tick grows so that this holds, up to a second: more would only wait in sockets.
    presence_bytes_per_second: u64 = 1 << 30;
}
