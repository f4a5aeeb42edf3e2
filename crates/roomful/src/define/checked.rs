//! What was defined, held against what was defined before it.

use roomful_core::frame::EndpointKind;
use roomful_runtime::Definition;

use super::Mistake;

/// What is defined, and whether it shares its channel.
pub(super) struct Checked {
    pub(super) definition: Definition,
    pub(super) shared: bool,
}

/// The params that guards around it read, and that its channel does not have.
pub(super) fn missing_params(definition: &Definition, needed: Vec<&'static str>) -> Vec<Mistake> {
    let has = |param: &str| definition.pattern.params().any(|found| found.name() == param);
    let mistake = |param| Mistake::MissingParam {
        room: path(definition),
        pattern: definition.pattern.as_str().to_owned(),
        param,
    };
    needed.into_iter().filter(|param| !has(param)).map(mistake).collect()
}

/// What is wrong between a new room or socket and those before it.
pub(super) fn clashes(before: &[Checked], new: &Checked) -> Vec<Mistake> {
    let names = |old: &Checked| same_name(&old.definition, &new.definition);
    before.iter().flat_map(|old| [names(old), same_topic(old, new)]).flatten().collect()
}

fn same_name(old: &Definition, new: &Definition) -> Option<Mistake> {
    if (&old.terms.module, &old.terms.name) != (&new.terms.module, &new.terms.name) {
        return None;
    }
    let (module, name) = (new.terms.module.clone(), new.terms.name.clone());
    Some(match (old.kind, new.kind) {
        (EndpointKind::Room, EndpointKind::Room) => Mistake::DuplicateRoom { module, room: name },
        (EndpointKind::Socket, EndpointKind::Socket) => Mistake::DuplicateSocket { module, socket: name },
        (EndpointKind::Room, EndpointKind::Socket) | (EndpointKind::Socket, EndpointKind::Room) => {
            Mistake::RoomAndSocket { module, name }
        }
        (first, second) => Mistake::DuplicateName { module, name, first: what(first), second: what(second) },
    })
}

fn what(kind: EndpointKind) -> &'static str {
    match kind {
        EndpointKind::Room => "room",
        EndpointKind::Socket => "socket",
        EndpointKind::Feed => "feed",
        EndpointKind::Live => "live value",
    }
}

/// A socket is in no topic, live values of one are apart, and what is published is no room's.
fn same_topic(old: &Checked, new: &Checked) -> Option<Mistake> {
    let meant = old.shared && new.shared;
    let (old, new) = (&old.definition, &new.definition);
    if old.kind == EndpointKind::Feed && new.kind == EndpointKind::Feed {
        return (!meant && old.pattern.overlaps(&new.pattern)).then(|| Mistake::SharedFeed {
            first: path(old),
            first_pattern: old.pattern.as_str().to_owned(),
            second: path(new),
            second_pattern: new.pattern.as_str().to_owned(),
        });
    }
    if old.kind != EndpointKind::Room || new.kind != EndpointKind::Room {
        return None;
    }
    if old.pattern.as_str() == new.pattern.as_str() {
        let pattern = new.pattern.as_str().to_owned();
        return (!meant).then(|| Mistake::DuplicateChannel { first: path(old), second: path(new), pattern });
    }
    old.pattern.overlaps(&new.pattern).then(|| Mistake::OverlappingChannels {
        first: path(old),
        first_pattern: old.pattern.as_str().to_owned(),
        second: path(new),
        second_pattern: new.pattern.as_str().to_owned(),
    })
}

/// As the log and a mistake name it.
pub(super) fn path(definition: &Definition) -> String {
    format!("{}/{}", definition.terms.module, definition.terms.name)
}
