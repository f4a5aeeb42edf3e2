//! Every metric, in one place, but for `roomful_socket_writes_total` and `roomful_http_cut_total`, which are counted where the
//! sockets are: in `roomful-axum`. No label is ever a room's key or a member: a label's values must be few.
//!
//! | metric | kind | labels |
//! |---|---|---|
//! | `roomful_connections_opened_total` | counter | `module`, `room` |
//! | `roomful_connections_closed_total` | counter | `code` |
//! | `roomful_denied_total` | counter | `module`, `room` |
//! | `roomful_refused_total` | counter | `reason` |
//! | `roomful_sockets_cut_off_total` | counter | `bound` |
//! | `roomful_rooms`, `roomful_feeds`, `roomful_members`, `roomful_members_held` | gauge | |
//! | `roomful_sessions_resumed_total` | counter | `missed` |
//! | `roomful_sessions_given_away_total` | counter | `missed` |
//! | `roomful_sessions_let_go_total` | counter | `bound` |
//! | `roomful_log_let_go_total` | counter | `bound` |
//! | `roomful_bytes_held` | gauge | |
//! | `roomful_closed_for_memory_total` | counter | |
//! | `roomful_frames_received_total` | counter | |
//! | `roomful_frames_delivered_total` | counter | |
//! | `roomful_socket_writes_total` | counter | |
//! | `roomful_http_cut_total` | counter | `reason` |
//! | `roomful_frames_dropped_total` | counter | `reason` |
//! | `roomful_reads_paused_total` | counter | |
//! | `roomful_presence_conflated_total` | counter | |
//! | `roomful_outbox_overflows_total` | counter | |
//! | `roomful_overloaded_total` | counter | |
//! | `roomful_handler_failures_total` | counter | `hook` |
//! | `roomful_hooks_blocked_total` | counter | `hook` |
//! | `roomful_members_lost_total`, those that died with their node and of which this one has told the app | counter | |
//! | `roomful_history_total`, messages of rooms whose history is in the broker, by whether that has taken them | counter | `became`: `taken`, `not_taken` |
//! | `roomful_users_let_go_total` | counter | |
//! | `roomful_tap_frames_dropped_total` | counter | |

use metrics::{counter, gauge};

pub(crate) fn connection_opened(module: &str, room: &str) {
    counter!("roomful_connections_opened_total", "module" => module.to_owned(), "room" => room.to_owned()).increment(1);
}

pub(crate) fn connection_closed(code: u16) {
    // Any of three thousand codes may come from a peer; the ranges are what an operator acts upon.
    let code = match code {
        3000..=3999 => "3xxx".to_owned(),
        4000..=4999 if !matches!(code, 4400 | 4401 | 4403 | 4409 | 4410 | 4429) => "4xxx".to_owned(),
        _ => code.to_string(),
    };
    counter!("roomful_connections_closed_total", "code" => code).increment(1);
}

/// A connection was not let in.
pub fn denied(module: &str, room: &str) {
    counter!("roomful_denied_total", "module" => module.to_owned(), "room" => room.to_owned()).increment(1);
}

/// Nobody may come now, whoever it is, or nobody of this user or address.
pub(crate) fn refused(reason: &'static str) {
    counter!("roomful_refused_total", "reason" => reason).increment(1);
}

/// A socket that waited for its peer's part of the end was dropped for another.
pub(crate) fn socket_cut_off(bound: &'static str) {
    counter!("roomful_sockets_cut_off_total", "bound" => bound).increment(1);
}

// Gauges are counted up and down, not set: two threads that set one may do so in the wrong order, and it would lie until
// the next change.

/// What was said in a room whose history is in the broker was heard back, or is not waited for any more.
pub(crate) fn word_settled(is_taken: bool) {
    let became = if is_taken { "taken" } else { "not_taken" };
    counter!("roomful_history_total", "became" => became).increment(1);
}

pub(crate) fn room_began() {
    gauge!("roomful_rooms").increment(1.0);
}

pub(crate) fn room_ended() {
    gauge!("roomful_rooms").decrement(1.0);
}

pub(crate) fn feed_began() {
    gauge!("roomful_feeds").increment(1.0);
}

pub(crate) fn feed_ended() {
    gauge!("roomful_feeds").decrement(1.0);
}

pub(crate) fn member_joined() {
    gauge!("roomful_members").increment(1.0);
}

pub(crate) fn member_left() {
    gauge!("roomful_members").decrement(1.0);
}

/// A member lost its socket, and keeps its place for a while.
pub(crate) fn member_held() {
    gauge!("roomful_members_held").increment(1.0);
}

/// One that was held is back, or is at its end.
pub(crate) fn member_held_no_more() {
    gauge!("roomful_members_held").decrement(1.0);
}

/// Somebody came back for its member: with all that it missed, or without.
pub(crate) fn session_resumed(with_all: bool) {
    let missed = if with_all { "sent" } else { "lost" };
    counter!("roomful_sessions_resumed_total", "missed" => missed).increment(1);
}

/// A member's session was given to another node, where its client is: with all that it missed, or without.
pub(crate) fn session_given_away(with_all: bool) {
    let missed = if with_all { "sent" } else { "lost" };
    counter!("roomful_sessions_given_away_total", "missed" => missed).increment(1);
}

/// A session was let go of because of this bound, before its grace was over.
pub(crate) fn session_let_go(bound: &'static str) {
    counter!("roomful_sessions_let_go_total", "bound" => bound).increment(1);
}

/// Somebody came back whom only the seal of its token knows: what it missed nobody does.
pub(crate) fn session_unsealed() {
    counter!("roomful_sessions_resumed_total", "missed" => "unknown").increment(1);
}

/// So many messages are not kept any more because of this bound, though somebody might still come back and ask for them.
pub(crate) fn log_let_go(bound: &'static str, messages: usize) {
    // Each message is kept, and few are too many: what is not counted is not looked up.
    if messages > 0 {
        counter!("roomful_log_let_go_total", "bound" => bound).increment(messages as u64);
    }
}

pub(crate) fn bytes_held(now: usize, before: usize) {
    gauge!("roomful_bytes_held").increment(now as f64 - before as f64);
}

pub(crate) fn closed_for_memory() {
    counter!("roomful_closed_for_memory_total").increment(1);
}

pub(crate) fn frame_received() {
    counter!("roomful_frames_received_total").increment(1);
}

pub(crate) fn delivered(frames: usize) {
    counter!("roomful_frames_delivered_total").increment(frames as u64);
}

pub(crate) fn frame_dropped(reason: &'static str) {
    counter!("roomful_frames_dropped_total", "reason" => reason).increment(1);
}

pub(crate) fn read_paused() {
    counter!("roomful_reads_paused_total").increment(1);
}

pub(crate) fn presence_conflated() {
    counter!("roomful_presence_conflated_total").increment(1);
}

pub(crate) fn outbox_overflowed() {
    counter!("roomful_outbox_overflows_total").increment(1);
}

/// Messages of other nodes that came while the sockets were behind.
pub(crate) fn unheard(messages: u64) {
    counter!("roomful_cluster_dropped_total", "where" => "sockets").increment(messages);
}

pub(crate) fn overloaded() {
    counter!("roomful_overloaded_total").increment(1);
}

/// A hook returned an error or panicked.
pub fn handler_failed(hook: &'static str) {
    counter!("roomful_handler_failures_total", "hook" => hook).increment(1);
}

/// The app was told of a member that died with its node.
pub(crate) fn member_lost() {
    counter!("roomful_members_lost_total").increment(1);
}

/// A hook held its thread for longer than one may.
pub(crate) fn hook_blocked(hook: &'static str) {
    counter!("roomful_hooks_blocked_total", "hook" => hook).increment(1);
}

/// A user has gone before its moment was over, because too many lingered.
pub(crate) fn user_let_go() {
    counter!("roomful_users_let_go_total").increment(1);
}

/// So many frames of a room that an operator watches are dropped, because nobody has read those before them.
pub(crate) fn tap_dropped(frames: usize) {
    // Few are: what is not counted is not looked up.
    if frames > 0 {
        counter!("roomful_tap_frames_dropped_total").increment(frames as u64);
    }
}
