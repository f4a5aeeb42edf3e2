//! What all rooms of a process share: the platform's clock and tasks, the bounds, and the counts of everything.

use std::future::Future;
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::SystemTime;

use futures_util::FutureExt as _;
use futures_util::task::AtomicWaker;
use roomful_core::feed::FeedEpoch;
use roomful_core::pattern::Topic;
use roomful_core::room::{Refused, RoomConfig};
use roomful_core::session::{SealKey, Token};
use roomful_core::{Close, ConnectionId, Limits, MemberId, Millis, NodeId};

use crate::addresses::{Addresses, OfAddress};
use crate::alarms::{Alarm, Alarms};
use crate::claims::Claims;
use crate::clustered::Node;
use crate::delivery::RoomId;
use crate::hits::{Bound, Hits};
use crate::loans::Loans;
use crate::maybe_send::{BoxFuture, MaybeSend};
use crate::memory::Memory;
use crate::metrics;
use crate::taps::Taps;
use crate::tokens::Tokens;
use crate::user_connections::UserConnections;
use crate::users::LiveUsers;
use crate::watch::{self, Watch};
use crate::{Host, Keeper};

/// The clock moves on faster than anything counts, so a number that is made of the time is above all that were given earlier.
const SEQ_PER_MILLISECOND: u64 = 1_024;

/// One process that runs rooms.
pub(crate) struct Process {
    limits: Arc<Limits>,
    started: OnceLock<Started>,
    next_connection: AtomicU64,
    next_room: AtomicU64,
    next_turn: AtomicU64,
    rooms: AtomicUsize,
    feeds: AtomicUsize,
    members: AtomicUsize,
    connections: AtomicUsize,
    addresses: Arc<Addresses>,
    user_connections: Arc<UserConnections>,
    /// Connections that have left and are not over.
    departed: AtomicUsize,
    /// Sockets that the platform has not let go of, whatever became of their connections.
    sockets: AtomicUsize,
    tasks: AtomicUsize,
    memory: Arc<Memory>,
    /// What rooms keep of what was said, which has a bound of its own.
    logs: Arc<Memory>,
    tokens: Tokens,
    giver: OnceLock<NodeId>,
    loans: Arc<Loans>,
    claims: Arc<Claims>,
    seal: OnceLock<SealKey>,
    /// What it is among others, in a cluster.
    in_cluster: OnceLock<Arc<Node>>,
    alarms: Arc<Alarms>,
    /// Whether the process stops.
    draining: OnceLock<Draining>,
    idle: AtomicWaker,
    watch: Watch,
    users: LiveUsers,
    hits: Hits,
    taps: Taps,
}

/// How a process stops.
struct Draining {
    /// How many milliseconds those are told to wait who come meanwhile.
    retry_ms: Millis,
    /// Whether those who lose their sockets may be back at another node of the cluster.
    is_holding: bool,
}

struct Started {
    host: Arc<dyn Host>,
    node: NodeId,
}

/// What there is right now. After every client has gone, all of it is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Rooms that somebody is in.
    pub rooms: usize,
    /// Feeds and live values, each counted by its key, that somebody listens to. Those too to which somebody did lately, and may
    /// come back: of these some are left for a while when every client has gone, and a few bytes of each.
    pub feeds: usize,
    /// Members, all rooms together.
    pub members: usize,
    /// Connections, from their handshake until they have left or were not let in. A socket that only waits for its peer's
    /// close frame is none.
    pub connections: usize,
    /// Tasks that run hooks or wait to wake a room.
    pub tasks: usize,
    /// Bytes that are held for clients: what has come in part, what waits to be handled, what waits to be read, what rooms say
    /// of their members, and the requests of those who are not let in yet.
    pub bytes: usize,
}

/// Why no connection may begin now. Whoever comes is answered 503 where the platform can still refuse the upgrade, else it is
/// closed 1013.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoPlace {
    /// There are as many connections as may be.
    #[error("this server has as many connections as it may: {limit} (`Limits::connections`)")]
    Connections {
        /// The bound.
        limit: usize,
    },
    /// There are as many connections of the client's address as may be.
    #[error("this address has as many connections as it may: {limit} (`Limits::connections_per_ip`)")]
    Address {
        /// The bound.
        limit: usize,
    },
    /// Too many connections have left whose hooks still run, or users have gone.
    #[error(
        "this server is behind: hooks of {limit} connections and users that have left still run (`Limits::departed`)"
    )]
    Departed {
        /// The bound.
        limit: usize,
    },
    /// As much is held for clients as may be.
    #[error("this server holds as much for its clients as it may: {limit} bytes (`Limits::process_bytes`)")]
    Memory {
        /// The bound.
        limit: usize,
    },
}

impl NoPlace {
    /// What stands for it in a metric.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connections { .. } => "connections",
            Self::Address { .. } => "address",
            Self::Departed { .. } => "departed",
            Self::Memory { .. } => "memory",
        }
    }
}

impl Process {
    pub(crate) fn new(limits: Arc<Limits>) -> Arc<Self> {
        let users = LiveUsers::new(limits.lingering_users);
        Arc::new(Self {
            limits,
            started: OnceLock::new(),
            next_connection: AtomicU64::new(0),
            next_room: AtomicU64::new(0),
            next_turn: AtomicU64::new(1),
            rooms: AtomicUsize::new(0),
            feeds: AtomicUsize::new(0),
            members: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            addresses: Arc::default(),
            user_connections: Arc::default(),
            departed: AtomicUsize::new(0),
            sockets: AtomicUsize::new(0),
            tasks: AtomicUsize::new(0),
            memory: Arc::default(),
            logs: Arc::default(),
            tokens: Tokens::default(),
            giver: OnceLock::new(),
            loans: Arc::default(),
            claims: Arc::default(),
            seal: OnceLock::new(),
            in_cluster: OnceLock::new(),
            alarms: Arc::default(),
            draining: OnceLock::new(),
            idle: AtomicWaker::new(),
            watch: Watch::default(),
            users,
            hits: Hits::default(),
            taps: Taps::default(),
        })
    }

    /// Only the first host counts.
    pub(crate) fn start(&self, host: impl FnOnce() -> Arc<dyn Host>) {
        self.started.get_or_init(|| {
            let host = host();
            let node = NodeId(host.random() as u64);
            self.memory.bound(self.limits.process_bytes, host.memory());
            self.logs.bound(Some(self.limits.logs_bytes), None);
            Started { host, node }
        });
    }

    pub(crate) fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    pub(crate) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    pub(crate) fn logs(&self) -> &Arc<Memory> {
        &self.logs
    }

    /// Who has lent its place to its own client.
    pub(crate) fn loans(&self) -> &Arc<Loans> {
        &self.loans
    }

    /// Who is about to be let in as a member that another process had.
    pub(crate) fn claims(&self) -> &Arc<Claims> {
        &self.claims
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    pub(crate) fn new_token(&self) -> Token {
        Token::new(self.giver(), self.random())
    }

    /// Until then nobody comes back to that room with this token, as far as that many are known.
    pub(crate) fn bar(&self, token: Token, room: Topic, until: Millis) {
        let forgotten = self.tokens.bar(token, room, until, self.now(), self.limits.barred_tokens);
        if let Some(keeper) = self.keeper() {
            forgotten.into_iter().for_each(|token| keeper.unbar(token));
        }
    }

    /// Goes on in the place of a process that gave this token, and knows all that it knew of its tokens.
    pub(crate) fn gives_as(&self, before: Token) {
        self.giver.get_or_init(|| before.node());
    }

    /// A number above every one that an earlier process has given in this one's place.
    pub(crate) fn seq_above_all_before(&self) -> u64 {
        self.now().saturating_mul(SEQ_PER_MILLISECOND)
    }

    /// Who gives tokens: this process, or the first of those in whose place it goes on.
    pub(crate) fn giver(&self) -> NodeId {
        *self.giver.get_or_init(|| self.node())
    }

    /// Tokens that are given from here on are good in every process that has this key. Only the first counts.
    pub(crate) fn seal_with(&self, key: SealKey) {
        self.seal.get_or_init(|| key);
    }

    pub(crate) fn seal(&self) -> Option<&SealKey> {
        self.seal.get()
    }

    /// It is one node of a cluster from here on. `false`: it is one already.
    pub(crate) fn join_cluster(&self, node: Arc<Node>) -> bool {
        let me = node.me().node();
        let is_first = self.in_cluster.set(node).is_ok();
        if is_first {
            // Others can tell by a token whether the node that gave it lives.
            self.giver.get_or_init(|| me);
        }
        is_first
    }

    /// What it is in a cluster, where it is in one.
    pub(crate) fn in_cluster(&self) -> Option<&Arc<Node>> {
        // There is none for a worker, which is downloaded: so nothing of it is in one.
        if cfg!(target_family = "wasm") { None } else { self.in_cluster.get() }
    }

    /// There is none before the platform starts the rooms, and no connection either.
    pub(crate) fn host(&self) -> Option<&Arc<dyn Host>> {
        self.started.get().map(|started| &started.host)
    }

    pub(crate) fn keeper(&self) -> Option<&dyn Keeper> {
        self.host()?.keeper()
    }

    /// Who is in which room, as the app names its users.
    pub(crate) fn users(&self) -> &LiveUsers {
        &self.users
    }

    /// Which connections each user has.
    pub(crate) fn user_connections(&self) -> &Arc<UserConnections> {
        &self.user_connections
    }

    /// Who looks for hooks that block.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Which bounds were reached.
    pub(crate) fn hits(&self) -> &Hits {
        &self.hits
    }

    /// This bound was reached by one that asked for one more.
    pub(crate) fn hit(&self, bound: Bound, limit: usize) {
        self.hits.note(bound, limit, self.now());
    }

    /// The same of a bound on sockets at their end, by its name.
    pub(crate) fn hit_named(&self, name: &str) {
        let limit = match Bound::named(name) {
            Some(Bound::RefusedSockets) => self.limits.refused_sockets,
            _ => self.limits.closing_sockets,
        };
        Bound::named(name).into_iter().for_each(|bound| self.hit(bound, limit));
    }

    /// A room has refused something for its size.
    pub(crate) fn hit_refused(&self, refused: &Refused) {
        self.hits.note_refused(refused, self.now());
    }

    /// Operators who watch rooms.
    pub(crate) fn taps(&self) -> &Taps {
        &self.taps
    }

    /// Sockets that the platform has, those too whose members have left.
    pub(crate) fn sockets(&self) -> usize {
        self.sockets.load(Ordering::Relaxed)
    }

    /// Connections that have left and are not over.
    pub(crate) fn departed(&self) -> usize {
        self.departed.load(Ordering::Relaxed)
    }

    /// This process among all that ever ran these rooms.
    fn node(&self) -> NodeId {
        self.started.get().map_or(NodeId(0), |started| started.node)
    }

    pub(crate) fn now(&self) -> Millis {
        self.host().map_or(0, |host| host.now())
    }

    pub(crate) fn system_time(&self) -> SystemTime {
        self.host().map_or(SystemTime::UNIX_EPOCH, |host| host.system_time())
    }

    /// Runs a task that only waits for a time. It is not counted, as what runs hooks is.
    pub(crate) fn wait(&self, task: impl Future<Output = ()> + MaybeSend + 'static) {
        if let Some(host) = self.host() {
            host.wait(Box::pin(task));
        }
    }

    pub(crate) fn sleep_until(&self, at: Millis) -> BoxFuture<'static, ()> {
        match self.host() {
            Some(host) => host.sleep_until(at),
            None => Box::pin(std::future::ready(())),
        }
    }

    /// The same for a time that may be far. Where a process may be put away no timer runs for it: the platform wakes it then.
    pub(crate) fn sleep_long(&self, until: Millis) -> BoxFuture<'static, ()> {
        match self.host().filter(|host| host.keeper().is_some()) {
            Some(host) => Box::pin(Alarm::new(&self.alarms, host, until)),
            None => self.sleep_until(until),
        }
    }

    pub(crate) fn alarms(&self) -> &Alarms {
        &self.alarms
    }

    /// Wakes those whose time has come.
    pub(crate) fn wake(&self) {
        let (Some(keeper), now) = (self.keeper(), self.now()) else { return };
        if self.alarms.first().is_none_or(|first| first > now) {
            return;
        }
        self.alarms.ring(now);
        // Those that have just been woken are still among them.
        self.alarms.first_after(now).into_iter().for_each(|at| keeper.wake_at(at));
    }

    pub(crate) fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + MaybeSend + 'static) {
        if let Some(host) = self.host() {
            host.spawn(self.counted(task));
        }
    }

    /// Runs a task that may begin on this thread: see [`Host::start`].
    pub(crate) fn start_task(self: &Arc<Self>, task: impl Future<Output = ()> + MaybeSend + 'static) {
        if let Some(host) = self.host() {
            let task = self.counted(task);
            watch::where_sockets_are_read(|| host.start(task));
        }
    }

    fn counted(self: &Arc<Self>, task: impl Future<Output = ()> + MaybeSend + 'static) -> BoxFuture<'static, ()> {
        let running = Running::begin(self);
        Box::pin(task.map(move |()| drop(running)))
    }

    pub(crate) fn new_member_id(&self) -> MemberId {
        MemberId::from_random(self.random())
    }

    /// What a room of this process is given.
    pub(crate) fn room_config(&self, epoch: Arc<str>, last_seq: u64, limits: &Arc<Limits>) -> RoomConfig {
        RoomConfig {
            node: self.node(),
            cluster: None,
            epoch,
            last_seq,
            may_be_put_away: self.keeper().is_some(),
            first_place: self.first_place(),
            limits: Arc::clone(limits),
        }
    }

    pub(crate) fn new_epoch(&self) -> Arc<str> {
        format!("{:032x}", self.random()).into()
    }

    pub(crate) fn new_feed_epoch(&self) -> FeedEpoch {
        FeedEpoch(self.random())
    }

    pub(crate) fn new_connection_id(&self) -> ConnectionId {
        ConnectionId(self.next_connection.fetch_add(1, Ordering::Relaxed))
    }

    /// Which upgrade this is, among all: a later one has a higher number.
    pub(crate) fn next_turn(&self) -> u64 {
        self.next_turn.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn new_room_id(&self) -> RoomId {
        RoomId(NonZeroU64::MIN.saturating_add(self.next_room.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            rooms: self.rooms.load(Ordering::Relaxed),
            feeds: self.feeds.load(Ordering::Relaxed),
            members: self.members.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
            tasks: self.tasks.load(Ordering::Relaxed),
            bytes: self.memory.held(),
        }
    }

    /// Whether a client of this address may have another connection; if so it is counted, where there is a bound.
    pub(crate) fn one_more_of(&self, peer: Option<IpAddr>) -> Result<Option<OfAddress>, NoPlace> {
        let Some((peer, limit)) = peer.zip(self.limits.connections_per_ip) else { return Ok(None) };
        let counted = self.addresses.one_more(peer, limit);
        counted.is_none().then(|| self.hit(Bound::ConnectionsPerIp, limit));
        counted.map(Some).ok_or(NoPlace::Address { limit })
    }

    /// Whether another connection may begin; if so it is counted.
    pub(crate) fn connection_begins(&self) -> Result<(), NoPlace> {
        let Limits { connections, departed, .. } = *self.limits;
        if self.departed.load(Ordering::Relaxed).saturating_add(self.users.gone()) >= departed {
            self.hit(Bound::Departed, departed);
            return Err(NoPlace::Departed { limit: departed });
        }
        if self.memory.is_over() {
            self.hit(Bound::ProcessBytes, self.memory.limit());
            return Err(NoPlace::Memory { limit: self.memory.limit() });
        }
        // One step, so that of many who come at once no more get in than may.
        if one_more(&self.connections, connections) {
            return Ok(());
        }
        self.hit(Bound::Connections, connections);
        Err(NoPlace::Connections { limit: connections })
    }

    /// One that another process has let in.
    pub(crate) fn connection_returns(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// It has left, and is not over.
    pub(crate) fn connection_departs(&self) {
        self.departed.fetch_add(1, Ordering::Relaxed);
        self.connection_ends();
    }

    pub(crate) fn connection_ends(&self) {
        self.one_less(&self.connections);
    }

    pub(crate) fn departed_ends(&self) {
        self.one_less(&self.departed);
    }

    pub(crate) fn socket_opened(&self) {
        self.sockets.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn socket_gone(&self) {
        self.one_less(&self.sockets);
    }

    fn one_less(&self, counter: &AtomicUsize) {
        if counter.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.idle.wake();
        }
    }

    /// Whether another room may begin; if so it is counted.
    pub(crate) fn room_begins(&self) -> bool {
        let may = one_more(&self.rooms, self.limits.rooms);
        if may {
            metrics::room_began();
        } else {
            self.hit(Bound::Rooms, self.limits.rooms);
        }
        may
    }

    /// One that another process has begun.
    pub(crate) fn room_returns(&self) {
        self.rooms.fetch_add(1, Ordering::Relaxed);
        metrics::room_began();
    }

    pub(crate) fn room_ended(&self) {
        self.rooms.fetch_sub(1, Ordering::Relaxed);
        metrics::room_ended();
    }

    /// Whether another feed or live value may begin; if so it is counted.
    pub(crate) fn feed_begins(&self) -> bool {
        let may = one_more(&self.feeds, self.limits.feeds);
        if may {
            metrics::feed_began();
        } else {
            self.hit(Bound::Feeds, self.limits.feeds);
        }
        may
    }

    /// One that the app itself begins, which nobody may refuse.
    pub(crate) fn feed_of_app_begins(&self) {
        self.feeds.fetch_add(1, Ordering::Relaxed);
        metrics::feed_began();
    }

    pub(crate) fn feed_ended(&self) {
        self.feeds.fetch_sub(1, Ordering::Relaxed);
        metrics::feed_ended();
    }

    pub(crate) fn member_joined(&self) {
        self.members.fetch_add(1, Ordering::Relaxed);
        metrics::member_joined();
    }

    pub(crate) fn member_left(&self) {
        self.members.fetch_sub(1, Ordering::Relaxed);
        metrics::member_left();
    }

    /// From here on nobody is let in. `is_holding`: whoever loses its socket may be back at another node of the cluster.
    pub(crate) fn begin_draining(&self, retry_ms: Millis, is_holding: bool) {
        self.draining.get_or_init(|| Draining { retry_ms, is_holding });
    }

    /// Whether nobody is back who loses its socket now: the process stops, and no other goes on with its members.
    pub(crate) fn is_final(&self) -> bool {
        self.draining.get().is_some_and(|draining| !draining.is_holding)
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.get().is_some()
    }

    /// How those are closed who come while the process stops; `None` while it does not.
    pub(crate) fn turned_away(&self) -> Option<Close> {
        self.draining.get().map(|draining| Close::restarting(draining.retry_ms))
    }

    /// Ready when there is no connection, no socket and no task.
    pub(crate) fn poll_idle(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.idle.register(cx.waker());
        let stats = self.stats();
        let sockets = self.sockets.load(Ordering::Relaxed);
        if (stats.connections, stats.tasks, sockets) == (0, 0, 0) { Poll::Ready(()) } else { Poll::Pending }
    }

    fn random(&self) -> u128 {
        self.host().map_or(0, |host| host.random())
    }
}

/// Counts one more, unless there are as many as may be.
fn one_more(counter: &AtomicUsize, limit: usize) -> bool {
    let counted =
        counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| (count < limit).then_some(count + 1));
    counted.is_ok()
}

/// A task that runs, until it is dropped.
struct Running(Arc<Process>);

impl Running {
    fn begin(process: &Arc<Process>) -> Self {
        process.tasks.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(process))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.memory.tell();
        self.0.one_less(&self.0.tasks);
    }
}
