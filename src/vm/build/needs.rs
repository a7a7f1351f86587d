//! What an order comes to: what is there, what is to be fetched, and what is to be built.

use super::{BuildError, Order};
use crate::realised::Realised;
use crate::substitute::Haul;
use std::collections::{BTreeMap, BTreeSet};
use store::{Derivation, Output, OutputName, StorePath};

/// Says which paths others have, with all that these refer to.
pub type Offers<'o> = &'o mut dyn FnMut(&[StorePath]) -> Result<Haul, BuildError>;

/// What has to be done for an order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Needs {
    /// Paths that are there, with all that they refer to, and that something to be built is made of.
    pub there: BTreeSet<StorePath>,
    /// What substituters have, which is fetched and then there: nothing below it is built.
    pub haul: Haul,
    /// Derivations whose output is known beforehand by its hash: it can be fetched by anybody. With the output.
    pub fixed: BTreeMap<StorePath, StorePath>,
    /// Derivations that are to be built.
    pub built: BTreeSet<StorePath>,
    /// The outputs of those, and by which derivation each is made: all that a builder may hand out.
    pub outputs: BTreeMap<StorePath, StorePath>,
    /// What is wanted, in the order's order.
    pub wanted: Vec<StorePath>,
}

impl Needs {
    /// Returns what has to be done for an order, given what a store has, and what `offers` says that others have. It is
    /// asked from the top down, as Nix does: not for what only something is made of that is there already.
    pub fn of(order: &Order<'_>, realised: &Realised, offers: Offers<'_>) -> Result<Needs, BuildError> {
        let mut needs = Needs::default();
        let mut seen: BTreeSet<(StorePath, OutputName)> = BTreeSet::new();
        needs.wanted = outputs_of(order)?;
        let mut level: BTreeSet<(StorePath, OutputName)> = order.wanted.iter().cloned().collect();
        while !level.is_empty() {
            let mut absent = Vec::new();
            for (path, output) in level {
                if !seen.insert((path.clone(), output.clone())) {
                    continue;
                }
                let drv = derivation(order, &path)?;
                let out = known(drv, &path, &output)?;
                match realised.missing([&out])?.is_empty() {
                    true => drop(needs.there.insert(out)),
                    false => absent.push((path, drv, out)),
                }
            }
            let asked = absent.iter().filter(|(_, drv, _)| may_be_substituted(drv));
            let asked: Vec<StorePath> = asked.map(|(_, _, out)| out.clone()).collect();
            if !asked.is_empty() {
                needs.haul.add(offers(&asked)?);
            }
            level = BTreeSet::new();
            for (path, drv, out) in absent {
                if !needs.haul.roots.contains(&out) {
                    level.extend(needs.made(drv, path, out)?);
                }
            }
        }
        Ok(needs)
    }

    /// Notes that a derivation is to be built or fetched, and returns what is needed for that.
    fn made(
        &mut self,
        drv: &Derivation,
        path: StorePath,
        out: StorePath,
    ) -> Result<Vec<(StorePath, OutputName)>, BuildError> {
        if let Some((_, Output::Fixed(_))) = drv.outputs.iter().next() {
            self.fixed.insert(path, out);
            return Ok(Vec::new());
        }
        if !self.built.insert(path.clone()) {
            return Ok(Vec::new());
        }
        for (name, _) in &drv.outputs {
            self.outputs.insert(known(drv, &path, name)?, path.clone());
        }
        let mut inputs = Vec::new();
        for (input, names) in &drv.input_derivations {
            if !names.dynamic.is_empty() {
                return Err(BuildError::Order(format!(
                    "'{}' needs outputs of a derivation that is itself built, which is not supported",
                    path.to_path()
                )));
            }
            inputs.extend(names.names.iter().map(|name| (input.clone(), name.clone())));
        }
        Ok(inputs)
    }
}

/// Returns the paths of what is ordered.
pub(super) fn outputs_of(order: &Order<'_>) -> Result<Vec<StorePath>, BuildError> {
    let wanted = order.wanted.iter();
    wanted
        .map(|(path, output)| known(derivation(order, path)?, path, output))
        .collect()
}

/// Whether a derivation lets others be asked for its outputs; what is made faster than it is fetched does not.
fn may_be_substituted(drv: &Derivation) -> bool {
    const NAME: &str = "allowSubstitutes";
    if let Some(attrs) = &drv.structured_attrs {
        let attrs: Option<serde_json::Value> = serde_json::from_slice(attrs).ok();
        return attrs.and_then(|attrs| attrs.get(NAME)?.as_bool()).unwrap_or(true);
    }
    drv.env.get(NAME.as_bytes()).is_none_or(|value| value.as_ref() == b"1")
}

fn derivation<'o>(order: &Order<'o>, path: &StorePath) -> Result<&'o Derivation, BuildError> {
    let unknown = || BuildError::Order(format!("'{}' is no derivation of this evaluation", path.to_path()));
    order.store.derivation(path).ok_or_else(unknown)
}

/// Returns the path of an output, which must be known beforehand.
fn known(drv: &Derivation, path: &StorePath, output: &OutputName) -> Result<StorePath, BuildError> {
    let found = drv.outputs.get(output).map(|kind| kind.path(&drv.name, output));
    match found {
        Some(Ok(Some(path))) => Ok(path),
        Some(Ok(None)) => Err(BuildError::Order(format!(
            "the path of the output '{output}' of '{}' follows from its contents, which is not supported",
            path.to_path()
        ))),
        Some(Err(error)) => Err(BuildError::Order(error.to_string())),
        None => Err(BuildError::Order(format!(
            "'{}' has no output '{output}'",
            path.to_path()
        ))),
    }
}
