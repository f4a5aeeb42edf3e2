//! What waits for each client, for whoever looks for those who read slowly.

use std::collections::HashMap;

use roomful_core::MemberId;

use super::Inspection;
use crate::held::member_of;

/// Members that are gone over without giving the list of all of them back. 256: a few microseconds, and who comes or goes waits for it.
const AT_ONCE: usize = 256;

/// The most that waits for one member of each room, among those that were gone over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Outboxes {
    /// By the room's number; a room for none of whose members anything waits is not among them.
    pub most: HashMap<u64, usize>,
    /// The last that was gone over. `None`: there are no more behind it.
    pub next: Option<MemberId>,
}

impl Inspection {
    /// Goes over those who come behind this member, at most so many. No room and no inbox is locked for it.
    #[must_use]
    pub fn outboxes(&self, after: Option<&MemberId>, most: usize) -> Outboxes {
        let mut outboxes = Outboxes { most: HashMap::new(), next: after.cloned() };
        let mut left = most;
        while left > 0 {
            let at_once = left.min(AT_ONCE);
            let some = self.app.hub().everybody_after(outboxes.next.as_ref(), at_once);
            outboxes.next = some.last().filter(|_| some.len() == at_once).map(|(last, _)| last.clone());
            left = if outboxes.next.is_some() { left - at_once } else { 0 };
            for member in some.into_iter().filter_map(|(_, occupant)| member_of(occupant)) {
                let waits = member.line().map_or(0, |line| line.held() + line.transport().held_bytes());
                if let Some(room) = member.room().filter(|_| waits > 0) {
                    let most = outboxes.most.entry(room.id().0.get()).or_default();
                    *most = waits.max(*most);
                }
            }
        }
        outboxes
    }
}
