//! Every bound there is, in one place.

use std::ops::RangeInclusive;

use crate::History;
use crate::bound::{Bound as _, LimitError, Scope, of_the_process, out_of_range};
use crate::rate::Rate;

/// Milliseconds of a second: in a large room who comes waits for a tick, and a client waits ten seconds for its first frame.
pub const SECOND_MS: u64 = 1_000;

/// Milliseconds of a minute.
pub const MINUTE_MS: u64 = 60 * SECOND_MS;

/// Milliseconds of an hour.
pub const HOUR_MS: u64 = 60 * MINUTE_MS;

/// Milliseconds of a day. A time that is longer is a mistake in the unit, and no app's wish.
pub const DAY_MS: u64 = 24 * HOUR_MS;

/// The most of anything that is counted: a thousand million.
pub const COUNT: u64 = 1 << 30;

/// The most bytes that one message, or what waits for one connection, may have: 1 GiB.
pub const BYTES: u64 = 1 << 30;

/// The most bytes that what is shared by many may have, or that go in a second: 1 TiB.
pub const SHARED_BYTES: u64 = 1 << 40;

/// Frames a second: more than a thread can read.
pub const FRAMES: u64 = 1_000_000;

/// Writes the struct, its defaults, a setter for each bound, and the check of all of them, from one list. Behind the default
/// stands whose bound it is, a room's or the process's, and what it may be: there is no field without.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $default:expr, $scope:ident $range:expr;)+) => {
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
        ///
        /// `build()` names each that cannot be meant, and says what may be.
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct Limits {
            $(
                $(#[doc = $doc])+
                #[doc = concat!("\n\nIt may be `", stringify!($range), "`.")]
                pub $name: $type,
            )+

            /// Where the room's messages are numbered and kept for who comes back. At each node: a word to members of the same node takes no
            /// way over the network, and the broker may be gone. A choice and no bound, so it has no range; it is the room's.
            pub history: History,
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ history: History::Node }
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

            /// Sets [`history`](Limits#structfield.history).
            #[must_use]
            pub fn history(mut self, history: History) -> Self {
                self.history = history;
                self
            }

            /// Every bound that cannot be meant, in the order of the fields.
            #[must_use]
            pub fn mistakes(&self) -> Vec<LimitError> {
                [$(out_of_range(stringify!($name), &self.$name, &($range)),)+].concat()
            }

            /// The same for limits of a room's own in an app that has these.
            #[must_use]
            pub fn mistakes_within(&self, app: &Self) -> Vec<LimitError> {
                let default = Self::default();
                [$(
                    match Scope::$scope {
                        Scope::Room => out_of_range(stringify!($name), &self.$name, &($range)),
                        Scope::Process => {
                            of_the_process(stringify!($name), &self.$name, &app.$name, &default.$name)
                        }
                    },
                )+].concat()
            }

            /// The names of all bounds and what each may be, for tests that try each.
            #[doc(hidden)]
            pub const BOUNDS: &[(&str, RangeInclusive<u64>)] = &[$((stringify!($name), $range),)+];

            /// Sets a bound by its name, for tests that try each; `None` switches off what can be.
            #[doc(hidden)]
            pub fn put(&mut self, name: &str, number: Option<u64>) {
                $(
                    if name == stringify!($name) {
                        self.$name.put(number);
                    }
                )+
            }
        }
    };
}

limits! {
    /// One WebSocket message from a client, in bytes. 64 KiB: chat and cursors fit a hundred times; a file does not
    /// belong here. A client's ping has 12. Over it: close 1009.
    frame_bytes: usize = 64 << 10, Room 16..=BYTES;

    /// One value of a room's key, decoded, in bytes. 1 KiB: a key names a thing, it does not hold one. Over it: 4403.
    key_value_bytes: usize = 1 << 10, Room 1..=BYTES;

    /// The whole `r` parameter, decoded, in bytes. 4 KiB: well under what proxies take in a request line. Over it: 4403.
    key_bytes: usize = 4 << 10, Room 2..=BYTES;

    /// The credentials that a client gives, as text, in bytes. 8 KiB: a token with its claims, and with what the encoding adds
    /// still under the 16 KiB that servers take as the head of a request. Over it: 4403.
    credentials_bytes: usize = 8 << 10, Room 0..=BYTES;

    /// Milliseconds before a connection's data expires at which a v1 client is asked for new credentials, or at half of what
    /// is left where that is less; and as many after that for which it may still give them. 25,000: a page in the background
    /// runs its timers once a second, and a client that has lost its network for a moment is back by then. Over it: close 4401.
    refresh_window_ms: u64 = 25_000, Room 1..=DAY_MS;

    /// One presence state, encoded, in bytes. 4 KiB: every member holds every other's. Over it: an error to its sender,
    /// the old state stays.
    presence_bytes: usize = 4 << 10, Room 1..=BYTES;

    /// What the server says of one member (`Room::info`), encoded, in bytes. 1 KiB: a name, the address of a picture, a role;
    /// every member holds every other's, and each snapshot has all of them. Over it: an error to the caller, the old info stays;
    /// a member that would join with it is closed 1011.
    info_bytes: usize = 1 << 10, Room 1..=BYTES;

    /// One message from the app (`send`, `broadcast`), encoded, in bytes. 1 MiB. Over it: an error to the caller.
    message_bytes: usize = 1 << 20, Room 1..=BYTES;

    /// Milliseconds for which a member that lost its socket keeps its place, and may come back to it. 30 s: a tunnel, a lift, a network
    /// that changes, and a restart; longer, and those are listed who are gone. 0: it leaves at once. For v1 clients, which know that
    /// they may; over it: it leaves. Held members count among `members` and `connections`, and where one of these is reached a
    /// newcomer takes the place of who has been away the longest.
    grace_ms: u64 = 30_000, Room 0..=HOUR_MS;

    /// Milliseconds for which a token is good in a process that did not give it, where both have one secret
    /// (`Rooms::secret`). A week: longer than most connections last, and a token comes with each. Over it,
    /// who presents it is a new member. 0: no token is good there.
    seal_ms: u64 = 7 * DAY_MS, Room 0..=365 * DAY_MS;

    /// Messages that a room keeps for who comes back, as long as a member is held and ten seconds more. 1,024: a busy chat's in
    /// that time. Over it the oldest is let go of, and who missed that is told so.
    log_frames: usize = 1_024, Room 0..=COUNT;

    /// Bytes of those messages. 512 KiB: half of what may wait for one client, so that all of it can be sent to one that comes
    /// back. Over it: as with `log_frames`.
    log_bytes: usize = 512 << 10, Room 0..=BYTES;

    /// Bytes of what all rooms of the process keep so, with what that takes beside. 256 MiB: five hundred busy rooms' worth. Over
    /// it a room where something is said lets go of its oldest.
    logs_bytes: usize = 256 << 20, Process 0..=SHARED_BYTES;

    /// Members of the process that are held without a connection. 100,000: as many as there may be `connections`, where all of
    /// them are cut off at once. Over it who has been away the longest leaves.
    held_members: usize = 100_000, Process 0..=COUNT;

    /// Tokens of members that were kicked which the process remembers for their grace, so that who presents one is told that it was
    /// removed. 20,000: two each of ten thousand. Over it the oldest is forgotten, and who presents that becomes somebody new.
    barred_tokens: usize = 20_000, Process 0..=COUNT;

    /// Members of one room. 10,000: a snapshot of that many cursors is about a megabyte. Over it: close 4429.
    members: usize = 10_000, Room 1..=COUNT;

    /// Members up to which a room lets in and tells of everyone who comes or goes at once. 100: what a page shows as faces.
    /// In a larger one, whoever comes or goes within a `presence_tick_ms` of another is let in and told of with all the
    /// others of that tick: at once, a thousand who come together would be half a million frames.
    announce_at_once: usize = 100, Room 0..=COUNT;

    /// Bytes of snapshots that a larger room gives out in one tick, to at least one who waits. 32 MiB: they are all in
    /// memory until they are read; two thousand who come to one room are in within half a second.
    admission_bytes: usize = 32 << 20, Room 0..=SHARED_BYTES;

    /// Rooms in this process. 100,000. Over it: close 1013.
    rooms: usize = 100_000, Process 1..=COUNT;

    /// Feeds and live values in this process, each counted by its key: those that somebody listens to, and those whose log is kept for
    /// who comes back. 100,000: as many as `rooms`. Over it the one that nobody has listened to for the longest is forgotten, and
    /// where somebody listens to each: close 1013.
    feeds: usize = 100_000, Process 1..=COUNT;

    /// Connections in this process: those that are being let in, and those that are in. 100,000. Over it: 503 before the
    /// handshake, which costs nothing.
    connections: usize = 100_000, Process 1..=COUNT;

    /// Connections in this process from one address, until the last hook of each has run. `None`: as many as come; many people
    /// may be behind one address, and behind a proxy that is not named in `trusted_proxies` everybody is. Of IPv6 each /64 is
    /// one address, because that is what one household has. Over it: 503, as with `connections`.
    connections_per_ip: Option<usize> = None, Process 1..=COUNT;

    /// Connections in this process of one user, as `Room::user` names it, in all rooms. `None`: as many as come; a user may have many
    /// tabs. One whose end has come counts no more, and one that is held without a connection makes room for another. Over it: close
    /// 4429, after which a client stays away.
    connections_per_user: Option<usize> = None, Process 1..=COUNT;

    /// Milliseconds for which a user whose last member has left a room is still there, before `Room::on_user_leave` runs. 2,000: a
    /// page that is loaded anew, or another page of the same app, is back by then. 0: it has gone at once.
    user_linger_ms: u64 = 2_000, Room 0..=HOUR_MS;

    /// Users in this process who are still there for `user_linger_ms`, each in one room. 100,000: everybody who is connected may
    /// leave at once. Over it: the one that has the least of its time left has gone before that.
    lingering_users: usize = 100_000, Process 0..=COUNT;

    /// Connections of this process that have left while a hook of theirs still runs, their last ones included, and users that
    /// have gone of whom `on_user_leave` has not run to its end. 10,000: most need a moment; more of them means that the app is
    /// behind. Over it: 503 to whoever comes, as with `connections`.
    departed: usize = 10_000, Process 1..=COUNT;

    /// Sockets that were not let in and wait for their peer's close frame. 1,000: whoever is denied has no right to more of
    /// the process. Over it: the one that has waited longest is dropped.
    refused_sockets: usize = 1_000, Process 0..=COUNT;

    /// Milliseconds that a peer which was not let in has to take the close frame and to answer it. 2,000: a few round trips of
    /// a slow network. Over it: the socket is dropped.
    refused_close_timeout_ms: u64 = 2_000, Room 1..=HOUR_MS;

    /// Sockets of connections that were let in, have ended, and wait for their peer's close frame. 10,000: as many as
    /// a drain closes in a second. Over it: the one that has waited longest is dropped.
    closing_sockets: usize = 10_000, Process 0..=COUNT;

    /// Milliseconds that a message from a client has to come whole, from its first byte. 30,000: 64 KiB in that time is two
    /// KiB a second, which the slowest phone sends; with larger messages set more. Time in which the server does not read does
    /// not count, up to ten times this. Over it: close 1008.
    message_timeout_ms: u64 = 30_000, Room 100..=DAY_MS;

    /// Bytes that wait for one client to read them. 1 MiB: seconds of a busy room. What is about to be written counts, the
    /// rest of one large frame as half of this at most, so that who reads a snapshot is not lost to what comes behind it. A
    /// single frame always fits into an empty outbox. Over it: close 1013.
    outbox_bytes: usize = 1 << 20, Room 1..=BYTES;

    /// Milliseconds that a client may take nothing of what waits for it. 60,000: a phone in a tunnel, and the pause after
    /// which its network tries again. Over it: close 1013.
    reader_timeout_ms: u64 = 60_000, Room 100..=DAY_MS;

    /// Bytes that a client takes each second, on average, of what waits for it: so many give it a second more, up to
    /// `reader_timeout_ms`. 1 KiB: a fifth of what the slowest phone network brings; a byte now and then keeps
    /// nobody. 0: any byte is enough.
    reader_bytes_per_second: u64 = 1 << 10, Room 0..=BYTES;

    /// Bytes that the process holds for its clients, in all: messages that have come in part, what waits to be handled and what
    /// waits to be read, what rooms say of their members. `None`: a quarter of the memory that the system, or the cgroup that
    /// the process is in, gives it, so that the rest is the app's; on Durable Objects 32 MiB. Over it: those that hold most are
    /// closed 1013 until the others fit, and who comes is answered 503.
    process_bytes: Option<usize> = None, Process 1..=SHARED_BYTES;

    /// Bytes that wait for one thread of sockets, each frame counted once however many receive it. 64 MiB: what the kernel
    /// takes for five hundred receivers in a few seconds. Over it: an error to whoever sends, and presence waits.
    transport_bytes: usize = 64 << 20, Process 1..=SHARED_BYTES;

    /// Frames of one connection that wait for its handler. 64; when it is full that socket is not read.
    handler_queue: usize = 64, Room 1..=COUNT;

    /// Bytes of payload that wait for one connection's handler. 256 KiB; when it is over, that socket is not read.
    handler_queue_bytes: usize = 256 << 10, Room 1..=BYTES;

    /// Frames of one connection that are kept while its guards, its data and its seed are being found. 32; when it is
    /// full that socket is not read.
    early_frames: usize = 32, Room 1..=COUNT;

    /// Bytes of payload of one connection that are kept in that time. 16 KiB: whoever is not in yet holds less than a member.
    /// When it is over, that socket is not read.
    early_bytes: usize = 16 << 10, Room 1..=BYTES;

    /// Messages and states of one connection. 256 a second with a burst of 512: four cursors' worth. Over it that socket is
    /// not read until it may, and nothing is lost. Where a platform cannot leave a socket unread (a Durable Object): not
    /// handled, and a presence state is conflated.
    rate: Rate = Rate { per_second: 256, burst: 512 }, Room 1..=FRAMES;

    /// Pieces of one connection that say nothing by themselves: pings, pongs, fragments of a message, and reads that bring
    /// no whole frame. 256 a second with a burst of 512: none costs more than a message, and a message of `frame_bytes`
    /// comes in fifty pieces over the slowest network. Over it: that socket is not read until it may. For a platform that can
    /// leave a socket unread.
    piece_rate: Rate = Rate { per_second: 256, burst: 512 }, Room 1..=FRAMES;

    /// Bytes of one connection a second, those on the wire and those that compressed ones become; as many at once after a
    /// pause. 1 MiB: sixteen messages of `frame_bytes`, and what a processor parses in a few milliseconds, so two
    /// hundred who send as much as they may leave most of it to the others. Over it: that socket is not read until it may.
    /// For a platform that can leave a socket unread.
    receive_bytes_per_second: u64 = 1 << 20, Room 1_024..=SHARED_BYTES;

    /// Empty fragments in one message. 64: a library may end a message with one, or write one where it flushed nothing. Over
    /// it: close 1008.
    empty_fragments: u32 = 64, Room 0..=COUNT;

    /// Frames of one connection that are not frames (v1). 1 a second with a burst of 64. Over it: close 4400.
    bad_frame_rate: Rate = Rate { per_second: 1, burst: 64 }, Room 1..=FRAMES;

    /// Milliseconds between two pings, a later one of which may come a fiftieth of that early. 25,000: under the 30 to 60
    /// seconds after which proxies cut an idle connection. A connection from which nothing is heard for two of them is closed
    /// 1001. One that is not read, because it is over a rate or its handler's queue is full, is silent for as long as that
    /// lasts; after eight of them it is closed too. `None`: nobody is pinged, and only the socket itself says that a peer is
    /// gone. Under 100 a phone that is merely far away would be taken for dead.
    heartbeat_ms: Option<u64> = Some(25_000), Room 100..=DAY_MS;

    /// Milliseconds for which guards, `data` and the seed of one connection may be found. 10,000: as long as a page waits
    /// before its user reloads it. Over it: close 1013.
    opening_timeout_ms: u64 = 10_000, Room 1..=HOUR_MS;

    /// Milliseconds that one load of a live value may take. 10,000: as long as a page waits before its user reloads it. Over it: it is
    /// dropped, counts as failed, and is tried again.
    load_timeout_ms: u64 = 10_000, Room 1..=HOUR_MS;

    /// Milliseconds from a load of a live value that failed to the next one, twice as many after each further one that fails. 250: a
    /// database that restarts is asked four times in its first seconds.
    load_retry_ms: u64 = 250, Room 1..=HOUR_MS;

    /// Milliseconds that are waited for the next load at the longest. 30,000: what is broken for long is back within half a minute.
    load_longest_retry_ms: u64 = 30_000, Room 1..=HOUR_MS;

    /// Milliseconds that a peer that was let in has to take the close frame and to answer it; its member has left long before.
    /// 30,000: a phone that comes out of a tunnel still learns why. Over it: the socket is dropped.
    close_timeout_ms: u64 = 30_000, Room 1..=HOUR_MS;

    /// Milliseconds that a closed connection stays in the roster while messages that it sent before are still being
    /// handled. 2,000: what was said is heard before the leave; a handler that hangs makes no ghost. 0: it leaves at once.
    /// Over it: it leaves, and what was not handled is dropped.
    leave_timeout_ms: u64 = 2_000, Room 0..=HOUR_MS;

    /// Milliseconds for which a hook may hold its thread without waiting for anything. 100: what a person begins to notice.
    /// `None`: nobody looks. Over it: it is counted, and the log says which hook it is, once a minute.
    hook_poll_ms: Option<u64> = Some(100), Room 1..=DAY_MS;

    /// The same for a hook that runs where its socket is read, because its room says `.inline()`. 5: more than the system's
    /// scheduler takes from a thread at once, and thousands of sockets wait for it.
    inline_poll_ms: Option<u64> = Some(5), Room 1..=DAY_MS;

    /// Milliseconds for which messages to a room are gathered after it was sent one. 0: each goes out as soon as it can.
    /// With 10, the first goes out at once and those of the next ten milliseconds together, which halves the cost of a
    /// busy room. What is for one member alone does not wait.
    broadcast_window_ms: u64 = 0, Room 0..=MINUTE_MS;

    /// Messages to a room of at least this many bytes are compressed, once for all members whose client offered
    /// permessage-deflate. `None`: nothing is compressed. Under 128 bytes nothing ever is: it would grow. It pays where
    /// bandwidth costs more than the server's time: 1 KiB of JSON becomes a third and takes 10 µs. Of presence it is
    /// the frame of a tick, for clients that speak v1.
    compress_from_bytes: Option<usize> = None, Room 0..=BYTES;

    /// Milliseconds between two presence frames of a busy room. 33: thirty a second, what an eye wants of a cursor. 0: each
    /// state goes out at once.
    presence_tick_ms: u64 = 33, Room 0..=SECOND_MS;

    /// Bytes a second that one room may spend on presence, all its receivers together. 1 GiB: what a network of 10 Gbit/s
    /// takes, and what five hundred cursors at thirty a second come to (500 frames of up to 140 bytes to 500 receivers,
    /// each tick). In a larger room the tick grows so that this holds, up to a second: more would only wait in sockets.
    /// Every receiver counts as a plain one, though v1 is told in less than half of the bytes.
    presence_bytes_per_second: u64 = 1 << 30, Room 1..=SHARED_BYTES;

    /// Milliseconds between two looks over all rooms and connections, while an operator has the inspector open. 1,000: as often as a
    /// person reads a number; a look takes a few milliseconds where there are thousands. Who asks sooner is shown the last look.
    inspect_ms: u64 = 1_000, Process 100..=MINUTE_MS;

    /// Rooms that the inspector lists: of more, those with the most members. 10,000: two megabytes while somebody looks. A room that is
    /// not listed is found by its topic.
    inspect_rooms: usize = 10_000, Process 1..=COUNT;

    /// Connections that one look of the inspector's goes over, to find who reads slowest in each room. 10,000: two milliseconds. Of more
    /// it goes over the next ones at the next look.
    inspect_connections: usize = 10_000, Process 1..=COUNT;

    /// Rooms, members or connections in one answer of the inspector. 100: what a page shows.
    inspect_page: usize = 100, Process 1..=1_000;

    /// Rooms whose frames operators watch at the same time. 4: each frame of such a room is written down. Over it: an error to whoever
    /// asks for another.
    taps: usize = 4, Process 0..=1_000;

    /// Bytes of frames that are kept for each of them until they are read. 256 KiB: a second of a busy room. Over it the oldest is
    /// dropped, and counted.
    tap_bytes: usize = 256 << 10, Process 1_024..=BYTES;

    /// Bytes of one payload that are kept of it, where payloads are asked for. 2 KiB. Over it: it is cut.
    tap_payload_bytes: usize = 2 << 10, Process 0..=BYTES;

    /// Milliseconds after which a tap that nobody reads is over. 15,000: a page that was closed says nothing.
    tap_idle_ms: u64 = 15_000, Process 1_000..=HOUR_MS;

    /// In a cluster: milliseconds between two heartbeats of a node. 2,000: four may be lost before anybody is missed. All nodes have
    /// the same.
    cluster_heartbeat_ms: u64 = 2_000, Process 20..=MINUTE_MS;

    /// In a cluster: milliseconds for which a node may be silent before its members are away. 10,000: a restart of the broker, a long
    /// pause of a process. Who has not heard itself for half of it expires nobody, so it is four heartbeats at least.
    cluster_lease_ms: u64 = 10_000, Process 100..=HOUR_MS;

    /// In a cluster: milliseconds for which the first member of a room waits for what other nodes say of it, at most. 250: what a
    /// person takes for at once.
    cluster_lobby_ms: u64 = 250, Process 0..=MINUTE_MS;

    /// In a cluster: milliseconds for which a node goes on taking part in a room after its last member. 10,000: a page that is
    /// loaded anew finds it as it was.
    cluster_linger_ms: u64 = 10_000, Process 0..=HOUR_MS;

    /// In a cluster: milliseconds after which what was asked for is asked for again. 1,000: half of a heartbeat, many times what an
    /// answer takes.
    cluster_repair_ms: u64 = 1_000, Process 10..=MINUTE_MS;

    /// In a cluster: milliseconds for which a node that is gone is remembered with what it has said. An hour: it may have been split
    /// off, and is told then what it missed.
    cluster_forget_ms: u64 = HOUR_MS, Process SECOND_MS..=DAY_MS;

    /// In a cluster: changes of a room that are kept for nodes that miss some. 1,024: thirty seconds of a busy room. Over it the
    /// oldest is let go of, and who missed that takes the roster instead.
    cluster_log_changes: usize = 1_024, Process 0..=COUNT;

    /// In a cluster: bytes of those changes. 512 KiB. Over it: as with `cluster_log_changes`.
    cluster_log_bytes: usize = 512 << 10, Process 0..=BYTES;

    /// In a cluster: bytes of what all rooms of the process keep so. 256 MiB: five hundred busy rooms' worth. Over it a room keeps
    /// nothing of what is said.
    cluster_logs_bytes: usize = 256 << 20, Process 0..=SHARED_BYTES;

    /// In a cluster: milliseconds for which a change is kept. 30,000: three leases, and whoever was away for longer takes the roster
    /// instead.
    cluster_log_ms: u64 = 30_000, Process 0..=HOUR_MS;

    /// In a cluster: bytes of a page of a roster, or of what is said again. 256 KiB: four fit into what a broker takes at once.
    cluster_page_bytes: usize = 256 << 10, Process 1..=BYTES;

    /// In a cluster: bytes that are held of one node's words in one room while something before them is missing. 1 MiB. Over it they
    /// are asked for again.
    cluster_held_bytes: usize = 1 << 20, Process 0..=BYTES;

    /// In a cluster: nodes that are remembered. 1,024: more than a broker connects. Over it who is gone for the longest is forgotten;
    /// where all live, whoever is new is not heard.
    cluster_nodes: usize = 1_024, Process 1..=65_536;

    /// In a cluster: rooms of one other node. 1,048,576: more than a process has. Over it they are not known to be its.
    cluster_rooms: usize = 1 << 20, Process 1..=COUNT;

    /// In a cluster: bytes of one other node's roster in one room. 256 MiB: ten thousand members with all that they may show, five
    /// times over. Over it, it is not taken.
    cluster_roster_bytes: usize = 256 << 20, Process 1..=SHARED_BYTES;

    /// In a cluster: bytes that rooms have said and the node did not take yet. 8 MiB: it takes them in microseconds, and is behind
    /// where more wait. Over it a broadcast is an error to who makes it, and what members show waits until others ask for it.
    cluster_queue_bytes: usize = 8 << 20, Process 1..=SHARED_BYTES;

    /// In a cluster: bytes that wait for the broker. 8 MiB: what a second of a busy node comes to. Over it what waits for the longest
    /// is dropped, and other nodes ask for it.
    cluster_outgoing_bytes: usize = 8 << 20, Process 1..=SHARED_BYTES;

    /// In a cluster: milliseconds for which something may wait for the broker. 2,000: by then it is late everywhere, and what comes
    /// after it matters more. Over it: as with `cluster_outgoing_bytes`.
    cluster_outgoing_ms: u64 = 2_000, Process 1..=MINUTE_MS;

    /// In a cluster: bytes from the broker that wait to be taken. 64 MiB: a second of a network of half a gigabit. Over it what comes
    /// is dropped, and asked for again.
    cluster_incoming_bytes: usize = 64 << 20, Process 1..=SHARED_BYTES;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::WrongLimit;

    fn named(mistakes: &[LimitError]) -> Vec<&str> {
        mistakes.iter().map(|error| &*error.limit).collect()
    }

    #[test]
    fn the_defaults_can_be_meant() {
        assert_eq!(Limits::default().mistakes(), []);
        assert_eq!(Limits::default().mistakes_within(&Limits::default()), []);
    }

    #[test]
    fn each_that_cannot_be_meant_is_named_with_what_may_be() {
        let limits = Limits::default().heartbeat_ms(Some(0)).members(0).rate(Rate { per_second: 0, burst: u32::MAX });
        let mistakes = limits.mistakes();
        assert_eq!(named(&mistakes), ["members", "rate.per_second", "rate.burst", "heartbeat_ms"]);
        let texts: Vec<String> = mistakes.iter().map(LimitError::to_string).collect();
        assert_eq!(texts[0], "`members` is 0: write a number from 1 to 1073741824");
        assert_eq!(texts[2], "`rate.burst` is 4294967295: write a number from 1 to 1000000");
        assert_eq!(texts[3], "`heartbeat_ms` is 0: write a number from 100 to 86400000, or `None` to switch it off");
    }

    #[test]
    fn what_is_off_is_no_mistake() {
        assert_eq!(Limits::default().heartbeat_ms(None).compress_from_bytes(None).mistakes(), []);
    }

    /// Of a number without a most nobody could say that everything is bounded.
    #[test]
    fn no_bound_may_be_the_largest_number_there_is() {
        for (name, _) in Limits::BOUNDS {
            let mut limits = Limits::default();
            limits.put(name, Some(u64::MAX));
            assert_ne!(limits.mistakes(), [], "{name}");
        }
    }

    #[test]
    fn a_rooms_own_limits_cannot_bound_the_process() {
        let app = Limits::default().connections(50);
        assert_eq!(app.clone().members(3).mistakes_within(&app), []);
        assert_eq!(Limits::default().members(3).mistakes_within(&app), [], "the default is what nobody wrote");
        let own = app.clone().connections(7).rooms(0).members(0);
        let mistakes = own.mistakes_within(&app);
        assert_eq!(named(&mistakes), ["members", "rooms", "connections"]);
        assert_eq!(mistakes[1].why, WrongLimit::OfTheProcess);
        assert_eq!(
            mistakes[2].to_string(),
            "`connections` is 7: it bounds the whole process, and is set with `Rooms::new().limits(..)`"
        );
    }
}
