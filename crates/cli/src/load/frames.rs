//! What of a frame was said by members.

use serde::Deserialize;
use serde_json::value::RawValue;

/// As much of any frame as a load looks at.
#[derive(Debug, Deserialize)]
pub(super) struct Frame<'a> {
    #[serde(borrow, default)]
    t: Option<&'a str>,
    #[serde(borrow, default)]
    msg: Option<&'a RawValue>,
    #[serde(borrow, default)]
    state: Option<&'a RawValue>,
    /// Each `[N, S]`, or `[N]` for no state any more.
    #[serde(borrow, default)]
    of: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    members: Vec<Member<'a>>,
    #[serde(default)]
    id: Option<u64>,
    #[serde(borrow, default)]
    code: Option<&'a str>,
    #[serde(default)]
    acked: Option<u64>,
    #[serde(default)]
    resumed: Option<bool>,
    #[serde(borrow, default)]
    session: Option<&'a str>,
}

#[derive(Debug, Deserialize)]
struct Member<'a> {
    #[serde(borrow, default)]
    state: Option<&'a RawValue>,
}

/// What it says to the one that it came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told<'a> {
    /// The first frame of a connection. `is_remembered`: the server will know what this client said, if it comes back.
    Greeting {
        resumed: Option<bool>,
        acked: Option<u64>,
        is_remembered: bool,
    },
    Message(&'a str),
    States(Vec<&'a str>),
    /// What this client said up to this was handled.
    Ack(u64),
    Error {
        id: Option<u64>,
        code: &'a str,
    },
    /// Messages may be missing.
    Gap,
    Other,
}

impl<'a> Frame<'a> {
    /// `None` for what is no frame.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn told(&self) -> Told<'a> {
        match self.t.unwrap_or_default() {
            "snapshot" => {
                Told::Greeting { resumed: self.resumed, acked: self.acked, is_remembered: self.session.is_some() }
            }
            "msg" => self.msg.map_or(Told::Other, |msg| Told::Message(msg.get())),
            "presence" => Told::States(self.state.iter().map(|state| state.get()).collect()),
            "updates" => Told::States(self.of.iter().filter_map(|change| shown(change.get())).collect()),
            "ack" => self.id.map_or(Told::Other, Told::Ack),
            "error" => Told::Error { id: self.id, code: self.code.unwrap_or("unknown") },
            "gap" => Told::Gap,
            _ => Told::Other,
        }
    }

    /// Those in a snapshot.
    pub(super) fn roster(&self) -> impl Iterator<Item = &'a str> {
        self.members.iter().filter_map(|member| Some(member.state?.get()))
    }
}

/// The state in `[N, S]`.
fn shown(change: &str) -> Option<&str> {
    change.split_once(',')?.1.strip_suffix(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_found_in_each_frame_that_has_some() {
        let states = |text| match Frame::read(text).unwrap().told() {
            Told::States(states) => states,
            other => panic!("{other:?}"),
        };
        assert_eq!(states(r#"{"t":"updates","of":[[3,{"x":[1,2]}],[4],[5,null]]}"#), [r#"{"x":[1,2]}"#, "null"]);
        assert_eq!(states(r#"{"from":"a","t":"presence","op":"update","state":1}"#), ["1"]);
        assert_eq!(states(r#"{"from":"a","t":"presence","op":"leave"}"#), [""; 0]);
        let snapshot =
            Frame::read(r#"{"t":"snapshot","self":"a","members":[{"id":"a","state":7},{"id":"b"}],"acked":3}"#)
                .unwrap();
        assert_eq!(snapshot.roster().collect::<Vec<_>>(), ["7"]);
        assert_eq!(snapshot.told(), Told::Greeting { resumed: None, acked: Some(3), is_remembered: false });
    }
}
