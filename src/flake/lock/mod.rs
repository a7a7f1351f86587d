//! Lock files: the graph of a flake's inputs, each locked to a tree.
//!
//! The graph is an arena: node 0 is the flake itself. An edge leads to a node, or follows a path of
//! input names from the root. Reading is in `read`, writing (byte by byte as Nix writes) in `write`,
//! following paths here.

mod diff;
mod error;
mod graft;
mod json;
mod outline;
mod read;
mod write;

pub use error::{LockError, LockErrorKind};
pub use outline::Outline;

use crate::flakeref::FlakeRef;
use std::collections::{BTreeMap, HashSet};

/// A path of input names from the root, for instance `["home-manager", "nixpkgs"]`.
pub type InputPath = Vec<String>;

/// Index of a node in its [`Lock`]; 0 is the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The flake itself.
    pub const ROOT: NodeId = NodeId(0);
}

/// What an input leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edge {
    /// A node of its own.
    Node(NodeId),
    /// The input at this path from the root; the empty path is the root itself.
    Follows(InputPath),
}

/// What a node that is not the root is locked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The tree that was found, marked final.
    pub locked: FlakeRef,
    /// The reference for which it was found.
    pub original: FlakeRef,
    /// Whether it is a flake, rather than a plain tree.
    pub is_flake: bool,
    /// For a relative path: the input path of the node that it is relative to.
    pub parent: Option<InputPath>,
}

/// A node of the graph.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// Its inputs by name.
    pub inputs: BTreeMap<String, Edge>,
    /// What it is locked to; `None` for the root alone.
    pub entry: Option<Entry>,
    /// Its name in the lock file; empty if it was not read from one.
    pub key: String,
    /// One-based line and column of its name in the lock file, if it was read from one.
    pub place: Option<(u32, u32)>,
    /// The same of each of its inputs' names.
    pub input_places: BTreeMap<String, (u32, u32)>,
}

/// A lock file: a graph with a root.
#[derive(Debug, Clone)]
pub struct Lock {
    nodes: Vec<Node>,
    /// What to warn about, in Nix's words.
    pub warnings: Vec<String>,
}

/// Most nodes that a lock may have; a lock of a large fleet has some hundreds.
pub const MAX_NODES: usize = 100_000;

/// Most `follows` that lead to each other.
const MAX_FOLLOWS: usize = 500;

/// The paths that a search has met.
#[derive(Default)]
struct Seen<'a> {
    in_order: Vec<&'a [String]>,
    known: HashSet<&'a [String]>,
}

impl Default for Lock {
    fn default() -> Lock {
        Lock {
            nodes: vec![Node::default()],
            warnings: Vec::new(),
        }
    }
}

// As in Nix, two locks are the same when they are written the same.
impl PartialEq for Lock {
    fn eq(&self, other: &Lock) -> bool {
        self.to_text() == other.to_text()
    }
}

impl Eq for Lock {}

impl Lock {
    /// Returns a lock of a flake without inputs.
    pub fn new() -> Lock {
        Lock::default()
    }

    /// Returns a node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Returns a node to change.
    pub fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0 as usize]
    }

    /// Returns the nodes with their ids, the root first.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(i, node)| (NodeId(i as u32), node))
    }

    /// Adds a node that nothing leads to yet.
    pub fn add(&mut self, entry: Entry) -> Result<NodeId, LockError> {
        if self.nodes.len() >= MAX_NODES {
            return Err(LockErrorKind::TooLarge {
                path: "flake.lock".into(),
                what: "too many nodes",
            }
            .placeless());
        }
        self.nodes.push(Node {
            entry: Some(entry),
            ..Node::default()
        });
        Ok(NodeId(self.nodes.len() as u32 - 1))
    }

    /// Returns the node at an input path, following what follows; `None` if there is none.
    pub fn find(&self, path: &[String]) -> Result<Option<NodeId>, LockError> {
        self.find_seen(path, &mut Seen::default())
    }

    fn find_seen<'a>(&'a self, path: &'a [String], seen: &mut Seen<'a>) -> Result<Option<NodeId>, LockError> {
        // As in Nix, a path met twice in one search is a circle.
        if !seen.known.insert(path) {
            let met = seen.in_order.iter().skip_while(|earlier| **earlier != path);
            let circle = met.copied().chain([path]);
            let circle = circle.map(|path| path.join("/")).collect();
            return Err(LockErrorKind::FollowCycle(circle).placeless());
        }
        if seen.in_order.len() >= MAX_FOLLOWS {
            let what = "too many inputs that follow each other";
            return Err(LockErrorKind::TooLarge {
                path: "flake.lock".into(),
                what,
            }
            .placeless());
        }
        seen.in_order.push(path);
        let mut at = NodeId::ROOT;
        for name in path {
            match self.node(at).inputs.get(name) {
                None => return Ok(None),
                Some(Edge::Node(next)) => at = *next,
                Some(Edge::Follows(target)) => match self.find_seen(target, seen)? {
                    None => return Ok(None),
                    Some(next) => at = next,
                },
            }
        }
        Ok(Some(at))
    }

    /// Returns every input by its path, each node's inputs once.
    pub fn all_inputs(&self) -> BTreeMap<InputPath, (NodeId, &Edge)> {
        let mut done = vec![false; self.nodes.len()];
        let mut found = BTreeMap::new();
        let mut todo = vec![(Vec::new(), NodeId::ROOT)];
        while let Some((prefix, id)) = todo.pop() {
            if std::mem::replace(&mut done[id.0 as usize], true) {
                continue;
            }
            let mut children = Vec::new();
            for (name, edge) in &self.node(id).inputs {
                let mut path = prefix.clone();
                path.push(name.clone());
                if let Edge::Node(next) = edge {
                    children.push((path.clone(), *next));
                }
                found.insert(path, (id, edge));
            }
            // The first child is visited first, and all below it before the second.
            todo.extend(children.into_iter().rev());
        }
        found
    }

    /// Returns the number of names in the longest path of [`Lock::all_inputs`], without making the paths.
    pub fn longest_path(&self) -> usize {
        let mut done = vec![false; self.nodes.len()];
        let mut longest = 0;
        let mut todo = vec![(0, NodeId::ROOT)];
        while let Some((length, id)) = todo.pop() {
            if std::mem::replace(&mut done[id.0 as usize], true) {
                continue;
            }
            let inputs = &self.node(id).inputs;
            if !inputs.is_empty() {
                longest = longest.max(length + 1);
            }
            let nodes = inputs.values().filter_map(|edge| match edge {
                Edge::Node(next) => Some((length + 1, *next)),
                Edge::Follows(_) => None,
            });
            // In the order in which all_inputs walks.
            let nodes: Vec<_> = nodes.collect();
            todo.extend(nodes.into_iter().rev());
        }
        longest
    }

    /// Checks that every input that follows another leads somewhere.
    pub fn check(&self) -> Result<(), LockError> {
        for (path, (node, edge)) in self.all_inputs() {
            let Edge::Follows(target) = edge else { continue };
            let found = if target.is_empty() {
                Ok(Some(NodeId::ROOT))
            } else {
                self.find(target)
            };
            let error = match found {
                Ok(Some(_)) => continue,
                Ok(None) => LockErrorKind::FollowsMissing {
                    input: path.join("/"),
                    target: target.join("/"),
                }
                .placeless(),
                Err(error) => error,
            };
            let place = path
                .last()
                .and_then(|name| self.node(node).input_places.get(name))
                .copied();
            return Err(LockError { place, ..error });
        }
        Ok(())
    }

    /// Returns the first entry, in no special order, that is neither locked nor a relative path.
    pub fn unlocked(&self) -> Option<&FlakeRef> {
        self.nodes
            .iter()
            .filter_map(|node| node.entry.as_ref())
            .map(|entry| &entry.locked)
            .find(|locked| {
                (!locked.input.is_locked() || !locked.input.is_final()) && locked.input.relative_path().is_none()
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_longest_path_is_that_of_all_inputs(edges in proptest::collection::vec((0u32..6, 0u32..6, "[a-c]"), 0..12)) {
            let mut lock = Lock::new();
            let reference = FlakeRef::indirect("x").unwrap();
            for _ in 0..5 {
                let (locked, original) = (reference.clone(), reference.clone());
                let parent = None;
                lock.add(Entry { locked, original, is_flake: true, parent }).unwrap();
            }
            for (from, to, name) in edges {
                lock.node_mut(NodeId(from)).inputs.insert(name, Edge::Node(NodeId(to)));
            }
            let longest = lock.all_inputs().keys().map(Vec::len).max().unwrap_or(0);
            proptest::prop_assert_eq!(lock.longest_path(), longest);
        }
    }
}
