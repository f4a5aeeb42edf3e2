//! What is shown, as JSON.

use std::cmp::Ordering;
use std::time::UNIX_EPOCH;

use roomful_core::key::query_value;
use roomful_core::{Dialect, Json, MemberId};
use roomful_runtime::{
    ClusterHealth, ConnectionView, Inspection, LimitHit, NodeHealth, Phase, RosterView, TapRead, TappedFrame,
};
use serde_json::{Value, json};

use crate::sample::{Rates, Sample, SampledRoom};

/// The process as a whole.
pub(crate) fn summary(inspection: &Inspection, sample: &Sample) -> Value {
    let process = inspection.process();
    let limits = inspection.limits();
    let stats = process.stats;
    json!({
        "at": sample.at,
        "every_ms": limits.inspect_ms,
        "time_ms": inspection.system_time().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64),
        "rooms": stats.rooms, "feeds": stats.feeds, "members": stats.members, "connections": stats.connections,
        "tasks": stats.tasks, "bytes": stats.bytes, "most_bytes": process.most_bytes,
        "sockets": process.sockets, "departed": process.departed, "held": process.held, "taps": process.taps,
        "most": {
            "rooms": limits.rooms, "connections": limits.connections, "held": limits.held_members, "taps": limits.taps,
        },
        "draining": process.is_draining,
        "rates": sample.rates.map(rates),
        "rooms_left_out": sample.rooms_in_all - sample.rooms.len(),
        "hits": inspection.hits().iter().map(|hit| of_hit(hit, inspection.now())).collect::<Vec<_>>(),
        "cluster": process.cluster.as_ref().map(cluster),
    })
}

/// A page of the rooms: `sort`, `q` that their topics contain, `from`.
pub(crate) fn rooms(inspection: &Inspection, sample: &Sample, query: &str) -> Value {
    let wanted = query_value(query, "q").unwrap_or_default().to_lowercase();
    let from = query_value(query, "from").and_then(|from| from.parse().ok()).unwrap_or(0_usize);
    let sort = query_value(query, "sort").unwrap_or_default();
    let is_wanted = |room: &&SampledRoom| room.view.topic.to_lowercase().contains(&wanted);
    let mut rooms: Vec<_> = sample.rooms.iter().filter(is_wanted).collect();
    rooms.sort_by(|a, b| compare(&sort, a, b).then_with(|| a.view.topic.cmp(&b.view.topic)));
    let page = rooms.iter().skip(from).take(inspection.limits().inspect_page);
    json!({
        "at": sample.at,
        "from": from,
        "most": inspection.limits().inspect_page,
        "found": rooms.len(),
        "rooms_in_all": sample.rooms_in_all,
        "rooms_left_out": sample.rooms_in_all - sample.rooms.len(),
        "rooms": page.map(|room| of_room(inspection, room)).collect::<Vec<_>>(),
    })
}

/// The most first, but for names.
fn compare(sort: &str, a: &SampledRoom, b: &SampledRoom) -> Ordering {
    let by_rate = |of: fn(&Rates) -> f64| {
        let rate = |room: &SampledRoom| room.rates.as_ref().map_or(0.0, of);
        rate(b).total_cmp(&rate(a))
    };
    match sort {
        "topic" => Ordering::Equal,
        "in" => by_rate(|rates| rates.received),
        "out" => by_rate(|rates| rates.delivered),
        "bytes" => by_rate(|rates| rates.delivered_bytes),
        "conflated" => by_rate(|rates| rates.conflated),
        "slowest" => b.slowest.cmp(&a.slowest),
        _ => b.view.totals.members.cmp(&a.view.totals.members),
    }
}

/// One room and a page of its roster: `topic`, `after`, `payloads`. A room that nobody is in is `null`, and no error: a browser would
/// complain of that.
pub(crate) fn room(inspection: &Inspection, sample: &Sample, query: &str) -> Value {
    let topic = query_value(query, "topic").unwrap_or_default();
    let after = query_value(query, "after").and_then(|after| after.parse().ok());
    let Some(view) = inspection.room(&topic) else {
        return json!({ "at": sample.at, "room": null, "roster": [], "next": null });
    };
    let sampled = sample.room(view.number);
    let room = SampledRoom {
        rates: sampled.and_then(|room| room.rates),
        slowest: sampled.map_or(0, |room| room.slowest),
        view,
    };
    let most = inspection.limits().inspect_page;
    let roster = inspection.roster(&topic, after, most);
    let next = roster.last().filter(|_| roster.len() == most).map(|last| last.place);
    let payloads = is_set(query, "payloads").then_some(inspection.limits().tap_payload_bytes);
    json!({
        "at": sample.at,
        "room": of_room(inspection, &room),
        "roster": roster.iter().map(|line| of_line(line, payloads)).collect::<Vec<_>>(),
        "next": next,
    })
}

/// A page of the connections: `after`, and `only`, which is what one of them waits for, or `slow`.
pub(crate) fn connections(inspection: &Inspection, query: &str) -> Value {
    let only = query_value(query, "only").unwrap_or_default();
    let most = inspection.limits().inspect_page;
    let mut after = query_value(query, "after").and_then(|after| MemberId::parse(&after).ok());
    let mut found = Vec::new();
    let mut left = inspection.limits().inspect_connections;
    while left > 0 {
        // No more than are missing, so that none is gone over and left out.
        let at_once = left.min(most - found.len());
        let (some, last) = inspection.connections(after.as_ref(), at_once);
        after = last;
        left -= at_once;
        found.extend(some.into_iter().filter(|connection| is_wanted(connection, &only)));
        if after.is_none() || found.len() >= most {
            break;
        }
    }
    json!({
        "at": inspection.now(),
        "connections": found.iter().map(connection).collect::<Vec<_>>(),
        "next": after.map(|after| after.to_string()),
    })
}

fn is_wanted(connection: &ConnectionView, only: &str) -> bool {
    match only {
        "" => true,
        "slow" => connection.outbox_bytes > 0,
        only => connection.phase.as_str() == only,
    }
}

/// What has come to a tap: `tap`, `after`.
pub(crate) fn tap(inspection: &Inspection, query: &str) -> Option<Value> {
    let number = |name| query_value(query, name).and_then(|number| number.parse().ok());
    let TapRead { frames, dropped, is_over, .. } =
        inspection.read_tap(number("tap")?, number("after").unwrap_or_default())?;
    let frames: Vec<_> = frames.iter().map(|frame| of_frame(frame, inspection.now())).collect();
    Some(json!({ "frames": frames, "dropped": dropped, "over": is_over }))
}

/// Whether the query says so.
pub(crate) fn is_set(query: &str, name: &str) -> bool {
    query_value(query, name).is_some_and(|value| matches!(&*value, "1" | "true"))
}

fn of_room(inspection: &Inspection, SampledRoom { view, rates: of_rates, slowest }: &SampledRoom) -> Value {
    let totals = &view.totals;
    let names = inspection.names(&view.topic).into_iter().map(|(module, name)| format!("{module}/{name}"));
    json!({
        "topic": view.topic,
        "names": names.collect::<Vec<_>>(),
        "members": totals.members,
        "sockets": totals.sockets,
        "slowest_bytes": slowest,
        "rates": of_rates.map(rates),
        "totals": {
            "in": totals.received, "in_bytes": totals.received_bytes,
            "out": totals.delivered, "out_bytes": totals.delivered_bytes, "conflated": totals.conflated,
        },
    })
}

fn rates(rates: Rates) -> Value {
    json!({
        "in": rates.received, "in_bytes": rates.received_bytes,
        "out": rates.delivered, "out_bytes": rates.delivered_bytes, "conflated": rates.conflated,
    })
}

/// `payloads`: how many bytes of each are shown, where any are.
fn of_line(line: &RosterView, payloads: Option<usize>) -> Value {
    let shown = |json: &Option<Json>| {
        let text = json.as_ref().map(Json::as_str).zip(payloads);
        text.map(|(text, most)| &text[..text.floor_char_boundary(most)]).map(str::to_owned)
    };
    let size = |json: &Option<Json>| json.as_ref().map(Json::size);
    json!({
        "id": line.id.as_str(),
        "user": line.user.as_ref().map(|user| user.as_str()),
        "away": line.away,
        "node": format!("{:016x}", line.node.0),
        "info_bytes": size(&line.info), "state_bytes": size(&line.state),
        "info": shown(&line.info), "state": shown(&line.state),
        "connection": line.connection.as_ref().map(connection),
    })
}

fn connection(view: &ConnectionView) -> Value {
    let left_ms = match view.phase {
        Phase::Away(left_ms) => Some(left_ms),
        _ => None,
    };
    json!({
        "id": view.id.as_str(),
        "endpoint": view.endpoint.as_ref().map(|(module, name)| format!("{module}/{name}")),
        "topic": view.topic,
        "user": view.user.as_ref().map(|user| user.as_str()),
        "peer": view.peer.map(|peer| peer.to_string()),
        "dialect": view.dialect.map(|dialect| match dialect {
            Dialect::Plain => "plain",
            Dialect::V1 => "v1",
        }),
        "age_ms": view.age_ms,
        "queued": view.queued_frames, "queued_bytes": view.queued_bytes, "outbox_bytes": view.outbox_bytes,
        "phase": view.phase.as_str(),
        "left_ms": left_ms,
        "waits_for": waits_for(view),
    })
}

/// In words, for whoever asks why nothing happens.
fn waits_for(view: &ConnectionView) -> &'static str {
    match view.phase {
        Phase::Opening => "its guards, `data` and seed",
        Phase::Waiting => "its room's next tick",
        Phase::Working => "a hook that runs",
        Phase::Away(_) => "its client, which has lost its socket",
        Phase::Closing => "its client's close frame, and what it said before",
        Phase::Leaving => "its last hooks",
        _ if view.outbox_bytes > 0 => "its client, which reads slowly",
        _ => "nothing",
    }
}

fn of_frame(frame: &TappedFrame, now: u64) -> Value {
    json!({
        "number": frame.number,
        "ago_ms": now.saturating_sub(frame.at),
        "kind": frame.kind.as_str(),
        "from": frame.from.as_ref().map(MemberId::as_str),
        "to": frame.to.as_ref().map(MemberId::as_str),
        "count": frame.count,
        "bytes": frame.bytes,
        "payload": frame.payload,
    })
}

fn of_hit(hit: &LimitHit, now: u64) -> Value {
    json!({
        "limit": hit.limit, "times": hit.times, "bound": hit.bound, "most_asked": hit.most_asked,
        "ago_ms": now.saturating_sub(hit.last),
    })
}

fn cluster(health: &ClusterHealth) -> Value {
    let of_peer = |peer: &NodeHealth| {
        json!({
            "node": peer.node, "incarnation": peer.incarnation, "live": peer.is_live, "draining": peer.is_draining,
            "silent_ms": peer.silent_ms, "rooms": peer.rooms,
        })
    };
    json!({
        "node": health.node, "incarnation": health.incarnation, "well": health.is_well,
        "superseded": health.is_superseded, "linked": health.is_linked, "rooms": health.rooms,
        "peers": health.peers.iter().map(of_peer).collect::<Vec<_>>(),
    })
}
