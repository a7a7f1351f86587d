//! The memory of an evaluator: heap, arena of code and shapes, and the tables that belong to them.

use crate::attrs::{KnownShapes, MergePlan, Shape};
use crate::heap::{Bytes, ContextId, Heap, Ref, Val};
use crate::layers::Layers;
use bumpalo::Bump;
use rustc_hash::FxHashMap;

/// The heap, the arena and their tables.
pub struct Memory {
    /// Where values live.
    pub heap: Heap,
    /// Where code, shapes and layers live, for the rest of the process.
    pub arena: &'static Bump,
    /// The shape of `{ }`.
    pub(crate) empty_shape: &'static Shape,
    /// Plans for merging two shapes, by their addresses.
    pub(crate) merge_plans: FxHashMap<(usize, usize), &'static MergePlan>,
    /// The shapes that evaluation made.
    pub(crate) shapes: KnownShapes,
    /// The layers that trials made and changed.
    pub(crate) layers: Layers,
    empty_bytes: Bytes,
    /// The cell of `[ ]`.
    pub empty_list: Ref,
    /// The cells of `true`, `false` and `null`.
    pub constants: [Ref; 3],
    /// Bytes that are kept outside of heap and arena: messages, errors of failed values, texts in the store.
    pub(crate) outside: u64,
    /// Bytes that the names take.
    pub(crate) names: u64,
}

impl Memory {
    /// Returns an empty memory.
    pub fn new() -> Memory {
        let arena: &'static Bump = Box::leak(Box::new(Bump::with_capacity(1 << 16)));
        let empty_shape = Shape::empty(arena);
        let mut heap = Heap::new();
        let empty_bytes = heap.alloc_bytes(b"");
        let empty_list = heap.alloc(Val::EMPTY_LIST);
        let constants = [Val::TRUE, Val::FALSE, Val::NULL].map(|v| heap.alloc(v));
        Memory {
            heap,
            arena,
            empty_shape,
            merge_plans: FxHashMap::default(),
            shapes: KnownShapes::default(),
            layers: Layers::default(),
            empty_bytes,
            empty_list,
            constants,
            outside: 0,
            names: 0,
        }
    }

    /// Returns the bytes in use.
    pub fn used(&mut self) -> u64 {
        self.count_code();
        self.heap.used()
    }

    /// Makes the heap know how much is taken beside it: by code and shapes, by names, and by what is kept outside.
    pub(crate) fn count_code(&mut self) {
        let code = self.arena.allocated_bytes() as u64;
        self.heap.set_code(code + self.names + self.outside);
    }

    /// Returns a string without context.
    pub fn string(&mut self, content: &[u8]) -> Val {
        Val::string(self.bytes(content), ContextId::EMPTY)
    }

    /// Returns a string with a context.
    pub fn string_in(&mut self, content: &[u8], context: ContextId) -> Val {
        Val::string(self.bytes(content), context)
    }

    /// Returns bytes in the heap.
    pub fn bytes(&mut self, content: &[u8]) -> Bytes {
        if content.is_empty() {
            return self.empty_bytes;
        }
        self.heap.alloc_bytes(content)
    }

    /// Returns the shared cell of a Boolean.
    pub fn bool_cell(&self, value: bool) -> Ref {
        self.constants[usize::from(!value)]
    }

    /// Returns a path.
    pub fn path(&mut self, content: &[u8]) -> Val {
        Val::path(self.bytes(content))
    }

    /// Returns a string without context that outlives the evaluation under way.
    pub fn constant_string(&mut self, content: &[u8]) -> Val {
        self.constant_string_in(content, ContextId::EMPTY)
    }

    /// Returns a string with a context that outlives the evaluation under way.
    pub fn constant_string_in(&mut self, content: &[u8], context: ContextId) -> Val {
        Val::string(self.constant_bytes(content), context)
    }

    /// Returns a path that outlives the evaluation under way.
    pub fn constant_path(&mut self, content: &[u8]) -> Val {
        Val::path(self.constant_bytes(content))
    }

    fn constant_bytes(&mut self, content: &[u8]) -> Bytes {
        if content.is_empty() {
            return self.empty_bytes;
        }
        self.heap.constant_bytes(content)
    }

    /// Returns a list of these cells.
    pub fn list(&mut self, elements: &[Ref]) -> Val {
        if elements.is_empty() {
            return Val::EMPTY_LIST;
        }
        let words = self.heap.alloc_refs(elements);
        Val::list(words, elements.len())
    }
}

impl Default for Memory {
    fn default() -> Self {
        Memory::new()
    }
}
