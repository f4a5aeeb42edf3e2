//! The service that answers operators.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Request, Response, StatusCode};
use roomful::{BoxFuture, Gate, Guard, MemberId, Rooms};
use roomful_core::key::query_value;
use roomful_runtime::{Denial, Inspection, Platform, is_from_own_page};
use serde_json::json;
use tower_service::Service;

use crate::answer;
use crate::body::Body;
use crate::page::Page;
use crate::route::Route;
use crate::sample::Sampler;
use crate::views;

/// Makes what operators see a part of an app.
pub trait InspectExt {
    /// The inspector of these rooms, for those alone whom this guard lets in. It is a service to be mounted under a path of its own, which is
    /// taken off before it is asked: `Router::nest_service` does so in axum.
    ///
    /// The guard runs for each request. Whom it denies is answered 403; with [`Deny::redirect`](roomful::Deny::redirect) a browser that opens
    /// the page is sent there, and with [`Deny::expired`](roomful::Deny::expired) it asks for a name and a password, which it gives as
    /// `Authorization: Basic`. What the guard is shown has no module and no room.
    fn inspector(&self, guard: impl Guard) -> Inspector;
}

impl InspectExt for Rooms {
    fn inspector(&self, guard: impl Guard) -> Inspector {
        let platform = self.platform();
        let inspection = platform.inspection();
        let (gate, sampler, page) = (Gate::new(guard), Sampler::default(), Page::new());
        Inspector { inner: Arc::new(Inner { platform, inspection, gate, sampler, page }) }
    }
}

/// A service that shows operators what goes on, and does what they say. Made by [`InspectExt::inspector`]; a clone is the same one.
///
/// It does nothing while nobody asks.
#[derive(Clone)]
pub struct Inspector {
    inner: Arc<Inner>,
}

struct Inner {
    platform: Platform,
    inspection: Inspection,
    gate: Gate,
    sampler: Sampler,
    page: Page,
}

impl<B> Service<Request<B>> for Inspector {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let inner = Arc::clone(&self.inner);
        // What is to be done stands in the address: no body is read, whoever sends one.
        let (parts, _body) = request.into_parts();
        Box::pin(async move { Ok(inner.answer(parts).await) })
    }
}

impl Inner {
    async fn answer(&self, parts: Parts) -> Response<Body> {
        let asked = Route::of(&parts.method, parts.uri.path());
        let may_ask = may_ask(&parts, asked.is_ok_and(Route::is_action), asked == Ok(Route::Page));
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let peer = match self.let_in(parts).await {
            Ok(peer) => peer,
            Err(denial) => return answer::denied(&denial, asked == Ok(Route::Page)),
        };
        match asked {
            Err(why) => answer::no_route(why),
            Ok(_) if !may_ask => answer::error(
                StatusCode::FORBIDDEN,
                "this comes from a page of another site, or says not from which: a browser sends `Origin`, which has to be \
                 this server's",
            ),
            Ok(route) => self.answer_to(route, &query, peer.as_deref()).await,
        }
    }

    /// Who asks, where the guard lets them in.
    async fn let_in(&self, parts: Parts) -> Result<Option<String>, Denial> {
        let request = self.platform.ask(parts);
        let peer = request.as_ref().ok().and_then(|request| request.peer);
        let checked = match request {
            Ok(request) => self.gate.check(request).await,
            Err(denial) => Err(denial),
        };
        checked.inspect_err(|denial| self.platform.tell_denied("inspector", peer, denial))?;
        Ok(peer.map(|peer| peer.to_string()))
    }

    async fn answer_to(&self, route: Route, query: &str, peer: Option<&str>) -> Response<Body> {
        let inspection = &self.inspection;
        match route {
            Route::Page => answer::page(&self.page),
            Route::Summary => answer::ok(&views::summary(inspection, &self.sampler.look(inspection))),
            Route::Rooms => answer::ok(&views::rooms(inspection, &self.sampler.look(inspection), query)),
            Route::Room => answer::ok(&views::room(inspection, &self.sampler.look(inspection), query)),
            Route::Connections => answer::ok(&views::connections(inspection, query)),
            Route::Tap => match views::tap(inspection, query) {
                Some(tap) => answer::ok(&tap),
                None => answer::error(StatusCode::NOT_FOUND, "there is no such tap, or it was not read for too long"),
            },
            Route::OpenTap => self.open_tap(query, peer),
            Route::CloseTap => {
                let tap = query_value(query, "tap").and_then(|tap| tap.parse().ok());
                answer::ok(&json!({ "done": tap.is_some_and(|tap| inspection.close_tap(tap)) }))
            }
            Route::Kick => self.kick(query, peer).await,
            Route::Close => self.close(query, peer),
        }
    }

    fn open_tap(&self, query: &str, peer: Option<&str>) -> Response<Body> {
        let topic = query_value(query, "topic").unwrap_or_default();
        let has_payloads = views::is_set(query, "payloads");
        match self.inspection.open_tap(&topic, has_payloads) {
            Ok(tap) => {
                tracing::info!(tap, has_payloads, peer, "an operator watches the frames of a room");
                answer::ok(&json!({ "tap": tap }))
            }
            Err(why) => answer::error(StatusCode::CONFLICT, &why.to_string()),
        }
    }

    async fn kick(&self, query: &str, peer: Option<&str>) -> Response<Body> {
        let Some(member) = member(query) else { return no_member() };
        let topic = query_value(query, "topic").unwrap_or_default();
        let reason = query_value(query, "reason").unwrap_or_default();
        match self.inspection.kick(&topic, &member, &reason).await {
            Ok(done) => {
                tracing::info!(%member, done, peer, "an operator has kicked a member");
                answer::ok(&json!({ "done": done }))
            }
            Err(error) => answer::error(StatusCode::CONFLICT, &error.to_string()),
        }
    }

    fn close(&self, query: &str, peer: Option<&str>) -> Response<Body> {
        let Some(member) = member(query) else { return no_member() };
        let done = self.inspection.close(&member);
        tracing::info!(%member, done, peer, "an operator has closed a connection");
        answer::ok(&json!({ "done": done }))
    }
}

fn member(query: &str) -> Option<MemberId> {
    MemberId::parse(&query_value(query, "member")?).ok()
}

fn no_member() -> Response<Body> {
    answer::error(StatusCode::BAD_REQUEST, "`member` has to be a member's id")
}

/// Browsers send a visitor's cookies and password along with whatever any page asks for. What changes something has to come from the
/// page itself, and what is read must not be asked for by another.
fn may_ask(parts: &Parts, is_action: bool, is_page: bool) -> bool {
    let says_site = parts.headers.contains_key("sec-fetch-site");
    if is_action {
        return is_from_own_page(&parts.headers);
    }
    // A link may lead to the page. What is no browser says nothing, and neither does who opens an address.
    is_page || !says_site || parts.headers["sec-fetch-site"] == "none" || is_from_own_page(&parts.headers)
}
