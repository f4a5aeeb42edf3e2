//! What a module was given, until everything is checked.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use roomful_core::frame::EndpointKind;
use roomful_core::pattern::Pattern;
use roomful_runtime::{Definition, Endpoint, Terms};

use super::Mistake;
use super::checked::Checked;
use crate::Limits;
use crate::guard::BoxGuard;

/// What a module was given, its types forgotten.
pub(super) struct Pending {
    pub(super) name: String,
    pub(super) kind: EndpointKind,
    pub(super) pattern: &'static str,
    pub(super) shared: bool,
    pub(super) limits: Option<Limits>,
    pub(super) inline: bool,
    /// Whether the server says something of its members.
    pub(super) has_info: bool,
    /// The params that its own guards read.
    pub(super) needs: Vec<&'static str>,
    pub(super) erase: Erase,
}

/// Takes the guards around it.
type Erase = Box<dyn FnOnce(Vec<BoxGuard<()>>) -> Arc<dyn Endpoint>>;

impl Pending {
    /// What is wrong with it whatever the others are.
    pub(super) fn mistakes(&self, module: &str, app: &Limits) -> Vec<Mistake> {
        let is_blank = module.trim().is_empty() || self.name.trim().is_empty();
        let blank = is_blank.then(|| Mistake::BlankName { module: module.to_owned(), name: self.name.clone() });
        let wrong = self.limits.as_ref().map(|own| own.mistakes_within(app)).unwrap_or_default();
        let of = Some(format!("{module}/{}", self.name));
        let wrong = wrong.into_iter().map(|error| Mistake::Limit { of: of.clone(), error });
        blank.into_iter().chain(wrong).collect()
    }

    /// The params that the guards around it and its own read, each once.
    pub(super) fn needed(&self, guards: &[BoxGuard<()>]) -> Vec<&'static str> {
        let all = guards.iter().flat_map(BoxGuard::needs).chain(&self.needs);
        let mut needed = Vec::new();
        for param in all.copied() {
            if !needed.contains(&param) {
                needed.push(param);
            }
        }
        needed
    }

    pub(super) fn define(
        self,
        module: &str,
        guards: &[BoxGuard<()>],
        limits: &Arc<Limits>,
    ) -> Result<Checked, Mistake> {
        let pattern = Pattern::parse(self.pattern).map_err(|error| {
            let path = format!("{module}/{}", self.name);
            match self.kind {
                EndpointKind::Room => Mistake::Pattern { room: path, error },
                EndpointKind::Socket => Mistake::SocketPattern { socket: path, error },
                EndpointKind::Feed | EndpointKind::Live => Mistake::ListenedPattern { of: path, error },
            }
        })?;
        let terms = Terms {
            module: module.to_owned(),
            name: self.name,
            limits: self.limits.map_or_else(|| Arc::clone(limits), Arc::new),
            inline: self.inline,
            has_info: self.has_info,
            shows_everything: AtomicBool::new(false),
        };
        let definition =
            Definition { terms: Arc::new(terms), kind: self.kind, pattern, endpoint: (self.erase)(guards.to_vec()) };
        Ok(Checked { definition, shared: self.shared })
    }
}
