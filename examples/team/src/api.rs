//! Plain HTTP beside the rooms: signing in, history, and what an admin does.
//!
//! What changes something takes JSON, which no form of another site can send, and no other site's request has the cookie.

use std::time::SystemTime;

use axum::extract::{FromRef, FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use roomful::{AsNumber, Rooms};
use serde::{Deserialize, Serialize};

use crate::cookies::{Cookies, session_in};
use crate::failure::Failure;
use crate::passwords::Passwords;
use crate::room::{Card, Chat, Heard, Line, Notice, milliseconds_since_1970};
use crate::store::{Page, Person, Signed, Store, Taken, user_of};
use crate::token::Token;
use crate::values::{Name, Words};

#[derive(Clone, FromRef)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) rooms: Rooms,
    pub(crate) passwords: Passwords,
    pub(crate) cookies: Cookies,
}

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/api/me", get(me))
        .route("/api/sign-in", post(sign_in))
        .route("/api/join", post(join))
        .route("/api/sign-out", post(sign_out))
        .route("/api/channels", get(channels))
        .route("/api/channels/{channel}/lines", get(lines))
        .route("/api/invitations", post(invite))
        .route("/api/notices", post(notice))
        .route("/api/people/{person}/removal", post(remove))
        .with_state(app)
}

/// Whether a load balancer should send people here: not while this node does not hear the others.
async fn health(State(rooms): State<Rooms>) -> StatusCode {
    let is_isolated = rooms.cluster().is_some_and(|health| !health.is_well);
    if is_isolated { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

/// Whoever is signed in, as their own page sees them.
#[derive(Serialize)]
struct Me {
    user: String,
    #[serde(flatten)]
    card: Card,
}

impl From<Person> for Me {
    fn from(Person { id, name, is_admin }: Person) -> Self {
        Self { user: id.to_string(), card: Card { name, is_admin } }
    }
}

async fn me(Signed { person, .. }: Signed) -> Json<Me> {
    Json(person.into())
}

#[derive(Deserialize)]
struct SignIn {
    name: String,
    password: String,
}

async fn sign_in(State(app): State<App>, Json(SignIn { name, password }): Json<SignIn>) -> Result<Response, Failure> {
    // A name that nobody can have is nobody's.
    let name = Name::try_from(name).map_err(|_| Failure::WrongPassword)?;
    let now = SystemTime::now();
    if !app.store.may_guess(name.clone(), now).await? {
        return Err(Failure::TooManyTries);
    }
    let (person, hashed) = app.store.person(name.clone()).await?.unzip();
    if !app.passwords.is_of(hashed, password).await? {
        return Err(Failure::WrongPassword);
    }
    app.store.guessed(name).await?;
    begin(&app, person.ok_or(Failure::WrongPassword)?, now).await
}

#[derive(Deserialize)]
struct Join {
    invitation: String,
    name: String,
    password: String,
}

async fn join(State(app): State<App>, Json(asked): Json<Join>) -> Result<Response, Failure> {
    let name = Name::try_from(asked.name).map_err(|error| Failure::Unfit(format!("The name: {error}.")))?;
    let password = app.passwords.hash(asked.password).await?;
    let (invitation, now) = (Token::given(&asked.invitation), SystemTime::now());
    match app.store.join(&invitation, name, password, now).await? {
        Ok(person) => begin(&app, person, now).await,
        Err(Taken::Invitation) => Err(Failure::Unfit("This invitation was used, or is over. Ask for another.".into())),
        Err(Taken::Name) => Err(Failure::Unfit("Somebody has this name.".into())),
    }
}

async fn begin(app: &App, person: Person, now: SystemTime) -> Result<Response, Failure> {
    let session = app.store.sign_in(person.id, now).await?;
    Ok(([(header::SET_COOKIE, app.cookies.set(&session))], Json(Me::from(person))).into_response())
}

/// On all devices: the sessions first, or a client would be back before they are over.
async fn sign_out(State(app): State<App>, Signed { person, .. }: Signed) -> Result<Response, Failure> {
    app.store.sign_out(person.id).await?;
    if let Some(user) = person.user() {
        app.rooms.kick_user(&user, "signed out").await?;
    }
    Ok(([(header::SET_COOKIE, app.cookies.clear())], StatusCode::NO_CONTENT).into_response())
}

async fn channels(State(store): State<Store>, _: Signed) -> Result<Json<Vec<String>>, Failure> {
    Ok(Json(store.channels().await?))
}

async fn lines(
    State(store): State<Store>,
    _: Signed,
    Path(channel): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<Vec<Line>>, Failure> {
    Ok(Json(store.lines(&channel, page).await?))
}

#[derive(Serialize)]
struct Invited {
    invitation: String,
}

async fn invite(State(store): State<Store>, _: Admin) -> Result<Json<Invited>, Failure> {
    let invitation = store.invite(false, SystemTime::now()).await?;
    Ok(Json(Invited { invitation: invitation.as_str().to_owned() }))
}

#[derive(Deserialize)]
struct ToAll {
    text: Words,
}

/// To everybody in every channel, on every node.
async fn notice(
    State(rooms): State<Rooms>,
    Admin(admin): Admin,
    Json(ToAll { text }): Json<ToAll>,
) -> Result<StatusCode, Failure> {
    let notice = Notice { name: admin.name, text: text.into(), at: AsNumber(milliseconds_since_1970()) };
    rooms.broadcast_all::<Chat>(&Heard::Notice(notice)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// For good: the database first, which lets nobody back in, and then whoever is here.
async fn remove(State(app): State<App>, Admin(admin): Admin, Path(person): Path<i64>) -> Result<StatusCode, Failure> {
    if person == admin.id {
        return Err(Failure::Unfit("Nobody removes themselves: somebody has to stay.".into()));
    }
    if !app.store.remove(person, SystemTime::now()).await? {
        return Err(Failure::Nobody);
    }
    if let Some(user) = user_of(person) {
        app.rooms.kick_user(&user, &format!("removed by {}", admin.name)).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

impl FromRequestParts<App> for Signed {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let session = session_in(&parts.headers).ok_or(Failure::NotSignedIn)?;
        app.store.signed(&session, SystemTime::now()).await?.ok_or(Failure::NotSignedIn)
    }
}

struct Admin(Person);

impl FromRequestParts<App> for Admin {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Signed { person, .. } = Signed::from_request_parts(parts, app).await?;
        if person.is_admin { Ok(Self(person)) } else { Err(Failure::NotAdmin) }
    }
}
