//! Where the objects are.

use roomful_core::pattern::Topic;
use roomful_runtime::{Admitted, Destination};
use worker::{Env, ObjectNamespace, Stub};

use crate::named;

/// The binding's name unless said otherwise.
pub(crate) const BINDING: &str = "ROOMS";
/// An object is reached through its stub and not by a name; the platform wants a URL all the same.
pub(crate) const OBJECT: &str = "https://object";

/// The objects that are bound under one name.
pub(crate) struct Objects(ObjectNamespace);

impl Objects {
    pub(crate) fn bound_as(binding: &str, env: &Env) -> worker::Result<Self> {
        let namespace = env.durable_object(binding).map_err(|error| {
            let missing = format!(
                "there is no Durable Object bound as `{binding}` ({error}): name it in `durable_objects.bindings` of \
                 wrangler.jsonc, with the class that `room_object!` exports, or say another name with `rooms.bound_as(..)`"
            );
            tracing::error!("{missing}");
            worker::Error::RustError(missing)
        })?;
        Ok(Self(namespace))
    }

    /// A room's object is found by its topic, and so is that of what is listened to; a socket has a fresh one.
    pub(crate) fn of(&self, admitted: &Admitted) -> worker::Result<Stub> {
        match admitted.destination() {
            Some(Destination::Room(topic)) => self.named(topic, false),
            Some(Destination::Feed(topic) | Destination::Live(topic)) => self.named(topic, true),
            Some(Destination::Socket) | None => self.0.unique_id()?.get_stub(),
        }
    }

    /// The object of a topic's room, or of what is listened to.
    pub(crate) fn named(&self, topic: &Topic, is_heard: bool) -> worker::Result<Stub> {
        self.0.id_from_name(&named::of_topic(topic, is_heard))?.get_stub()
    }
}
