//! The map of keys that `genericClosure` needs for keys of mixed or compound types.
//!
//! Comparing such keys may fail or evaluate something, so which keys are compared with each other can
//! be seen from outside. Nix keeps them in a `std::map`; this is a red-black tree that asks the same
//! questions as that of libstdc++: down from the root whether the new key is less, and at the end
//! whether its neighbour is less than it.

use super::arithmetic::less;
use crate::error::Eval;
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Val};

/// The index of a node that is not there.
const NIL: usize = usize::MAX;

struct Node {
    key: Val,
    element: Ref,
    parent: usize,
    /// The nodes with smaller and with larger keys.
    children: [usize; 2],
    red: bool,
}

/// Elements in the order of their keys.
pub(super) struct KeyTree {
    nodes: Vec<Node>,
    root: usize,
}

impl Default for KeyTree {
    fn default() -> Self {
        KeyTree {
            nodes: Vec::new(),
            root: NIL,
        }
    }
}

const LEFT: usize = 0;
const RIGHT: usize = 1;

impl KeyTree {
    /// Adds an element; returns false if there is one with an equal key.
    ///
    /// # Errors
    /// Keys that cannot be compared; the tree is unchanged then.
    pub(super) fn insert(&mut self, ev: &mut Evaluator, key: Val, element: Ref) -> Eval<bool> {
        let (mut parent, mut side) = (NIL, LEFT);
        let mut at = self.root;
        while at != NIL {
            parent = at;
            side = if less(ev, key, self.nodes[at].key, "")? {
                LEFT
            } else {
                RIGHT
            };
            at = self.nodes[at].children[side];
        }
        let neighbour = if side == RIGHT { parent } else { self.before(parent) };
        if neighbour != NIL && !less(ev, self.nodes[neighbour].key, key, "")? {
            return Ok(false);
        }
        let new = self.nodes.len();
        self.nodes.push(Node {
            key,
            element,
            parent,
            children: [NIL; 2],
            red: true,
        });
        if parent == NIL {
            self.root = new;
        } else {
            self.nodes[parent].children[side] = new;
        }
        self.balance(new);
        Ok(true)
    }

    /// Returns the node before `at` in the order of keys.
    fn before(&self, at: usize) -> usize {
        if at == NIL {
            return NIL;
        }
        let mut down = self.nodes[at].children[LEFT];
        if down != NIL {
            while self.nodes[down].children[RIGHT] != NIL {
                down = self.nodes[down].children[RIGHT];
            }
            return down;
        }
        self.up_from(at, LEFT)
    }

    /// Returns the first node above that is not reached from its child on `side`.
    fn up_from(&self, mut at: usize, side: usize) -> usize {
        loop {
            let parent = self.nodes[at].parent;
            if parent == NIL || self.nodes[parent].children[side] != at {
                return parent;
            }
            at = parent;
        }
    }

    fn is_red(&self, at: usize) -> bool {
        at != NIL && self.nodes[at].red
    }

    /// Restores, after a red leaf was added, that no red node has a red child.
    fn balance(&mut self, mut at: usize) {
        while at != self.root && self.is_red(self.nodes[at].parent) {
            let mut parent = self.nodes[at].parent;
            // A red node is never the root, so it has a parent.
            let grand = self.nodes[parent].parent;
            let side = usize::from(self.nodes[grand].children[RIGHT] == parent);
            let uncle = self.nodes[grand].children[1 - side];
            self.nodes[grand].red = true;
            if self.is_red(uncle) {
                self.nodes[parent].red = false;
                self.nodes[uncle].red = false;
                at = grand;
                continue;
            }
            if self.nodes[parent].children[1 - side] == at {
                self.rotate(parent, side);
                (at, parent) = (parent, at);
            }
            self.nodes[parent].red = false;
            self.rotate(grand, 1 - side);
        }
        let root = self.root;
        self.nodes[root].red = false;
    }

    /// Moves `at` down to `side`; its child of the other side takes its place.
    fn rotate(&mut self, at: usize, side: usize) {
        let up = self.nodes[at].children[1 - side];
        let inner = self.nodes[up].children[side];
        self.nodes[at].children[1 - side] = inner;
        if inner != NIL {
            self.nodes[inner].parent = at;
        }
        let parent = self.nodes[at].parent;
        self.nodes[up].parent = parent;
        if parent == NIL {
            self.root = up;
        } else {
            let of = usize::from(self.nodes[parent].children[RIGHT] == at);
            self.nodes[parent].children[of] = up;
        }
        self.nodes[up].children[side] = at;
        self.nodes[at].parent = up;
    }

    /// Returns keys and elements in the order of the keys.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (Val, Ref)> {
        let mut at = self.root;
        while at != NIL && self.nodes[at].children[LEFT] != NIL {
            at = self.nodes[at].children[LEFT];
        }
        std::iter::from_fn(move || {
            let node = self.nodes.get(at)?;
            let found = (node.key, node.element);
            let mut down = node.children[RIGHT];
            if down == NIL {
                at = self.up_from(at, RIGHT);
            } else {
                while self.nodes[down].children[LEFT] != NIL {
                    down = self.nodes[down].children[LEFT];
                }
                at = down;
            }
            Some(found)
        })
    }
}
