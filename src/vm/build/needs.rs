//! What an order comes to: what is there, what is to be fetched, and what is to be built.

use super::{BuildError, Order};
use crate::realised::Realised;
use std::collections::{BTreeMap, BTreeSet};
use store::{Derivation, Output, OutputName, StorePath};

/// What has to be done for an order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Needs {
    /// Paths that are there, with all that they refer to, and that something to be built is made of.
    pub there: BTreeSet<StorePath>,
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
    /// Returns what has to be done for an order, given what a store has.
    pub fn of(order: &Order<'_>, realised: &Realised) -> Result<Needs, BuildError> {
        let mut needs = Needs::default();
        let mut seen = BTreeSet::new();
        let mut pending: Vec<(StorePath, OutputName)> = order.wanted.to_vec();
        for (path, output) in order.wanted {
            needs.wanted.push(known(derivation(order, path)?, path, output)?);
        }
        while let Some((path, output)) = pending.pop() {
            if !seen.insert((path.clone(), output.clone())) {
                continue;
            }
            let drv = derivation(order, &path)?;
            let out = known(drv, &path, &output)?;
            if realised.missing([&out])?.is_empty() {
                needs.there.insert(out);
                continue;
            }
            if let Some((_, Output::Fixed(_))) = drv.outputs.iter().next() {
                needs.fixed.insert(path, out);
                continue;
            }
            if !needs.built.insert(path.clone()) {
                continue;
            }
            for (name, _) in &drv.outputs {
                needs.outputs.insert(known(drv, &path, name)?, path.clone());
            }
            for (input, names) in &drv.input_derivations {
                if !names.dynamic.is_empty() {
                    return Err(BuildError::Order(format!(
                        "'{}' needs outputs of a derivation that is itself built, which is not supported",
                        path.to_path()
                    )));
                }
                pending.extend(names.names.iter().map(|name| (input.clone(), name.clone())));
            }
        }
        Ok(needs)
    }
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
