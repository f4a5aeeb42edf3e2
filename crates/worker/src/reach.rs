//! How a room is reached from outside its object: from a handler of the worker's, a scheduled job, another room's hook.

use std::sync::Arc;

use roomful_core::pattern::Topic;
use roomful_runtime::{Act, Answer, BoxFuture, ErrorKind, Platform, Reach, Result};
use worker::{Env, Method, Request, RequestInit, Response};

use crate::objects::{OBJECT, Objects};

/// Rooms in the objects that are bound under one name. Each call is a request to a room's object.
pub(crate) struct ObjectReach {
    env: Env,
    binding: String,
}

impl ObjectReach {
    pub(crate) fn bound_as(binding: &str, env: &Env) -> Arc<dyn Reach> {
        #[allow(clippy::arc_with_non_send_sync, reason = "one type for every target; there is one thread here")]
        Arc::new(Self { env: env.clone(), binding: binding.to_owned() })
    }

    async fn ask(&self, topic: &Topic, act: &Act) -> std::result::Result<Answer, Failure> {
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(serde_json::to_string(act)?.into()));
        let request = Request::new_with_init(OBJECT, &init)?;
        let objects = Objects::bound_as(&self.binding, &self.env)?;
        let mut response = objects.named(topic, act.is_for_listeners())?.fetch_with_request(request).await?;
        match response.status_code() {
            200 => Ok(serde_json::from_slice(&response.bytes().await?)?),
            _ => Err(Failure::Refused(response.text().await?)),
        }
    }
}

/// Why a room's object did not do it.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("what was asked or answered cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("{0}")]
    Refused(String),
    #[error("the object did not answer: {0}")]
    Platform(#[from] worker::Error),
    #[error("nobody knows all Durable Objects: keep a list of your own")]
    Unlistable,
}

impl Reach for ObjectReach {
    fn act<'a>(&'a self, topic: &'a Topic, act: Act) -> BoxFuture<'a, Result<Answer>> {
        Box::pin(async move { self.ask(topic, &act).await.map_err(elsewhere) })
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<(String, usize)>>> {
        Box::pin(std::future::ready(Err(elsewhere(Failure::Unlistable))))
    }
}

fn elsewhere(failure: Failure) -> roomful_runtime::Error {
    // A binding that is missing is no `Send` error of its own; its text is all that there is to know.
    ErrorKind::Elsewhere(failure.to_string().into()).into_error()
}

/// The object's half of [`ObjectReach::ask`]: what is asked, as it was sent.
pub(crate) fn read(body: &[u8]) -> serde_json::Result<Act> {
    serde_json::from_slice(body)
}

/// Does it, in the object's one room, or with the one thing that is listened to here.
pub(crate) fn answer(platform: &Platform, act: Act) -> worker::Result<Response> {
    let topics = if act.is_for_listeners() { platform.heard_topics() } else { platform.topics() };
    let topic = topics.into_iter().next();
    match platform.app().act_here(topic.as_ref(), act) {
        Ok(answer) => Response::from_json(&answer),
        Err(error) => Response::error(error.to_string(), 400),
    }
}
