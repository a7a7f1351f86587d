//! Which nodes of a lock are nixpkgs, and which of them the flake itself has no use for.

use std::collections::BTreeSet;

use flake::lock::{Edge, InputPath, Lock, NodeId};

use super::reference::is_nixpkgs;
use super::view::View;

/// The nixpkgs of a lock.
pub(super) struct Nixpkgs {
    /// How many of them are inputs of the flake itself.
    pub own: usize,
    /// The name of the input that others can follow.
    pub main: String,
    /// The paths of the others, one for each, in order.
    pub others: Vec<InputPath>,
}

/// Returns the nixpkgs of a lock; `None` if the flake itself has none that others could follow.
pub(super) fn of_lock(view: &View<'_>) -> Option<Nixpkgs> {
    let lock = &view.lock.as_ref()?.lock;
    let mut own: BTreeSet<NodeId> = BTreeSet::new();
    let mut names: Vec<&String> = Vec::new();
    for name in lock.node(NodeId::ROOT).inputs.keys() {
        let found = lock.find(std::slice::from_ref(name)).ok().flatten();
        if let Some(id) = found.filter(|id| is_one(lock, *id)) {
            own.insert(id);
            names.push(name);
        }
    }
    let plain = names.iter().find(|name| **name == "nixpkgs").or(names.first())?;
    let mut others: Vec<InputPath> = Vec::new();
    let mut seen = own.clone();
    for (path, (_, edge)) in lock.all_inputs() {
        let Edge::Node(id) = edge else { continue };
        if path.len() > 1 && is_one(lock, *id) && seen.insert(*id) {
            others.push(path);
        }
    }
    Some(Nixpkgs {
        own: own.len(),
        main: (*plain).clone(),
        others,
    })
}

fn is_one(lock: &Lock, id: NodeId) -> bool {
    let entry = lock.node(id).entry.as_ref();
    entry.is_some_and(|entry| is_nixpkgs(&entry.original) || is_nixpkgs(&entry.locked))
}
