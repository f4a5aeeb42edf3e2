//! Plain HTTP beside the rooms, as on axum: a room can be read and spoken into from any request.

use cursors::board::{Board, Said, Say};
use roomful::Rooms;
use roomful_worker::RoomsExt as _;
use serde_json::json;
use worker::{Env, Method, Request, Response};

/// `GET /api/boards/main` says who is there, `POST /api/boards/main/announcements` says something to all of them. `None`
/// where the request is for something else.
pub(crate) async fn fetch(request: &mut Request, env: &Env, rooms: &Rooms) -> worker::Result<Option<Response>> {
    let path = request.path();
    let Some(path) = path.strip_prefix("/api/boards/") else { return Ok(None) };
    let (board_id, rest) = path.split_once('/').unwrap_or((path, ""));
    let board = Board { board_id: board_id.to_owned() };
    if !board.is_well_named() {
        return Response::error("no board can have this name", 404).map(Some);
    }
    let room = rooms.on(env).at(&board);
    let answer = match (request.method(), rest) {
        (Method::Get, "") => {
            let members = room.members().await.map_err(|error| error.to_string())?;
            members.into_iter().map(|member| json!({ "id": member.id.to_string(), "cursor": member.state })).collect()
        }
        (Method::Post, "announcements") => {
            let Ok(Say { text }) = request.json().await else {
                return Response::error("an announcement is `{\"text\": ..}`", 422).map(Some);
            };
            let members = room.count().await.map_err(|error| error.to_string())?;
            room.broadcast(&Said::now(text)).await.map_err(|error| error.to_string())?;
            json!({ "members": members })
        }
        _ => return Response::error("not found", 404).map(Some),
    };
    Response::from_json(&answer).map(Some)
}
