//! The return of a room, or of a typed socket, whose process ended while its sockets stayed open.

use std::collections::HashSet;
use std::sync::Arc;

use roomful_core::frame::EndpointKind;
use roomful_core::key::{KeyError, KeyLimits, Params, parse_key};
use roomful_core::pattern::Topic;
use roomful_core::room::RoomEngine;
use roomful_core::{Close, Limits};

use crate::app::{App, Definition, GoOnError};
use crate::barred::Barred;
use crate::connection::{Beside, Connection};
use crate::destination::Destination;
use crate::feeds::Beginning;
use crate::hooks::Hooks;
use crate::kept::{Admitted, Kept};
use crate::line::Line;
use crate::live_room::LiveRoom;
use crate::mailbox::Mailbox;
use crate::member::{LiveMember, Scope};
use crate::opening::{CannotListen, Opening};
use crate::place::Place;
use crate::unwind::catch;

/// The client of a connection that cannot go on may come back at once, as a new member.
const RETRY_MS: u64 = 0;

/// Why a connection that was admitted is not served.
#[derive(Debug, thiserror::Error)]
enum Unserved {
    #[error("there is no such room or socket here")]
    Unknown,
    #[error("its key: {0}")]
    Key(#[from] KeyError),
    #[error("{0}")]
    GoOn(#[from] GoOnError),
    #[error("its member is in the room already")]
    Twice,
    #[error("it had not begun to listen")]
    NotListening,
    #[error("it cannot listen: {0}")]
    Unheard(String),
    #[error("its data or its key panicked: {0}")]
    Panicked(String),
}

/// A room or a socket that an admitted connection belongs to.
struct Target<'a> {
    definition: &'a Arc<Definition>,
    params: Params,
    destination: Destination,
}

/// One connection that comes back, or a member that is held without one.
struct Returning {
    kept: Kept,
    kind: EndpointKind,
    member: Arc<LiveMember>,
    socket: Option<(Arc<Line>, Arc<Mailbox>)>,
}

/// Starts a connection whose guards and data ran elsewhere.
pub(crate) fn connect(app: &App, mut admitted: Admitted) -> Connection {
    let resume = admitted.offered.take();
    let dialect = admitted.dialect();
    let span = tracing::info_span!("connection", module = admitted.module, room = admitted.name);
    let opening = match target(app, &admitted) {
        Ok(Target { definition, params, destination }) => {
            let (app, definition, data) = (app.clone(), Arc::clone(definition), admitted.data().clone());
            Ok(Opening {
                destination,
                terms: Arc::clone(&definition.terms),
                peer: None,
                // It lies beside the socket, where the platform keeps it.
                request_bytes: 0,
                resume,
                turn: None,
                open: Box::new(move |member| {
                    let hooks = definition.endpoint.go_on(app, &params, &data, member).map_err(|error| {
                        tracing::error!(%error, "a connection cannot be served");
                        Close::JOIN_FAILED
                    });
                    Box::pin(std::future::ready(hooks))
                }),
            })
        }
        Err(error) => {
            tracing::error!(room = admitted.path(), %error, "a connection cannot be served");
            Err(Close::JOIN_FAILED)
        }
    };
    let beside = Beside { admitted: Some(admitted), place: None };
    Connection::start(app.hub(), dialect, opening, span, beside)
}

/// Goes on with all the connections of one room and those who are held in it, with those who listen to one thing, or with one of a
/// socket.
pub(crate) fn restore(app: &App, beside: Vec<Kept>, held: Vec<Kept>) -> Vec<Connection> {
    // Where sockets go on, nothing that their process knew was lost. Who is held may have been before one that knew more.
    if let Some(session) = beside.iter().find_map(|kept| kept.session) {
        app.hub().process().gives_as(session.newest());
    }
    // Those with a socket first: of two claims to one member they have it.
    let beside = beside.into_iter().map(Kept::with_socket);
    let mut held: Vec<_> = held.into_iter().map(Kept::without_socket).collect();
    // Who has been away the longest is the first to be let go.
    held.sort_by_key(|kept| kept.until);
    let returning: Vec<_> = beside.chain(held).map(|kept| returning(app, kept)).collect();
    let room = returning.iter().find_map(|returning| {
        let Target { definition, destination, .. } = target(app, &returning.kept.admitted).ok()?;
        let Destination::Room(topic) = destination else { return None };
        Some((topic, &definition.terms.limits))
    });
    let room = room.map(|(topic, limits)| restore_room(app, topic, limits, &returning));
    for Returning { kept, kind, member, socket } in &returning {
        member.register();
        if !matches!(kind, EndpointKind::Feed | EndpointKind::Live) {
            member.set_scope(room.as_ref().map_or(Scope::Socket, |room| Scope::Room(Arc::clone(room))));
        }
        let user = kept.member.as_ref().and_then(|kept| kept.member.user.as_ref());
        member.limit_kept(user);
        let whose = user.filter(|_| is_member(member)).map(|user| (member.id(), user));
        member.inbox().seat(Place::of_restored(app.hub().process(), whose));
        match hooks(app, member, kept) {
            Ok(hooks) => {
                member.go_on(hooks, kept.expiry);
                member.end_in_time();
                member.tell_held();
            }
            Err(error) => {
                tracing::warn!(room = kept.admitted.path(), %error, "a connection cannot be gone on with");
                // Where another is that member, that one stays.
                if member.room().is_none() || is_member(member) {
                    member.leave_roster();
                } else if let (None, Some(keeper)) = (socket, app.hub().process().keeper()) {
                    keeper.let_go(member.id());
                }
                member.refuse(Close::restarting(RETRY_MS));
            }
        }
    }
    if let Some(room) = &room {
        app.hub().after_leave(room, room.abandon_if_empty());
    }
    let connection = |Returning { kind, member, socket, .. }| {
        let (line, mailbox) = socket?;
        Some(Connection::restored(app.hub(), kind, member, line, mailbox))
    };
    returning.into_iter().filter_map(connection).collect()
}

/// Who was removed by another process is not back by this one.
pub(crate) fn bar(app: &App, mut barred: Vec<Barred>) {
    let process = app.hub().process();
    // The first that is over is the first to be forgotten.
    barred.sort_by_key(|barred| barred.until);
    for Barred { token, room, until } in barred {
        match app.topic_of(&room).filter(|_| process.now() < until) {
            Some(topic) => process.bar(token, topic, until),
            None => process.keeper().into_iter().for_each(|keeper| keeper.unbar(token)),
        }
    }
}

fn returning(app: &App, kept: Kept) -> Returning {
    let admitted = &kept.admitted;
    let (hub, found) = (app.hub(), find(app, admitted));
    let limits = found.map_or_else(|| hub.process().limits(), |definition| &definition.terms.limits);
    let kind = found.map_or(EndpointKind::Room, |definition| definition.kind);
    let span = tracing::info_span!("connection", module = admitted.module, room = admitted.name);
    let socket = kept.until.is_none().then(|| {
        let (line, mailbox) =
            Line::to_mailbox(hub.process().new_connection_id(), admitted.dialect(), limits, hub.process().memory());
        let line = line.keeping(kept.clone());
        line.greet();
        (Arc::new(line), mailbox)
    });
    let line = socket.as_ref().map(|(line, _)| Arc::clone(line));
    let member = LiveMember::restored(hub, line, found.map(|definition| Arc::clone(&definition.terms)), span, &kept);
    if kept.session.is_some() {
        member.inbox().begin_session();
    }
    Returning { kept, kind, member, socket }
}

fn restore_room(app: &App, topic: Topic, limits: &Arc<Limits>, returning: &[Returning]) -> Arc<LiveRoom> {
    let (hub, process) = (app.hub(), app.hub().process());
    let kept = || returning.iter().filter_map(|returning| returning.kept.member.as_ref());
    let epoch = kept().next().map_or("", |kept| &kept.epoch).into();
    let config = process.room_config(epoch, process.seq_above_all_before(), limits);
    let engine = RoomEngine::restore(config, kept().map(|kept| kept.member.clone()));
    let is_in = |returning: &&Returning| engine.roster().find(returning.member.id()).is_some();
    // Where two claim to be one member, the first is that member.
    let mut first: Vec<&Returning> = Vec::new();
    let mut seen = HashSet::new();
    first.extend(returning.iter().filter(is_in).filter(|returning| seen.insert(returning.member.id())));
    let lines = first.iter().filter_map(|Returning { member, socket, .. }| {
        let (line, _) = socket.as_ref()?;
        Some((member.id().clone(), Arc::clone(line)))
    });
    let absent = first.iter().filter(|returning| returning.socket.is_none());
    let absent = absent.map(|Returning { member, kept, .. }| (member.id().clone(), kept.clone()));
    let room = LiveRoom::new(topic, engine, Arc::clone(limits), (lines.collect(), absent.collect()), None, process);
    room.restore_sessions(first.iter().map(|one| (one.member.id(), &one.kept)));
    hub.take_in(&room);
    room
}

fn find<'a>(app: &'a App, admitted: &Admitted) -> Option<&'a Arc<Definition>> {
    app.find(&admitted.module, &admitted.name)
}

fn target<'a>(app: &'a App, admitted: &Admitted) -> Result<Target<'a>, Unserved> {
    let definition = find(app, admitted).ok_or(Unserved::Unknown)?;
    let limits = KeyLimits::of(&definition.terms.limits);
    let params = parse_key(&definition.pattern, Some(admitted.key().as_bytes()), limits)?;
    let destination = definition.destination(&params)?;
    Ok(Target { definition, params, destination })
}

fn hooks(app: &App, member: &Arc<LiveMember>, kept: &Kept) -> Result<Arc<dyn Hooks>, Unserved> {
    let Target { definition, params, destination } = target(app, &kept.admitted)?;
    if definition.kind == EndpointKind::Room && !is_member(member) {
        return Err(Unserved::Twice);
    }
    let go_on = || definition.endpoint.go_on(app.clone(), &params, kept.admitted.data(), Arc::clone(member));
    let hooks = catch(go_on).map_err(Unserved::Panicked)??;
    if matches!(definition.kind, EndpointKind::Feed | EndpointKind::Live) {
        listen_on(member, (&destination, kept), &hooks)?;
    }
    Ok(hooks)
}

/// What was published before is known to nobody, and it has heard all of it: it is sent what comes from now on.
fn listen_on(
    member: &Arc<LiveMember>,
    (destination, kept): (&Destination, &Kept),
    hooks: &Arc<dyn Hooks>,
) -> Result<(), Unserved> {
    let (Some(line), Some(epoch)) = (member.line(), kept.heard) else { return Err(Unserved::NotListening) };
    member.listen((destination, Beginning::Again { epoch }), &line, hooks).map_err(|error| match error {
        CannotListen::Refused(close) => Unserved::Unheard(close.reason.to_string()),
        CannotListen::Failed(error) => Unserved::Unheard(error.to_string()),
    })
}

/// Whether its room sends to this socket, or holds this one without.
fn is_member(member: &LiveMember) -> bool {
    member.room().is_some_and(|room| match member.line() {
        Some(line) => room.has(member.id(), &line),
        None => room.holds(member.id()),
    })
}
