//! Interned names: attribute names and variables are compared as numbers.

use crate::known_names;
use crate::parser::{Names, Stacks};
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// An interned name, equal exactly when the bytes are equal. Ordered by first use, not by bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Symbol(pub u32);

/// The table of interned names.
///
/// Names are byte strings: an attribute name may hold any bytes.
pub struct Symbols {
    /// Open-addressing table; its length is a power of two.
    slots: Vec<Slot>,
    names: Vec<Name>,
    bytes: Vec<u8>,
    /// Those that the parser itself uses, once it did.
    pub(crate) names_of_syntax: Option<Names>,
    /// The memory of the last parser, for the next.
    pub(crate) stacks: Option<Stacks<'static>>,
}

/// A place in the table. It has all that most names are told apart by, so that to find one takes a look at one place of memory.
#[derive(Clone, Copy, Default)]
struct Slot {
    head: Head,
    hash: u32,
    /// The symbol plus one; zero is free.
    symbol: u32,
}

/// Where a name stands in the table's bytes.
struct Name {
    start: u32,
    length: u32,
}

/// The first fifteen bytes of a name, with zeros behind a shorter one, and how long it is; as two little-endian numbers.
/// For names of up to fifteen bytes it is all there is to know, for longer ones the last byte is [`LONGER`].
type Head = [u64; 2];

/// How many bytes of a name a [`Head`] has.
const IN_HEAD: usize = 15;

/// What a [`Head`] says of names that are longer than it.
const LONGER: u8 = u8::MAX;

/// For each length of a name which bytes of sixteen are its own, and what a [`Head`] says of the length.
static HEADS: [(Head, u64); IN_HEAD + 2] = {
    let mut heads = [([u64::MAX, u64::MAX >> 8], (LONGER as u64) << 56); IN_HEAD + 2];
    let mut length = 0;
    while length <= IN_HEAD {
        let bits = 8 * length as u32;
        let low = if bits < 64 { !(u64::MAX << bits) } else { u64::MAX };
        let high = if bits > 64 { !(u64::MAX << (bits - 64)) } else { 0 };
        heads[length] = ([low, high], (length as u64) << 56);
        length += 1;
    }
    heads
};

/// Returns the head of a name of so many bytes that these begin with.
#[inline(always)]
fn head_of_bytes(bytes: [u8; 16], length: usize) -> Head {
    let bytes = u128::from_le_bytes(bytes);
    let (own, told) = HEADS[length.min(IN_HEAD + 1)];
    [bytes as u64 & own[0], ((bytes >> 64) as u64 & own[1]) | told]
}

/// Returns the head of a name.
#[inline]
fn head_of(name: &[u8]) -> Head {
    let bytes = match name.first_chunk() {
        Some(bytes) => *bytes,
        None => {
            let mut bytes = [0; 16];
            bytes[..name.len()].copy_from_slice(name);
            bytes
        }
    };
    head_of_bytes(bytes, name.len())
}

/// Returns the hash of the name with this head, if that is all of it.
#[inline(always)]
fn hash_of_head(head: Head) -> u32 {
    // The two halves of a product of two words, as wyhash mixes them; the numbers are digits of pi.
    const SEEDS: Head = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344];
    let product = u128::from(head[0] ^ SEEDS[0]) * u128::from(head[1] ^ SEEDS[1]);
    let hash = product as u64 ^ (product >> 64) as u64;
    (hash ^ (hash >> 32)) as u32
}

/// The last sixteen bytes of a name that is at least that long.
#[inline(always)]
fn tail(name: &[u8]) -> u128 {
    name.last_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes))
}

/// How many bytes a name has whose head and tail are all there is to know.
const IN_HEAD_AND_TAIL: usize = IN_HEAD + 16;

/// Returns the hash of a name with this head.
#[inline(always)]
fn hash(head: Head, name: &[u8]) -> u32 {
    if name.len() <= IN_HEAD {
        return hash_of_head(head);
    }
    if name.len() <= IN_HEAD_AND_TAIL {
        let tail = tail(name);
        return hash_of_head(head) ^ hash_of_head([tail as u64, (tail >> 64) as u64]).rotate_left(7);
    }
    let mut rest = FxHasher::default();
    rest.write(&name[IN_HEAD..]);
    let rest = rest.finish();
    hash_of_head(head) ^ (rest ^ (rest >> 32)) as u32
}

impl Default for Symbols {
    fn default() -> Self {
        Symbols::new()
    }
}

impl Symbols {
    /// Returns how many bytes the names take.
    pub fn memory(&self) -> u64 {
        let table = self.slots.len() * size_of::<Slot>() + self.names.len() * size_of::<Name>();
        (table + self.bytes.len()) as u64
    }

    /// Returns a table with the names that Nix knows from the start, in Nix's order.
    pub fn new() -> Symbols {
        let mut symbols = Symbols {
            slots: vec![Slot::default(); 4096],
            names: Vec::new(),
            bytes: Vec::new(),
            names_of_syntax: None,
            stacks: None,
        };
        for name in known_names::NAMES.split_ascii_whitespace() {
            symbols.intern(name.as_bytes());
        }
        symbols
    }

    /// Returns the symbol of `name`, making it if it is new.
    #[inline]
    pub fn intern(&mut self, name: &[u8]) -> Symbol {
        self.intern_as(name, head_of(name))
    }

    /// Returns the symbol of the name of so many bytes at `start` of a text, making it if it is new.
    #[inline]
    pub fn intern_in(&mut self, text: &[u8], start: usize, length: usize) -> Symbol {
        // Most names of a text are short, known, and not at its end.
        if length <= IN_HEAD
            && let Some(bytes) = text.get(start..start + 16).and_then(<[u8]>::first_chunk)
        {
            let head = head_of_bytes(*bytes, length);
            let hash = hash_of_head(head);
            let mask = self.slots.len() - 1;
            let mut at = hash as usize & mask;
            loop {
                let slot = &self.slots[at];
                if slot.head == head && slot.symbol != 0 {
                    return Symbol(slot.symbol - 1);
                }
                if slot.symbol == 0 {
                    return self.insert(&text[start..start + length], head, hash, at);
                }
                at = (at + 1) & mask;
            }
        }
        self.intern_out_of_line(&text[start..start + length])
    }

    #[inline(never)]
    fn intern_out_of_line(&mut self, name: &[u8]) -> Symbol {
        self.intern(name)
    }

    #[inline(always)]
    fn intern_as(&mut self, name: &[u8], head: Head) -> Symbol {
        let hash = hash(head, name);
        match self.search(name, head, hash) {
            Ok(symbol) => symbol,
            Err(at) => self.insert(name, head, hash, at),
        }
    }

    /// Returns the symbol of `name` if it was interned before.
    pub fn find(&self, name: &[u8]) -> Option<Symbol> {
        let head = head_of(name);
        self.search(name, head, hash(head, name)).ok()
    }

    /// Returns the symbol, or the free slot where it belongs.
    #[inline(always)]
    fn search(&self, name: &[u8], head: Head, hash: u32) -> Result<Symbol, usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = &self.slots[at];
            if slot.symbol == 0 {
                return Err(at);
            }
            let is_alike = slot.hash == hash && slot.head == head;
            if is_alike && (name.len() <= IN_HEAD || self.is_long_name(slot.symbol - 1, name)) {
                return Ok(Symbol(slot.symbol - 1));
            }
            at = (at + 1) & mask;
        }
    }

    /// Whether this is the symbol of the name, which is longer than its head, and begins alike.
    #[inline(always)]
    fn is_long_name(&self, symbol: u32, name: &[u8]) -> bool {
        let known = self.bytes(Symbol(symbol));
        if name.len() <= IN_HEAD_AND_TAIL {
            known.len() == name.len() && tail(known) == tail(name)
        } else {
            known == name
        }
    }

    #[cold]
    #[inline(never)]
    fn insert(&mut self, name: &[u8], head: Head, hash: u32, at: usize) -> Symbol {
        let symbol = Symbol(self.len() as u32);
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(name);
        u32::try_from(self.bytes.len()).expect("all names together are under 4 GiB");
        self.names.push(Name {
            start,
            length: name.len() as u32,
        });
        self.slots[at] = Slot {
            head,
            hash,
            symbol: symbol.0 + 1,
        };
        // Few enough that a search is short, and so many that the table stays in the processor's caches.
        if self.len() * 8 >= self.slots.len() * 5 {
            self.grow();
        }
        symbol
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        let mask = size - 1;
        let mut slots = vec![Slot::default(); size];
        for &slot in self.slots.iter().filter(|slot| slot.symbol != 0) {
            let mut at = slot.hash as usize & mask;
            while slots[at].symbol != 0 {
                at = (at + 1) & mask;
            }
            slots[at] = slot;
        }
        self.slots = slots;
    }

    /// Returns the bytes of a name.
    pub fn bytes(&self, symbol: Symbol) -> &[u8] {
        let Name { start, length } = self.names[symbol.0 as usize];
        &self.bytes[start as usize..][..length as usize]
    }

    /// Returns the name as text, with bytes that are not UTF-8 replaced.
    pub fn text(&self, symbol: Symbol) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.bytes(symbol))
    }

    /// Returns how many names there are; never zero.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether no name was interned yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_one_symbol() {
        let mut s = Symbols::new();
        let known = s.len();
        let many: Vec<_> = (0..10_000).map(|i| s.intern(format!("name{i}").as_bytes())).collect();
        for (i, &symbol) in many.iter().enumerate() {
            let name = format!("name{i}");
            assert_eq!(s.intern(name.as_bytes()), symbol);
            assert_eq!(s.find(name.as_bytes()), Some(symbol));
            assert_eq!(s.bytes(symbol), name.as_bytes());
        }
        assert_eq!(s.find(b"other"), None);
        assert_eq!(s.len(), known + 10_000);
    }

    #[test]
    fn names_that_begin_or_end_alike_differ() {
        let mut s = Symbols::new();
        let mut names = vec![b"\0".to_vec(), b"\0\0".to_vec(), Vec::new()];
        for length in 1..40 {
            names.push(vec![b'q'; length]);
            names.push([&vec![b'q'; length][..], b"\0"].concat());
            names.push([b"r", &vec![b'q'; length][..]].concat());
        }
        let symbols: Vec<_> = names.iter().map(|name| s.intern(name)).collect();
        let distinct: std::collections::BTreeSet<_> = symbols.iter().collect();
        assert_eq!(distinct.len(), names.len());
        for (name, &symbol) in names.iter().zip(&symbols) {
            assert_eq!(s.bytes(symbol), name);
            // However much text is around it, a name is the same.
            for around in [0, 1, 15, 40] {
                let text = [&vec![b'x'; around][..], name, &vec![b'y'; around]].concat();
                assert_eq!(s.intern_in(&text, around, name.len()), symbol, "{name:?} in {around}");
            }
        }
    }

    #[test]
    fn known_names_come_first_and_once() {
        let s = Symbols::new();
        let names: Vec<&str> = known_names::NAMES.split_ascii_whitespace().collect();
        assert_eq!(names.len(), s.len());
        for (n, name) in names.iter().enumerate() {
            assert_eq!(s.find(name.as_bytes()), Some(Symbol(n as u32)), "{name}");
        }
        let order =
            ["outPath", "name", "system", "__sub", "trace", "map", "derivation", "x"].map(|n| s.find(n.as_bytes()));
        assert!(order.is_sorted() && order[0].is_some());
    }
}
