//! Byte strings: contents with their length in front, in chunks that never move.

use super::{Exhausted, Heap, give_up, poison};
use memmap2::MmapMut;
use std::ptr::NonNull;

/// The name of a byte string in the heap: a pointer to its length and bytes.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Bytes(NonNull<u8>);

impl Bytes {
    /// Returns the bytes.
    #[inline(always)]
    pub fn get(self) -> &'static [u8] {
        // SAFETY: `Bytes` is only made by `Heap::alloc_bytes*`, which writes the length and as many
        // initialised bytes behind it; the chunk is never freed or written again.
        unsafe {
            let len = self.0.cast::<u32>().read() as usize;
            std::slice::from_raw_parts(self.0.as_ptr().add(4), len)
        }
    }

    /// Returns the byte string of length `len` that stands at `to` from now on, whose bytes `fill`
    /// writes.
    ///
    /// # Safety
    /// `to` must be four-byte aligned and have `len + 4` zeroed bytes that nobody else knows, and that
    /// stay for the rest of the process.
    #[inline(always)]
    pub(super) unsafe fn write(to: *mut u8, len: u32, fill: impl FnOnce(&mut [u8])) -> Bytes {
        // SAFETY: by the caller's promise.
        unsafe {
            to.cast::<u32>().write(len);
            fill(std::slice::from_raw_parts_mut(to.add(4), len as usize));
            Bytes(NonNull::new_unchecked(to))
        }
    }

    #[inline(always)]
    pub(crate) fn address(self) -> u64 {
        self.0.as_ptr() as u64
    }

    /// # Safety
    /// `address` must come from [`Bytes::address`].
    #[inline(always)]
    pub(crate) unsafe fn from_address(address: u64) -> Bytes {
        // SAFETY: by the caller's promise the address is that of a live `Bytes`, so not null.
        Bytes(unsafe { NonNull::new_unchecked(address as *mut u8) })
    }
}

/// Size of a chunk of string bytes.
pub(super) const CHUNK: usize = 1 << 20;

/// Returns new zeroed memory that stays for the rest of the process.
pub(super) fn new_map(len: usize) -> &'static MmapMut {
    match memmap2::MmapOptions::new().len(len).map_anon() {
        Ok(map) => Box::leak(Box::new(map)),
        Err(_) => give_up(Exhausted::Memory),
    }
}

impl Heap {
    /// Returns zeroed memory for string bytes.
    #[cold]
    fn map_bytes(&mut self, len: usize) -> *mut u8 {
        let map = self.take_spare(len).unwrap_or_else(|| new_map(len));
        self.maps.push(map);
        map.as_ptr().cast_mut()
    }

    /// Returns the header of a byte string of this length, and how many bytes both take in whole
    /// words; unwinds if they are too many.
    pub(super) fn room_for_bytes(&self, len: usize) -> (u32, usize) {
        let Ok(header) = u32::try_from(len) else {
            give_up(Exhausted::LongString(len))
        };
        let need = (len + 4 + 3) & !3;
        if need > CHUNK / 4 && self.used().saturating_add(need as u64) > self.last_limit() {
            give_up(Exhausted::Memory);
        }
        (header, need)
    }

    /// Returns a new byte string of length `len`, whose bytes `fill` writes (they start as zero).
    pub fn alloc_bytes_with(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) -> Bytes {
        let (header, need) = self.room_for_bytes(len);
        self.bytes_total += need as u64;
        let to = if need > CHUNK / 4 {
            self.map_bytes(need)
        } else {
            if need > self.chunk_left {
                if self.used() > self.last_limit() {
                    give_up(Exhausted::Memory);
                }
                self.chunk = self.map_bytes(CHUNK);
                self.chunk_left = CHUNK;
            }
            let to = self.chunk;
            // SAFETY: `need <= chunk_left`, so the result is inside the chunk or one past its end.
            self.chunk = unsafe { to.add(need) };
            self.chunk_left -= need;
            to
        };
        poison::allow(to, need);
        // SAFETY: `to` is four-byte aligned and has `need` zeroed bytes that nobody else knows.
        unsafe { Bytes::write(to, header, fill) }
    }

    /// Returns a new byte string with this content.
    #[inline]
    pub fn alloc_bytes(&mut self, content: &[u8]) -> Bytes {
        self.alloc_bytes_with(content.len(), |to| to.copy_from_slice(content))
    }
}
