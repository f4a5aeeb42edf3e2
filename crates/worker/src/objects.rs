//! Where the objects are.

use roomful_runtime::Admitted;
use worker::{Env, ObjectNamespace, Stub};

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

    /// A room's object is found by its topic; a socket has a fresh one.
    pub(crate) fn of(&self, admitted: &Admitted) -> worker::Result<Stub> {
        match admitted.topic() {
            Some(topic) => self.named(topic.as_str()),
            None => self.0.unique_id()?.get_stub(),
        }
    }

    pub(crate) fn named(&self, topic: &str) -> worker::Result<Stub> {
        self.0.id_from_name(topic)?.get_stub()
    }
}
