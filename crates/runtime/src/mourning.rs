//! Telling the app of members that died with their node: their own hooks died with it, too.

use std::sync::Arc;

use roomful_core::cluster::Present;
use roomful_core::frame::EndpointKind;
use roomful_core::pattern::Topic;

use crate::app::{App, Definition, WeakApp};
use crate::clustered::Mourner;
use crate::hooks::caught;
use crate::maybe_send::BoxFuture;
use crate::metrics;
use crate::roster::Member;

impl Mourner for WeakApp {
    fn is_told(&self, topic: &Topic) -> bool {
        self.upgrade().is_some_and(|app| rooms_of(&app, topic).any(|room| room.endpoint.hears_of_lost()))
    }

    fn tell(&self, topic: Topic, lost: Present) -> BoxFuture<'static, ()> {
        let app = self.upgrade();
        Box::pin(async move {
            let Some(app) = app else { return };
            let rooms: Vec<_> = rooms_of(&app, &topic).cloned().collect();
            for room in rooms {
                tell(&app, &room, &topic, lost.clone()).await;
            }
            metrics::member_lost();
        })
    }
}

/// Those that have this topic: several may share a channel, and to which of them the member came died with its node.
fn rooms_of<'a>(app: &'a App, topic: &'a Topic) -> impl Iterator<Item = &'a Arc<Definition>> {
    let is_its = |definition: &&Arc<Definition>| {
        definition.kind == EndpointKind::Room && definition.pattern.params_of(topic.as_str()).is_some()
    };
    app.definitions().iter().filter(is_its)
}

/// An error has no connection that `on_error` could be told of.
async fn tell(app: &App, room: &Definition, topic: &Topic, lost: Present) {
    let Some(params) = room.pattern.params_of(topic.as_str()) else { return };
    let Present { member: id, user, away, info, state, .. } = lost;
    let (endpoint, member) = (Arc::clone(&room.endpoint), Member { id: id.clone(), user, away, info, state });
    let told = caught(|| endpoint.tell_of_lost(app.clone(), &params, member)).await;
    if let Err(error) = told {
        metrics::handler_failed("on_lost");
        tracing::error!(member = %id, room = room.terms.name, %error, "a room's hook failed");
    }
}
