//! Layers: attribute sets that are a small set laid on a large one (`pkgs // { … }`).
//!
//! A layer costs no copy of the large set. Who needs all attributes at once has it flattened, which is
//! remembered. Layers live as long as the process, but those that a trial made are used again.

use crate::heap::Val;
use crate::memory::Memory;
use rustc_hash::FxHashSet;
use std::cell::Cell;

/// A set laid on another one: what is not in `top` is in `base`.
pub struct Layer {
    base: Cell<Val>,
    top: Cell<Val>,
    len: Cell<u32>,
    depth: Cell<u32>,
    flat: Cell<Option<Val>>,
}

/// Layers on top of each other before they are merged; as in Nix (`Bindings::maxLayers`).
const MAX_LAYERS: u32 = 8;
/// The largest set that is laid on another instead of being copied into it.
const LAYER_TOP: usize = 16;
/// The smallest set that is not simply copied.
const LAYER_BASE: usize = 48;

/// What the trials under way did to layers.
#[derive(Default)]
pub(crate) struct Layers {
    made: Vec<&'static Layer>,
    flattened: Vec<&'static Layer>,
    /// Layers of trials that ended.
    spare: Vec<&'static Layer>,
}

/// How many layers trials had made and flattened when another one began.
pub(crate) struct LayerMark {
    made: usize,
    flattened: usize,
}

impl Layer {
    /// Returns the set below.
    #[inline]
    pub fn base(&self) -> Val {
        self.base.get()
    }

    /// Returns the set on top, which is flat.
    #[inline]
    pub fn top(&self) -> Val {
        self.top.get()
    }

    /// Returns both as one set, if that was made.
    pub(crate) fn flat(&self) -> Option<Val> {
        self.flat.get()
    }

    /// Returns how many attributes both have together.
    pub fn len(&self) -> usize {
        self.len.get() as usize
    }
}

impl Layers {
    /// Returns what [`Layers::forget`] needs when the trial that begins ends.
    pub(crate) fn mark(&self) -> LayerMark {
        LayerMark {
            made: self.made.len(),
            flattened: self.flattened.len(),
        }
    }

    /// Forgets what a trial did.
    pub(crate) fn forget(&mut self, mark: LayerMark) {
        for layer in self.flattened.drain(mark.flattened..) {
            layer.flat.set(None);
        }
        self.spare.extend(self.made.drain(mark.made..));
    }

    /// Keeps what a trial made; older layers are as they were.
    pub(crate) fn keep(&mut self, mark: &LayerMark) {
        let address = |layer: &'static Layer| std::ptr::from_ref(layer) as usize;
        let made: FxHashSet<usize> = self.made.drain(mark.made..).map(address).collect();
        for layer in self.flattened.drain(mark.flattened..) {
            if !made.contains(&address(layer)) {
                layer.flat.set(None);
            }
        }
    }
}

impl Memory {
    /// Returns a set laid on another one, none of which is empty; `None` if the two are better merged.
    pub(crate) fn lay(&mut self, base: Val, top: Val) -> Option<Val> {
        let (base_len, top_len) = (self.attrs_len(base), self.attrs_len(top));
        let depth = base.as_layered().map_or(0, |layer| layer.depth.get()) + 1;
        if base_len < LAYER_BASE || top_len > LAYER_TOP || depth >= MAX_LAYERS {
            return None;
        }
        let top = self.flatten(top);
        let keys = self.entries(top).shape.keys;
        let shared = keys.iter().filter(|&&key| self.attr(base, key).is_some()).count();
        let layer = match self.layers.spare.pop() {
            Some(layer) => layer,
            None => self.arena.alloc(Layer {
                base: Cell::new(base),
                top: Cell::new(top),
                len: Cell::new(0),
                depth: Cell::new(0),
                flat: Cell::new(None),
            }),
        };
        layer.base.set(base);
        layer.top.set(top);
        layer.len.set((base_len + top_len - shared) as u32);
        layer.depth.set(depth);
        layer.flat.set(None);
        if self.heap.trials() > 0 {
            self.layers.made.push(layer);
        }
        Some(Val::layered(layer))
    }

    /// Returns a set as one that is not layered; anything else as it is.
    pub(crate) fn flatten(&mut self, set: Val) -> Val {
        let Some(layer) = set.as_layered() else { return set };
        if let Some(flat) = layer.flat.get() {
            return flat;
        }
        // Layers are at most `MAX_LAYERS` deep.
        let base = self.flatten(layer.base());
        let flat = self.merge_copy(base, layer.top());
        layer.flat.set(Some(flat));
        if self.heap.trials() > 0 {
            self.layers.flattened.push(layer);
        }
        // The layer may be older than the evaluation that is under way.
        self.heap.pin();
        flat
    }
}
