//! A guard in front of something that is no room.

use roomful_runtime::{Denial, DenialReason, UpgradeRequest, caught};

use crate::guard::BoxGuard;
use crate::{Guard, Upgrade};

/// For a crate that shows operators what goes on: one guard, whatever its type, that each request has to pass.
#[derive(Clone)]
pub struct Gate(BoxGuard<()>);

impl Gate {
    /// Only whom this guard lets in.
    pub fn new(guard: impl Guard) -> Self {
        Self(BoxGuard::new(guard))
    }

    /// Whether this request may pass.
    ///
    /// # Errors
    ///
    /// What the guard says, and its panic.
    pub async fn check(&self, request: UpgradeRequest) -> Result<(), Denial> {
        let upgrade = Upgrade::new(request);
        let why = match caught(|| async { Ok(self.0.check(upgrade).await) }).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(deny)) => deny.into_reason(),
            Err(error) => DenialReason::Failed(error),
        };
        Err(Denial { hook: "guard", why })
    }
}
