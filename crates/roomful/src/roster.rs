//! Who is in a room, as the app reads it.

use std::any::type_name;

use roomful_core::{Json, MemberId};
use roomful_runtime::Member;
use serde::de::DeserializeOwned;

/// The entries with their states and infos of these types. One that is of another is left out, and said once: a client that has
/// set it must not keep the others from being seen.
pub(crate) fn typed<P: DeserializeOwned, I: DeserializeOwned>(roster: Vec<Member<Json, Json>>) -> Vec<Member<P, I>> {
    let (mut states, mut infos) = (Unread::default(), Unread::default());
    let mut typed = |member: Member<Json, Json>| {
        member.filter_map(|id, state| states.read(id, &state), |id, info| infos.read(id, &info))
    };
    let members = roster.into_iter().map(&mut typed).collect();
    states.tell("a state", type_name::<P>());
    infos.tell("an info", type_name::<I>());
    members
}

/// What of a roster was not read.
#[derive(Default)]
struct Unread {
    count: usize,
    first: Option<(MemberId, serde_json::Error)>,
}

impl Unread {
    fn read<T: DeserializeOwned>(&mut self, member: &MemberId, json: &Json) -> Option<T> {
        let decoded = json.decode().map_err(|error| {
            self.count += 1;
            self.first.get_or_insert_with(|| (member.clone(), error));
        });
        decoded.ok()
    }

    fn tell(self, what: &str, as_type: &str) {
        let Self { count: unread, first } = self;
        if let Some((member, why)) = first {
            tracing::warn!(%member, %why, unread, "{what} is not read as `{as_type}`, and is left out");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_or_an_info_of_another_type_is_left_out_and_nobody_with_it() {
        let roster = serde_json::json!([
            { "id": "ann", "state": 1, "info": "host" },
            { "id": "ben", "state": "one", "info": "guest" },
            { "id": "cy" },
            { "id": "dan", "state": { "n": 1 }, "info": 1 },
            { "id": "eve", "state": 2, "info": null },
        ]);
        let roster = serde_json::from_str(&roster.to_string()).unwrap();
        let members: Vec<_> = typed::<u8, String>(roster)
            .into_iter()
            .map(|member| (member.id.to_string(), member.state, member.info))
            .collect();
        let expected = [
            ("ann", Some(1), Some("host")),
            ("ben", None, Some("guest")),
            ("cy", None, None),
            ("dan", None, None),
            ("eve", Some(2), None),
        ];
        assert_eq!(members, expected.map(|(id, state, info)| (id.to_owned(), state, info.map(str::to_owned))));
    }
}
