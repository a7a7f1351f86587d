//! Swap space (`include/linux/swap.h` of the kernel, `union swap_header`).

use super::disks::put;
use std::io;
use sys::FileBytes;

/// Bytes of a page on both processors.
const PAGE: u64 = 4096;
/// Pages of the disk: 256 MiB.
const PAGES: u32 = 1 << 16;
/// Bytes of the whole.
pub(super) const LEN: u64 = PAGES as u64 * PAGE;
/// The longest label.
const LABEL: usize = 16;

/// Returns the bytes of an identifier such as `01234567-89ab-cdef-0123-456789abcdef`.
pub(super) fn uuid(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
    if digits.len() != 32 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; 16];
    for (to, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *to = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Writes a header for empty swap space.
pub(super) fn format(disk: &mut dyn FileBytes, uuid: [u8; 16], label: &str) -> io::Result<()> {
    let mut header = [0; PAGE as usize];
    header[1024..1028].copy_from_slice(&1u32.to_le_bytes()); // version
    header[1028..1032].copy_from_slice(&(PAGES - 1).to_le_bytes()); // last page
    header[1036..1052].copy_from_slice(&uuid);
    for (to, from) in header[1052..1052 + LABEL].iter_mut().zip(label.bytes()) {
        *to = from;
    }
    header[PAGE as usize - 10..].copy_from_slice(b"SWAPSPACE2");
    put(disk, 0, &header)?;
    put(disk, u64::from(PAGES) * PAGE - 1, &[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_sixteen_bytes() {
        let text = "01234567-89ab-cdef-0123-456789abcdef";
        assert_eq!(uuid(text).map(|bytes| (bytes[0], bytes[15])), Some((0x01, 0xef)));
        assert_eq!((uuid("01"), uuid(&"é".repeat(16))), (None, None));
    }
}
