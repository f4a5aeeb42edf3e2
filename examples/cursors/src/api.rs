//! Plain HTTP beside the rooms: a room can be read and spoken into from any handler.
//!
//! Whoever can reach this server may call these. In a service of yours they would ask who is calling.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use roomful::Rooms;
use serde::Serialize;

use cursors::board::{Board, CursorState, Said, Say};

pub(crate) fn router(rooms: Rooms) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/api/boards/{board_id}", get(who_is_here))
        .route("/api/boards/{board_id}/announcements", post(announce))
        .with_state(rooms)
}

/// Whether a load balancer should send visitors here: not while this node does not hear the others.
async fn health(State(rooms): State<Rooms>) -> StatusCode {
    let is_isolated = rooms.cluster().is_some_and(|health| !health.is_well);
    if is_isolated { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

/// `curl localhost:3000/api/boards/main`
async fn who_is_here(State(rooms): State<Rooms>, Path(board_id): Path<String>) -> Result<Json<Vec<Visitor>>, Failure> {
    let members = rooms.at(&board(board_id)?).members().await?;
    Ok(Json(members.into_iter().map(|member| Visitor { id: member.id.to_string(), cursor: member.state }).collect()))
}

/// `curl localhost:3000/api/boards/main/announcements --json '{"text":"Lunch!"}'`
async fn announce(
    State(rooms): State<Rooms>,
    Path(board_id): Path<String>,
    Json(Say { text }): Json<Say>,
) -> Result<Json<Announced>, Failure> {
    let board = rooms.at(&board(board_id)?);
    let members = board.count().await?;
    board.broadcast(&Said::now(text)).await?;
    Ok(Json(Announced { members }))
}

#[derive(Serialize)]
struct Visitor {
    id: String,
    cursor: Option<CursorState>,
}

/// How many were there to hear it.
#[derive(Serialize)]
struct Announced {
    members: usize,
}

fn board(board_id: String) -> Result<Board, Failure> {
    let board = Board { board_id };
    if board.is_well_named() { Ok(board) } else { Err(Failure::NoSuchBoard) }
}

enum Failure {
    NoSuchBoard,
    Room(roomful::Error),
}

impl From<roomful::Error> for Failure {
    fn from(error: roomful::Error) -> Self {
        Self::Room(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::NoSuchBoard => (StatusCode::NOT_FOUND, "no board can have this name").into_response(),
            Self::Room(error) => {
                tracing::error!(%error, "a board could not be read or spoken into");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}
