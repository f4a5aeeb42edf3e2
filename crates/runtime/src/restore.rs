//! The return of a room, or of a typed socket, whose process ended while its sockets stayed open.

use std::collections::HashMap;
use std::sync::Arc;

use roomful_core::frame::EndpointKind;
use roomful_core::key::{KeyError, KeyLimits, Params, parse_key};
use roomful_core::pattern::Topic;
use roomful_core::room::{Restored, Room, RoomConfig};
use roomful_core::{Close, Limits, NodeId};

use super::kept::{Kept, Admitted};
use super::link::{Destination, Identity, Joined, Link, Opening};
use super::post::Outlet;
use super::{Connection, Hub, LiveRoom, Mailbox};
use crate::define::{Definition, ResumeError};
use crate::session::Session;

/// The clock moves on faster than any room counts, so a number made of it is above all that were given before it was read.
const SEQ_PER_MILLISECOND: u64 = 1_024;

/// A client whose connection cannot be gone on with may come back at once, as a new member.
const RETRY_MS: u64 = 0;

/// Why a connection that was admitted is not served.
#[derive(Debug, thiserror::Error)]
enum Unserved {
    #[error("there is no such room or socket here")]
    Unknown,
    #[error("its key: {0}")]
    Key(#[from] KeyError),
    #[error("{0}")]
    Resume(#[from] ResumeError),
    #[error("its member is in the room already")]
    Twice,
}

/// A room or a socket that a admitted connection belongs to.
struct Place<'a> {
    definition: &'a Arc<Definition>,
    params: Params,
    destination: Destination,
}

impl Hub {
    /// Starts a connection whose guards and data ran elsewhere.
    pub(crate) fn connect(self: &Arc<Self>, definitions: &[Arc<Definition>], admitted: Admitted) -> Connection {
        let dialect = admitted.dialect();
        let span = tracing::info_span!("connection", module = admitted.module, room = admitted.name);
        let opening = match place(definitions, &admitted) {
            Ok(Place { definition, params, destination }) => {
                let (definition, data) = (Arc::clone(definition), admitted.data.clone());
                Ok(Opening {
                    destination,
                    limits: Arc::clone(&definition.limits),
                    open: Box::new(move |link| {
                        let session = definition.endpoint.resume(&params, &data, link).map_err(|error| {
                            tracing::error!(%error, "a connection cannot be served");
                            Close::JOIN_FAILED
                        });
                        Box::pin(std::future::ready(session))
                    }),
                })
            }
            Err(error) => {
                tracing::error!(room = admitted.path(), %error, "a connection cannot be served");
                Err(Close::JOIN_FAILED)
            }
        };
        Connection::start(self, dialect, opening, span, Some(admitted))
    }

    /// Goes on with all the connections of one room, or with one of a socket.
    pub(crate) fn restore(self: &Arc<Self>, definitions: &[Arc<Definition>], kept: Vec<Kept>) -> Vec<Connection> {
        let (links, mailboxes): (Vec<_>, Vec<_>) = kept.iter().map(|kept| self.link(definitions, kept)).unzip();
        let found = kept.iter().find_map(|kept| place(definitions, &kept.admitted).ok());
        let room = found.and_then(|Place { definition, destination, .. }| {
            let restored = links.iter().zip(&kept).filter_map(|(link, kept)| kept.restored(link.id()));
            let topic = destination.into_topic()?;
            Some(self.restore_room(topic, &definition.limits, &kept, restored, &links))
        });
        for (link, kept) in links.iter().zip(&kept) {
            link.return_to(room.as_ref().map_or(Joined::Socket, |room| Joined::Room(Arc::clone(room))));
            match session(definitions, link, kept) {
                Ok(session) => link.resume(session),
                Err(error) => {
                    tracing::warn!(room = kept.admitted.path(), %error, "a connection cannot be gone on with");
                    link.refuse(Close::restarting(RETRY_MS));
                    link.leave_roster();
                }
            }
        }
        links.into_iter().zip(mailboxes).map(|(link, mailbox)| Connection::of(self, link, mailbox)).collect()
    }

    fn link(self: &Arc<Self>, definitions: &[Arc<Definition>], kept: &Kept) -> (Arc<Link>, Arc<Mailbox>) {
        let admitted = &kept.admitted;
        let found = find(definitions, admitted);
        let limits = found.map_or(&self.limits, |definition| &definition.limits);
        let kind = found.map_or(EndpointKind::Room, |definition| definition.kind);
        let span = tracing::info_span!("connection", module = admitted.module, room = admitted.name);
        let identity = Identity { member: kept.member.clone(), admitted: Some(admitted.clone()), opened: kept.opened };
        let (outlet, mailbox) = Outlet::to_mailbox(self.new_connection_id(), admitted.dialect(), limits);
        (Link::new(self, (kind, outlet), Arc::clone(limits), span, identity), mailbox)
    }

    fn restore_room(
        self: &Arc<Self>,
        topic: Topic,
        limits: &Arc<Limits>,
        kept: &[Kept],
        restored: impl Iterator<Item = Restored>,
        links: &[Arc<Link>],
    ) -> Arc<LiveRoom> {
        let epoch = kept.iter().find_map(|kept| kept.seat.as_ref()).map_or("", |seat| &seat.epoch);
        let last_seq = self.now().saturating_mul(SEQ_PER_MILLISECOND);
        let (node, limits) = (NodeId(0), Arc::clone(limits));
        let config = RoomConfig { node, epoch: epoch.into(), last_seq, may_be_put_away: true, limits };
        let engine = Room::restore(config, restored);
        let members = links.iter().filter(|link| engine.member(link.id()).is_some());
        let members: HashMap<_, _> = members.map(|link| (link.id(), Arc::clone(link))).collect();
        let room = LiveRoom::new(topic, engine, members, self);
        self.take_in(&room);
        room
    }
}

fn find<'a>(definitions: &'a [Arc<Definition>], admitted: &Admitted) -> Option<&'a Arc<Definition>> {
    definitions.iter().find(|definition| definition.module == admitted.module && definition.name == admitted.name)
}

fn place<'a>(definitions: &'a [Arc<Definition>], admitted: &Admitted) -> Result<Place<'a>, Unserved> {
    let definition = find(definitions, admitted).ok_or(Unserved::Unknown)?;
    let limits = KeyLimits::from(&*definition.limits);
    let params = parse_key(&definition.pattern, Some(admitted.key.as_bytes()), limits)?;
    let destination = definition.destination(&params)?;
    Ok(Place { definition, params, destination })
}

fn session(definitions: &[Arc<Definition>], link: &Arc<Link>, kept: &Kept) -> Result<Arc<dyn Session>, Unserved> {
    let Place { definition, params, .. } = place(definitions, &kept.admitted)?;
    if definition.kind == EndpointKind::Room && !link.is_member() {
        return Err(Unserved::Twice);
    }
    Ok(definition.endpoint.resume(&params, &kept.admitted.data, Arc::clone(link))?)
}
