//! Constants: values that code and tables hold, which stay as long as the heap whatever evaluation
//! they were made in.
//!
//! Neither regions nor trials give them back: their cells are taken from the far end of the arena, and
//! their strings from chunks of their own. So only evaluated values that refer to nothing else of the
//! heap can be constants, and their cells are never written again.

use super::bytes::{Bytes, CHUNK, new_map};
use super::{Exhausted, Heap, Ref, STRIDE, Tag, Val, give_up};
use memmap2::MmapMut;
use std::marker::PhantomData;

/// The strings of constants, and how many constants there are.
pub(super) struct Constants {
    chunk: *mut u8,
    chunk_left: usize,
    bytes: u64,
    cells: u32,
    pub(super) maps: Vec<&'static MmapMut>,
}

impl Constants {
    pub(super) fn new() -> Constants {
        Constants {
            chunk: std::ptr::null_mut(),
            chunk_left: 0,
            bytes: 0,
            cells: 0,
            maps: Vec::new(),
        }
    }

    /// Returns the bytes that constants take.
    pub(super) fn used(&self) -> u64 {
        u64::from(self.cells) * 16 + self.bytes
    }
}

impl Heap {
    /// Returns a new cell for a value that refers to nothing else but the bytes of a constant.
    pub fn alloc_constant(&mut self, value: Val) -> Ref {
        debug_assert!(value.is_plain() || value.tag() == Tag::Float);
        let index = self.end_cell - 1;
        if index <= self.next_cell {
            give_up(Exhausted::Memory);
        }
        if self.constants.cells % STRIDE == STRIDE - 1 && self.used() > self.last_limit() {
            give_up(Exhausted::Memory);
        }
        self.constants.cells += 1;
        self.end_cell = index;
        self.soft_cell = self.soft_cell.min(index);
        // SAFETY: `index` is below the number of cells in the reservation, and above all other cells.
        unsafe { self.cells.add(index as usize).write(value) };
        Ref(index, PhantomData)
    }

    /// Returns a new byte string with this content for a constant.
    pub fn constant_bytes(&mut self, content: &[u8]) -> Bytes {
        let (header, need) = self.room_for_bytes(content.len());
        self.constants.bytes += need as u64;
        let to = if need > CHUNK / 4 {
            self.map_constants(need)
        } else {
            if need > self.constants.chunk_left {
                self.constants.chunk = self.map_constants(CHUNK);
                self.constants.chunk_left = CHUNK;
            }
            let to = self.constants.chunk;
            // SAFETY: `need <= chunk_left`, so the result is inside the chunk or one past its end.
            self.constants.chunk = unsafe { to.add(need) };
            self.constants.chunk_left -= need;
            to
        };
        // SAFETY: `to` is four-byte aligned and has `need` zeroed bytes that nobody else knows.
        unsafe { Bytes::write(to, header, |to| to.copy_from_slice(content)) }
    }

    #[cold]
    fn map_constants(&mut self, len: usize) -> *mut u8 {
        let map = new_map(len);
        self.constants.maps.push(map);
        map.as_ptr().cast_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_outlive_regions_and_trials() {
        let mut heap = Heap::new();
        let before = (heap.cell_count(), heap.byte_count());
        let mut kept = Vec::new();
        for round in 0..3i64 {
            let mark = heap.begin_trial();
            let region = heap.open_region();
            heap.alloc(Val::NULL);
            heap.alloc_bytes(b"gone");
            for content in [&b""[..], b"a constant", &[7; CHUNK], &[round as u8; 3000]] {
                kept.push((heap.constant_bytes(content), content.to_vec()));
            }
            let cell = heap.alloc_constant(Val::int(round));
            heap.close_region(&region, Some(Val::NULL));
            heap.end_trial(mark);
            assert_eq!(heap.get(cell).as_int(), Some(round));
            assert_eq!((heap.cell_count(), heap.byte_count()), before);
        }
        assert!(heap.used() > 3 * CHUNK as u64);
        heap.alloc_bytes(&[1; 5000]);
        for (bytes, content) in kept {
            assert_eq!(bytes.get(), content);
        }
    }

    #[test]
    fn constants_and_other_cells_do_not_meet() {
        let mut heap = Heap::new();
        heap.end_cell = heap.next_cell + 10;
        heap.soft_cell = heap.end_cell;
        let work = |heap: &mut Heap| {
            let mut all = Vec::new();
            for i in 0..100 {
                let cell = if i % 2 == 0 {
                    heap.alloc(Val::int(i))
                } else {
                    heap.alloc_constant(Val::int(i))
                };
                assert!(!all.contains(&cell.index()));
                all.push(cell.index());
            }
        };
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&mut heap)));
        let why = ended.expect_err("there is room for ten only");
        assert_eq!(why.downcast_ref::<Exhausted>(), Some(&Exhausted::Memory));
    }
}
