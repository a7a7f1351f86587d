//! Interned names: attribute names and variables are compared as numbers.

use crate::known_names;
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
    /// Start of each name in `bytes`; one more entry than there are names.
    starts: Vec<u32>,
    bytes: Vec<u8>,
}

/// A place in the table: part of the name's hash, so that most other names are told apart without
/// looking at their bytes, and the symbol plus one; zero is free.
#[derive(Clone, Copy, Default)]
struct Slot {
    hash: u32,
    symbol: u32,
}

impl Default for Symbols {
    fn default() -> Self {
        Symbols::new()
    }
}

impl Symbols {
    /// Returns how many bytes the names take.
    pub fn memory(&self) -> u64 {
        let table = self.slots.len() * size_of::<Slot>() + self.starts.len() * size_of::<u32>();
        (table + self.bytes.len()) as u64
    }

    /// Returns a table with the names that Nix knows from the start, in Nix's order.
    pub fn new() -> Symbols {
        let mut symbols = Symbols {
            slots: vec![Slot::default(); 4096],
            starts: vec![0],
            bytes: Vec::new(),
        };
        for name in known_names::NAMES.split_ascii_whitespace() {
            symbols.intern(name.as_bytes());
        }
        symbols
    }

    #[inline]
    fn hash(name: &[u8]) -> u32 {
        let mut h = FxHasher::default();
        h.write(name);
        let h = h.finish();
        (h ^ (h >> 32)) as u32
    }

    /// Returns the symbol of `name`, making it if it is new.
    #[inline]
    pub fn intern(&mut self, name: &[u8]) -> Symbol {
        let hash = Self::hash(name);
        match self.search(name, hash) {
            Ok(symbol) => symbol,
            Err(at) => self.insert(name, hash, at),
        }
    }

    /// Returns the symbol of `name` if it was interned before.
    pub fn find(&self, name: &[u8]) -> Option<Symbol> {
        self.search(name, Self::hash(name)).ok()
    }

    /// Returns the symbol, or the free slot where it belongs.
    #[inline]
    fn search(&self, name: &[u8], hash: u32) -> Result<Symbol, usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot.symbol == 0 {
                return Err(at);
            }
            if slot.hash == hash && self.bytes(Symbol(slot.symbol - 1)) == name {
                return Ok(Symbol(slot.symbol - 1));
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn insert(&mut self, name: &[u8], hash: u32, at: usize) -> Symbol {
        let symbol = Symbol(self.len() as u32);
        self.bytes.extend_from_slice(name);
        let end = u32::try_from(self.bytes.len()).expect("all names together are under 4 GiB");
        self.starts.push(end);
        self.slots[at] = Slot {
            hash,
            symbol: symbol.0 + 1,
        };
        if self.len() * 2 >= self.slots.len() {
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
        let i = symbol.0 as usize;
        &self.bytes[self.starts[i] as usize..self.starts[i + 1] as usize]
    }

    /// Returns the name as text, with bytes that are not UTF-8 replaced.
    pub fn text(&self, symbol: Symbol) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.bytes(symbol))
    }

    /// Returns how many names there are; never zero.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
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
