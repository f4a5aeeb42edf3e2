//! How a connection becomes a member of a room, or an open typed socket.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::abortable;
use roomful_core::expiry::Expiry;
use roomful_core::frame::socket;
use roomful_core::life::{Act, Event};
use roomful_core::pattern::Topic;
use roomful_core::room::Newcomer;
use roomful_core::session::Offered;
use roomful_core::{Close, Dialect, UserId};

use crate::claims::Claim;
use crate::clustered::Shown;
use crate::destination::Destination;
use crate::elsewhere::LookedInto;
use crate::feeds::{Beginning, Feeds, Listener, Listening, ValueKey};
use crate::former::Former;
use crate::hits::Bound;
use crate::hooks::{Hooks, MemberHooks, called, caught};
use crate::leave::others_first;
use crate::line::Line;
use crate::live_room::{Entrant, Joining, LiveRoom};
use crate::loans::Loan;
use crate::maybe_send::BoxFuture;
use crate::member::{LiveMember, Scope};
use crate::place::Place;
use crate::terms::Terms;
use crate::{Error, metrics};

/// Why somebody is not let in to listen.
pub(crate) enum CannotListen {
    /// It is to be closed so.
    Refused(Close),
    /// What the app has for it failed.
    Failed(Error),
}

impl From<Close> for CannotListen {
    fn from(close: Close) -> Self {
        Self::Refused(close)
    }
}

/// Guards, key and data: what comes before a connection can be let in.
pub struct Opening {
    /// Where it is to be let in.
    pub destination: Destination,
    /// What it is let in by.
    pub terms: Arc<Terms>,
    /// Where its client is, where the platform knows.
    pub peer: Option<IpAddr>,
    /// Bytes of the request that guards and `data` are given.
    pub request_bytes: usize,
    /// Finds its hooks, or how it is to be closed.
    pub open: OpenFn,
    /// The session that its client wants to go on with.
    pub resume: Option<Offered>,
    /// Which upgrade it is, among all. Of two that go on with one session the later one counts, whichever is let in first.
    /// `None`: as they begin.
    pub turn: Option<u64>,
}

/// See [`Opening::open`].
#[cfg(not(target_family = "wasm"))]
pub type OpenFn = Box<dyn FnOnce(Arc<LiveMember>) -> BoxFuture<'static, Result<Arc<dyn Hooks>, Close>> + Send>;
/// See [`Opening::open`].
#[cfg(target_family = "wasm")]
pub type OpenFn = Box<dyn FnOnce(Arc<LiveMember>) -> BoxFuture<'static, Result<Arc<dyn Hooks>, Close>>>;

impl LiveMember {
    /// The task of a new connection: everything up to `on_join`, and then the messages that came in the meantime.
    pub(crate) async fn open(self: Arc<Self>, opening: Opening) {
        let resume = opening.resume.as_ref().map(|offered| offered.resume);
        let Some(found) = self.find(opening.open, opening.request_bytes).await else { return };
        let hooks = match found {
            Ok(hooks) => hooks,
            Err(close) => {
                self.deny_return((resume, opening.turn), &opening.destination, &close);
                return self.refuse(close);
            }
        };
        let (former, looked_into) =
            self.former((opening.resume.as_ref(), opening.turn), opening.destination.room()).await;
        if self.go_on_with((resume, opening.turn), &opening.destination, &hooks) {
            return;
        }
        if self.was_removed(resume, &opening.destination) {
            return self.refuse(Close::KICKED);
        }
        if !self.has_place_of_its_own() {
            return self.refuse(Close::OVERLOADED);
        }
        let entered = match &opening.destination {
            Destination::Room(topic) => self.enter_room(topic, &hooks, (former, looked_into)).await,
            Destination::Socket => self.enter_socket(),
            Destination::Feed(_) | Destination::Live(_) => {
                self.enter_to_listen((&opening.destination, Beginning::Anew { resume }), &hooks).await
            }
        };
        match entered {
            Ok(Joining::Done(acts)) => self.begin(hooks, acts).await,
            // The room goes on with it.
            Ok(Joining::Waits) => {}
            Err(close) => self.refuse(close),
        }
    }

    /// Finds its hooks. `None`: its life was over before, and what was still to be found is dropped.
    async fn find(self: &Arc<Self>, open: OpenFn, request_bytes: usize) -> Option<Result<Arc<dyn Hooks>, Close>> {
        let this = Arc::clone(self);
        let (finding, abort) = abortable(caught(move || open(this).map(Ok)));
        if !self.inbox().begin_opening(abort, request_bytes) {
            return None;
        }
        let found = finding.await.ok()?;
        Some(found.unwrap_or_else(|error| {
            metrics::handler_failed("opening");
            tracing::error!(%error, "a connection could not be opened");
            Err(Close::JOIN_FAILED)
        }))
    }

    /// The rest of that task, once it is let in.
    async fn begin(self: Arc<Self>, hooks: Arc<dyn Hooks>, acts: Vec<Act>) {
        self.carry_out(acts);
        // What came before.
        self.keep_said();
        others_first().await;
        let (hook, opened) = match self.expire_in_time(&hooks) {
            Ok(()) => (hooks.names().open, caught(|| hooks.on_open()).await),
            Err(error) => ("expires", Err(error)),
        };
        match opened {
            Ok(()) => {
                self.words_are_taken_of(&hooks, hook).await;
                self.opened();
            }
            Err(error) => {
                metrics::handler_failed(hook);
                hooks.report(error).await;
                self.close(Close::JOIN_FAILED);
            }
        }
        self.work(hooks).await;
    }

    /// Goes on with a member that another process has begun.
    pub(crate) fn go_on(self: &Arc<Self>, hooks: Arc<dyn Hooks>, expiry: Option<Expiry>) {
        if let (Some(room), Some(member)) = (self.room(), hooks.member()) {
            room.go_on_with(self.id(), |user| member.visit(user));
        }
        let is_opened = {
            let mut inbox = self.inbox();
            inbox.rest(hooks);
            inbox.life().is_opened()
        };
        self.wait_to_expire(expiry);
        if !is_opened {
            // Its `on_join` or `open` was cut off, and must not run twice.
            self.close(Close::JOIN_FAILED);
        }
    }

    /// Where its place was lent to it by a member that it is not back for, it takes another. `false`: there is none.
    fn has_place_of_its_own(&self) -> bool {
        let Some(peer) = self.inbox().place().and_then(|place| place.loan()).map(Loan::peer) else { return true };
        let Ok(place) = self.hub().take_place(peer, None) else { return false };
        self.inbox().seat(place);
        true
    }

    async fn enter_room(
        self: &Arc<Self>,
        topic: &Topic,
        hooks: &Arc<dyn Hooks>,
        (former, looked_into): (Option<Former>, Option<LookedInto>),
    ) -> Result<Joining, Close> {
        let Some(member) = hooks.member() else { return Err(Close::JOIN_FAILED) };
        let (newcomer, former) = self.newcomer((hooks, member), (former, looked_into.as_ref())).await?;
        self.may_be_told(topic, &newcomer)?;
        let (came, claim) = former.map(|former| (former.came, former.claim)).unzip();
        let visit = newcomer.user.as_ref().map(|user| member.visit(user));
        newcomer.user.iter().try_for_each(|user| self.count_user(user))?;
        let Some(line) = self.line().filter(|_| self.asks_in()) else { return Err(Close::LOST) };
        let entrant: Arc<dyn Entrant> = Arc::new(Entering {
            member: Arc::clone(self),
            hooks: Arc::clone(hooks),
            _until_it_is_in: (claim, looked_into),
        });
        let (room, joining) =
            self.hub().join(topic, self.limits(), (&newcomer, visit.as_ref()), (&line, came.as_ref()), &entrant)?;
        self.set_scope(Scope::Room(room));
        if matches!(joining, Joining::Waits) && self.inbox().life().has_ended() {
            // One that ended before this found no room to leave; one that ends later does.
            self.withdraw();
        }
        Ok(joining)
    }

    /// It is one of this user's connections, of which there may be so many. Whoever has been away the longest makes room for it.
    fn count_user(&self, user: &UserId) -> Result<(), Close> {
        let (process, limit) = (self.process(), self.process().limits().connections_per_user);
        loop {
            if let Some(of_user) = process.user_connections().one_more(user, self.id(), limit) {
                // Where it has no place any more its life is over.
                if let Some(place) = self.inbox().place() {
                    place.belongs_to(of_user);
                }
                return Ok(());
            }
            let members = process.user_connections().members_of(user);
            let occupants = members.iter().filter_map(|member| self.hub().occupant(member));
            let away = occupants.filter_map(|occupant| Some((occupant.away_until()?, occupant)));
            let Some((_, longest)) = away.min_by_key(|(until, _)| *until) else { break };
            if longest.let_go() {
                metrics::session_let_go("connections_per_user");
            }
        }
        let limit = limit.unwrap_or_default();
        metrics::refused("user");
        process.hit(Bound::ConnectionsPerUser, limit);
        self.hub().tell_refused(&format_args!("its user has {limit} connections (`Limits::connections_per_user`)"));
        Err(Close::TOO_MANY)
    }

    fn enter_socket(&self) -> Result<Joining, Close> {
        let Some(line) = self.line().filter(|_| self.asks_in()) else { return Err(Close::LOST) };
        if line.dialect() == Dialect::V1 {
            line.push(socket::open(self.limits()));
        }
        if let Some(keeper) = self.process().keeper() {
            line.keep_socket(keeper);
        }
        line.greet();
        self.set_scope(Scope::Socket);
        Ok(Joining::Done(self.step(Event::Entered)))
    }

    async fn enter_to_listen(
        &self,
        (destination, beginning): (&Destination, Beginning),
        hooks: &Arc<dyn Hooks>,
    ) -> Result<Joining, Close> {
        // In a cluster: until whatever is published anywhere from now on is heard here.
        let _open = match destination {
            Destination::Feed(topic) | Destination::Live(topic) => self.hub().feeds().hears_others(topic).await,
            Destination::Room(_) | Destination::Socket => None,
        };
        let Some(line) = self.line().filter(|_| self.asks_in()) else { return Err(Close::LOST) };
        match self.listen((destination, beginning), &line, hooks) {
            Ok(()) => Ok(Joining::Done(self.step(Event::Entered))),
            Err(CannotListen::Refused(close)) => Err(close),
            Err(CannotListen::Failed(error)) => {
                metrics::handler_failed("live");
                self.refuse(Close::JOIN_FAILED);
                hooks.report(error).await;
                Err(Close::JOIN_FAILED)
            }
        }
    }

    /// From here on this socket hears it, and where sockets outlive the process it is kept which run of numbers it hears.
    pub(crate) fn listen(
        &self,
        (destination, beginning): (&Destination, Beginning),
        line: &Arc<Line>,
        hooks: &Arc<dyn Hooks>,
    ) -> Result<(), CannotListen> {
        let listener = Listener { member: self.id(), line, limits: self.limits(), beginning };
        let feeds = self.hub().feeds();
        let entered = match destination {
            Destination::Feed(topic) => feeds.listen(topic, listener),
            Destination::Live(topic) => self.follow(feeds, topic, (hooks, listener))?,
            Destination::Room(_) | Destination::Socket => Err(Close::JOIN_FAILED),
        };
        let heard = entered.inspect_err(|close| {
            if *close == Close::OVERLOADED {
                let limit = self.process().limits().feeds;
                self.hub().tell_refused(&format_args!("somebody listens to {limit} feeds (`Limits::feeds`)"));
            }
        })?;
        if let Some(keeper) = self.process().keeper() {
            let epoch = heard.epoch();
            line.keep(keeper, |kept| kept.heard = Some(epoch));
        }
        line.greet();
        self.set_scope(Scope::Feed(Box::new(heard)));
        Ok(())
    }

    fn follow(
        &self,
        feeds: &Arc<Feeds>,
        topic: &Topic,
        (hooks, listener): (&Arc<dyn Hooks>, Listener<'_>),
    ) -> Result<Result<Arc<dyn Listening>, Close>, CannotListen> {
        let source = called(|| hooks.live()).map_err(CannotListen::Failed)?;
        let (Some(source), Some(terms)) = (source, self.terms()) else { return Ok(Err(Close::JOIN_FAILED)) };
        let key = ValueKey::new(terms, source.group.as_ref());
        Ok(feeds.follow((topic, key), &source.loader, listener))
    }

    /// What it is to be let in as, and whom its client was in another process, where it is that again.
    async fn newcomer(
        &self,
        (hooks, member): (&Arc<dyn Hooks>, &dyn MemberHooks),
        (former, looked_into): (Option<Former>, Option<&LookedInto>),
    ) -> Result<(Newcomer, Option<Former>), Close> {
        let user = called(|| member.user());
        // Before the seed, which may ask who it is.
        let former = match (former, &user) {
            (Some(former), Ok(user)) => self.be_as_formerly(former, user.as_ref(), looked_into).await,
            _ => None,
        };
        let found = user.and_then(|user| called(|| Ok((user, member.info()?, member.seed()?))));
        let (user, info, state) = match found {
            Ok(found) => found,
            Err(error) => {
                metrics::handler_failed("presence");
                // Told first: the hook that hears of it may take its time, and nobody waits for that. Until then it counts among
                // those that have left, or whoever makes it fail could begin any number of them.
                let mut place = self.inbox().unseat();
                place.iter_mut().for_each(Place::depart);
                self.refuse(Close::JOIN_FAILED);
                hooks.report(error).await;
                drop(place);
                return Err(Close::JOIN_FAILED);
            }
        };
        self.limit_kept(user.as_ref());
        self.check_info(info.as_ref()).and_then(|()| self.check_state(state.as_ref())).map_err(|refused| {
            self.hub().tell_refused(&refused);
            Close::JOIN_FAILED
        })?;
        let (place, generation) = former.as_ref().map(Former::stood).unwrap_or_default();
        let newcomer = Newcomer { user, generation, place, info, state, ..Newcomer::new(self.id().clone()) };
        Ok((newcomer, former))
    }

    /// Whether other nodes can be told of it: all of it fits into what their broker takes, and not too much waits for that already.
    fn may_be_told(&self, topic: &Topic, newcomer: &Newcomer) -> Result<(), Close> {
        let Some(node) = self.process().in_cluster() else { return Ok(()) };
        node.keeps_up().map_err(|error| {
            self.hub().tell_refused(&error);
            Close::OVERLOADED
        })?;
        let Newcomer { user, info, state, .. } = newcomer;
        let shown = Shown { user: user.as_ref(), info: info.as_ref(), state: state.as_ref() };
        node.may_show(topic, shown).map_err(|error| {
            self.hub().tell_refused(&error);
            Close::JOIN_FAILED
        })
    }

    fn opened(self: &Arc<Self>) {
        self.happen(Event::Opened);
        // It is over, or another process has it: this one keeps nothing.
        let is_opened = self.inbox().life().is_opened();
        if is_opened {
            self.keep(|kept| kept.opened = true);
        }
    }
}

/// Somebody who asks its room to let it in, with the hooks that run from then on.
struct Entering {
    member: Arc<LiveMember>,
    hooks: Arc<dyn Hooks>,
    /// Where its client was a member of another process: nobody else is that one, and what is said is kept for it.
    _until_it_is_in: (Option<Claim>, Option<LookedInto>),
}

impl Entrant for Entering {
    fn enter(&self, room: &Arc<LiveRoom>) -> Vec<Act> {
        self.member.set_scope(Scope::Room(Arc::clone(room)));
        self.member.step(Event::Entered)
    }

    fn retold(&self, seq: u64) -> Vec<Bytes> {
        self.member.told_again(seq)
    }

    fn begin(self: Arc<Self>, acts: Vec<Act>) {
        let task = Arc::clone(&self.member).begin(Arc::clone(&self.hooks), acts);
        self.member.spawn(task);
    }
}
