//! A room of a process as it is: the engine, and the sockets of its members.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use roomful_core::cluster::{self, Incarnation, Present, Subject};
use roomful_core::frame::encode::{self, SnapshotFacts};
use roomful_core::frame::fanout::{self, Spoken};
use roomful_core::room::{Audience, Effect, Input, RoomConfig, RoomEngine};
use roomful_core::roster::{Listing, Place};
use roomful_core::{Dialect, Limits, MemberId, Millis, NodeId, UserId};

use crate::client::Client;
use crate::fault::Fault;

const V1: Spoken = Spoken { plain: false, v1: true };

pub(crate) struct LiveRoom {
    subject: Subject,
    limits: Arc<Limits>,
    pub(crate) engine: RoomEngine,
    pub(crate) clients: BTreeMap<MemberId, Client>,
    /// The users that are or linger here.
    here: BTreeSet<UserId>,
    /// What comes of the present input.
    out: Outcome,
}

/// What an input of a room leads to beyond its own sockets.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// What the cluster is told, in order.
    pub(crate) inputs: Vec<cluster::Input>,
    /// Who was let in.
    pub(crate) entered: Vec<MemberId>,
    /// Who was told to have left.
    pub(crate) left: Vec<String>,
    /// Of whom the app is to be told.
    pub(crate) lost: Vec<Present>,
    /// Of which users it is told that they came, or that they went.
    pub(crate) told: Vec<(UserId, bool)>,
}

impl LiveRoom {
    pub(crate) fn new(me: Incarnation, subject: Subject, limits: &Arc<Limits>) -> Self {
        let config = RoomConfig {
            node: NodeId(0),
            cluster: Some(me),
            epoch: "e".into(),
            last_seq: 0,
            may_be_put_away: false,
            first_place: Place(0),
            limits: Arc::clone(limits),
        };
        let (engine, clients, here) = (RoomEngine::restore(config, []), BTreeMap::new(), BTreeSet::new());
        Self { subject, limits: Arc::clone(limits), engine, clients, here, out: Outcome::default() }
    }

    pub(crate) fn tell(&mut self, input: Input, now: Millis) -> Result<Outcome, Fault> {
        let mut effects = Vec::new();
        let what = format!("{input:?}");
        let handled = self.engine.handle(input, now, &mut effects);
        handled.map_err(|refused| Fault(format!("{what}: {refused}")))?;
        for effect in effects {
            self.carry_out(effect).map_err(|fault| fault.at(&what))?;
        }
        Ok(std::mem::take(&mut self.out))
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), Fault> {
        match effect {
            Effect::Publish { changes } => {
                self.out.inputs.push(cluster::Input::Publish { subject: self.subject, changes });
            }
            Effect::Snapshot { to, listing, seq } => self.greet(to, &listing, seq)?,
            Effect::Membership { changes, except } => {
                let frames = fanout::membership(&changes, V1);
                let frames = frames.into_iter().filter_map(|frames| frames.v1);
                frames.into_iter().try_for_each(|frame| self.send_to_all_but(except.as_ref(), &frame))?;
            }
            Effect::Presence { updates } => {
                let frame = fanout::updates(&updates, V1).v1;
                frame.into_iter().try_for_each(|frame| self.send_to_all_but(None, &frame))?;
            }
            Effect::Said { seq, from, to, msg } => {
                let except = if let Audience::AllBut(member) = &to { Some(member) } else { None };
                let frame = fanout::said(from.as_ref(), &msg, seq, V1).v1;
                frame.into_iter().try_for_each(|frame| self.send_to_all_but(except, &frame))?;
            }
            Effect::Gap { seq } => self.send_to_all_but(None, &encode::gap(self.engine.epoch(), seq))?,
            Effect::LostMembers { members } => self.out.lost.extend(members),
            Effect::UserHere { user, .. } => {
                self.here.insert(user);
            }
            Effect::UserCame { user, .. } => {
                ensure!(self.here.contains(&user), "{user} came, who is not here");
                self.out.told.push((user, true));
            }
            Effect::UserWent { user } => {
                ensure!(self.here.remove(&user), "{user} went, who is not here");
                self.out.told.push((user, false));
            }
            Effect::UserMoved { user } => ensure!(self.here.remove(&user), "{user} moved, who is not here"),
            Effect::Entered { .. } | Effect::Returned { .. } => {}
            Effect::TakenOver { member } => return Fault::new(format!("{member} is taken over, and nobody did")),
            other => return Fault::new(format!("nobody knows {other:?}")),
        }
        Ok(())
    }

    fn greet(&mut self, to: MemberId, listing: &Listing, seq: u64) -> Result<(), Fault> {
        let facts = SnapshotFacts { seq, epoch: self.engine.epoch(), limits: &self.limits, session: None };
        let frame = encode::snapshot(Dialect::V1, &to, &listing.v1, facts);
        let mut client = Client::new(&to);
        client.read(&frame)?;
        self.clients.insert(to.clone(), client);
        self.out.entered.push(to);
        Ok(())
    }

    fn send_to_all_but(&mut self, except: Option<&MemberId>, frame: &Bytes) -> Result<(), Fault> {
        for (member, client) in self.clients.iter_mut().filter(|(member, _)| Some(*member) != except) {
            self.out.left.extend(client.read(frame).map_err(|fault| fault.at(member))?);
        }
        Ok(())
    }
}
