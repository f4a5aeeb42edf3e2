//! Sessions: what makes a member outlive its socket, for as long as nobody has to wait for it too long.
//!
//! A client that lost its socket comes back with an [offer](Resume): a [`Token`] that names its session, and the number of the
//! last message that it has seen. [`ending`] says who is held until then at all. [`Sessions`] is what a room knows beside its
//! engine: whose tokens are good, and what was said lately, so that who comes back is sent what it missed or is told that this
//! cannot be had. [`Said`] is what one client has said: nothing of it is handled twice, and nothing is lost in silence.
//!
//! Nothing here holds a member, a timer or a socket. Whoever does asks these, in this order, when a client comes back:
//!
//! 1. [`Sessions::takes`]: is that its token?
//! 2. The old socket, where it still has one, counts no more: nothing that comes from it is given to [`Said::receive`] now.
//! 3. Under the room's lock: the engine takes [`Input::Return`](crate::room::Input::Return), and where its snapshot is due
//!    [`Sessions::resume`] says what is in it and what follows it, before anything newer.
//! 4. [`Said::resume`] says what the client is told again after that.
//! 5. What came from the new socket meanwhile, and all that comes later, is given to [`Said::receive`].

mod carried;
pub mod ending;
mod hash;
mod kept;
pub(crate) mod log;
mod longest;
mod offer;
mod said;
mod seal;
mod sessions;
mod token;

pub use carried::Carried;
pub use hash::{SessionHash, TokenHash};
pub use kept::{KeptSaid, KeptSession};
pub use log::{LetGo, LogLimits, To};
pub use longest::LongestFirst;
pub use offer::{Offered, Resume};
pub use said::{ACK_WITHIN_MS, AckDue, Arrival, Failure, MOST_OUT, MOST_UNACKED, Retold, Said};
pub use seal::{Seal, SealKey, Sealed};
pub use sessions::{Answer, GivenAway, Leaving, Sessions};
pub use token::{InvalidToken, Token, Tokens};
