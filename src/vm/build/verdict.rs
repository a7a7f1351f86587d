//! Which derivation is to blame that something was not built.

use super::log::Log;
use super::{BuildError, Order};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use store::StorePath;

/// A derivation that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failure {
    /// Why, in one line.
    pub why: String,
    /// The end of its log.
    pub log: Vec<String>,
}

/// What went wrong in a run of builders.
#[derive(Default)]
pub(super) struct Verdicts {
    failed: BTreeMap<StorePath, Failure>,
    // What is said of what has failed for no known reason.
    rest: Option<(Option<StorePath>, Failure)>,
}

impl Verdicts {
    /// Adds a derivation that failed.
    pub fn add(&mut self, drv: StorePath, failure: Failure) {
        self.failed.entry(drv).or_insert(failure);
    }

    /// Adds what a log says, and that builds were ended if they were. `log_of` returns what the builder of one derivation
    /// has said.
    pub fn read(
        &mut self,
        log: &Log,
        late: Option<String>,
        log_of: &mut dyn FnMut(&StorePath) -> Result<Vec<String>, BuildError>,
    ) -> Result<(), BuildError> {
        for (drv, why) in log.failed() {
            let mut own = log_of(drv)?;
            if own.is_empty() {
                own = log.last();
            }
            let why = why.clone();
            self.add(drv.clone(), Failure { why, log: own });
        }
        let (what, why) = match late {
            Some(late) => (None, late),
            None => log.verdict(),
        };
        self.rest = Some((what, Failure { why, log: log.last() }));
        Ok(())
    }

    /// Notes that a derivation has failed, for the reason that is known or for what was said at the end.
    pub fn settle(&mut self, order: &Order<'_>, drv: &StorePath) {
        if let BuildError::Failed { why, log, .. } = self.of(order, drv, &|_| false) {
            self.add(drv.clone(), Failure { why, log });
        }
    }

    /// Returns the failed derivation that is nearest to one, itself or something that it needs. `enters` says which
    /// derivations are built from their inputs at all.
    pub fn blames(
        &self,
        order: &Order<'_>,
        drv: &StorePath,
        enters: &dyn Fn(&StorePath) -> bool,
    ) -> Option<(StorePath, &Failure)> {
        let mut seen = BTreeSet::new();
        let mut pending = VecDeque::from([drv]);
        while let Some(path) = pending.pop_front() {
            if !seen.insert(path) {
                continue;
            }
            if let Some(failure) = self.failed.get(path) {
                return Some((path.clone(), failure));
            }
            if enters(path)
                && let Some(derivation) = order.store.derivation(path)
            {
                pending.extend(derivation.input_derivations.keys());
            }
        }
        None
    }

    /// Returns why a derivation was not built.
    pub fn of(&self, order: &Order<'_>, drv: &StorePath, enters: &dyn Fn(&StorePath) -> bool) -> BuildError {
        let known = self
            .blames(order, drv, enters)
            .map(|(path, failure)| (Some(path), failure));
        let rest = || self.rest.as_ref().map(|(what, failure)| (what.clone(), failure));
        match known.or_else(rest) {
            Some((what, Failure { why, log })) => BuildError::Failed {
                what,
                why: why.clone(),
                log: log.clone(),
            },
            None => BuildError::Failed {
                what: Some(drv.clone()),
                why: "nothing says why".into(),
                log: Vec::new(),
            },
        }
    }
}
