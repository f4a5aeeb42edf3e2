//! What an object is named by.

use roomful_core::pattern::Topic;

/// The object of a topic's room, or that of those who listen to it: of one key the two never meet.
pub(crate) fn of_topic(topic: &Topic, is_heard: bool) -> String {
    if is_heard { topic.of_listeners().as_str().to_owned() } else { topic.as_str().to_owned() }
}

#[cfg(test)]
mod tests {
    use roomful_core::key::Params;
    use roomful_core::pattern::Pattern;

    use super::*;

    #[test]
    fn no_room_has_the_name_of_what_is_listened_to() {
        let topic = |pattern: &str, id: &str| {
            let params = Params::from_iter([("id", id)]);
            Pattern::parse(pattern).unwrap().topic(&params).unwrap()
        };
        assert_eq!(of_topic(&topic("board/:id", "x"), false), "board/x");
        assert_eq!(of_topic(&topic("board/:id", "x"), true), ":heard/board/x");
        for (pattern, id) in [(":id/board/x", ":heard"), ("heard/:id", "board/x"), (":id", ":heard/board/x")] {
            assert!(!of_topic(&topic(pattern, id), false).starts_with(':'), "{pattern} of {id}");
        }
        for pattern in [":heard/", ":heard/board/:id?", ":/board"] {
            let is_literal = Pattern::parse(pattern).is_ok_and(|pattern| {
                pattern.topic(&Params::default()).is_ok_and(|topic| topic.as_str().starts_with(':'))
            });
            assert!(!is_literal, "{pattern} names a room");
        }
    }
}
