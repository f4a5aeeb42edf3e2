//! Who has a member that two nodes speak for.

use super::Incarnation;
use crate::Generation;

/// What a node says when it speaks for a member. Of two claims to one member the higher has it: the one that took it over more
/// often, and of two that did so at once, the newer node. The order is total and every node knows all of it, so all of them
/// come to one verdict without asking anybody.
///
/// ```
/// use roomful_core::Generation;
/// use roomful_core::cluster::{Claim, Incarnation, NodeName};
///
/// let node = |start| NodeName::parse("web").map(|name| Incarnation { start, name, random: 7 });
/// let taken_over = Claim { generation: Generation(1), incarnation: node(10)? };
/// assert!(taken_over > Claim { generation: Generation(0), incarnation: node(90)? });
/// assert!(taken_over < Claim { generation: Generation(1), incarnation: node(11)? });
/// # Ok::<(), roomful_core::cluster::InvalidNodeName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// How often the member was taken over.
    pub generation: Generation,
    /// Who speaks for it.
    pub incarnation: Incarnation,
}
