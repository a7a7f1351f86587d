//! The state of a locked flake, as far as it is asked for.

use super::State;
use crate::flakes::{Flakes, attributes};
use crate::tree::Accessor;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// A locked flake. Where its source lies is found out only if somebody asks, as its whole tree is read for it.
pub struct LockedState {
    flakes: Rc<Flakes>,
    flake: u32,
    tree: Arc<dyn Accessor>,
    source: OnceCell<Option<(String, BTreeMap<String, String>)>>,
}

impl LockedState {
    /// Returns the state of a flake that was locked; `None` if there is none of this number.
    pub fn new(flakes: Rc<Flakes>, flake: u32) -> Option<LockedState> {
        let tree = flakes.get(flake)?.flake.tree.accessor.clone();
        Some(LockedState {
            flakes,
            flake,
            tree,
            source: OnceCell::new(),
        })
    }

    fn source(&self) -> Option<&(String, BTreeMap<String, String>)> {
        let find = || {
            // What cannot be read now is told by whoever evaluates.
            let mounted = self.flakes.node(self.flake, 0).ok()?;
            Some((mounted.path.to_path(), attributes(&mounted)))
        };
        self.source.get_or_init(find).as_ref()
    }
}

impl State for LockedState {
    fn tree(&self) -> &dyn Accessor {
        self.tree.as_ref()
    }

    fn attribute(&self, name: &str) -> Option<String> {
        self.source()?.1.get(name).cloned()
    }

    fn own_path(&self) -> Option<String> {
        Some(self.source()?.0.clone())
    }

    fn input(&self, path: &str) -> Option<String> {
        self.flakes.identity_of_input(self.flake, path)
    }
}
