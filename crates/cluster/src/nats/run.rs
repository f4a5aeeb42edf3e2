//! A run of numbers, and what a server says of a word that has one of them.

use std::sync::Arc;

use async_nats::Message;
use roomful_core::cluster::Subject;
use uuid::Uuid;

use crate::Kept;
use crate::names::Names;

/// What each stream of ours is called at first.
const PREFIX: &str = "roomful";

/// A stream's name, which is that of a run of numbers: the app, the number that all of it are above, and a random part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) name: Arc<str>,
    base: u64,
}

impl Run {
    pub(super) fn begin(app: &str, base: u64, random: Uuid) -> Self {
        Self { name: format!("{PREFIX}_{app}_{base}_{}", random.simple()).into(), base }
    }

    /// `None`: it is no stream of ours.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let mut parts = name.strip_prefix(PREFIX)?.strip_prefix('_')?.split('_');
        let (_app, base, _random) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
        parts.next().is_none().then(|| Self { name: name.into(), base })
    }

    /// The room's number for what has this one in the stream.
    pub(super) fn number(&self, seq: u64) -> u64 {
        self.base.saturating_add(seq)
    }

    /// The other way round, and 0 for what is below all.
    pub(super) fn seq(&self, number: u64) -> u64 {
        number.saturating_sub(self.base)
    }
}

/// Something that a stream has taken and the server says to its room. `None`: a node has said it.
pub(super) fn said(message: &Message) -> Option<(Subject, Run, Kept)> {
    let headers = message.headers.as_ref()?;
    let header = |name: &str| headers.get(name).map(|value| value.as_str());
    let run = Run::parse(header("Nats-Stream")?)?;
    let room = Names::room_of(message.subject.as_bytes())?;
    let number = |name| header(name)?.parse::<u64>().ok().map(|seq| run.number(seq));
    let (seq, after) = (number("Nats-Sequence")?, number("Nats-Last-Sequence")?);
    Some((room, run, Kept { seq, after, word: message.payload.clone() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_known_by_its_name_and_what_else_there_is_is_none() {
        let run = Run::begin("9a35", 1_700, Uuid::from_u128(7));
        assert_eq!(&*run.name, "roomful_9a35_1700_00000000000000000000000000000007");
        assert_eq!(Run::parse(&run.name), Some(run.clone()));
        assert_eq!((run.number(3), run.seq(1_703), run.seq(9)), (1_703, 3, 0));
        for name in ["", "roomful", "roomful_a_b_c", "roomful_a_1", "roomful_a_1_b_c", "other_a_1_b"] {
            assert_eq!(Run::parse(name), None, "{name}");
        }
    }
}
