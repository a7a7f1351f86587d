//! Interned names: attribute names and variables are compared as numbers.

use rustc_hash::FxHasher;
use std::hash::Hasher;

/// An interned name, equal exactly when the bytes are equal. Ordered by first use, not by bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Symbol(pub u32);

/// The table of interned names.
///
/// Names are byte strings: an attribute name may hold any bytes.
pub struct Symbols {
    /// Open-addressing table of symbol index plus one; zero is free. Its length is a power of two.
    slots: Vec<u32>,
    /// Start of each name in `bytes`; one more entry than there are names.
    starts: Vec<u32>,
    bytes: Vec<u8>,
}

impl Default for Symbols {
    fn default() -> Self {
        Symbols::new()
    }
}

impl Symbols {
    /// Returns an empty table.
    pub fn new() -> Symbols {
        Symbols {
            slots: vec![0; 4096],
            starts: vec![0],
            bytes: Vec::new(),
        }
    }

    fn hash(name: &[u8]) -> usize {
        let mut h = FxHasher::default();
        h.write(name);
        let h = h.finish();
        (h ^ (h >> 32)) as usize
    }

    /// Returns the symbol of `name`, making it if it is new.
    pub fn intern(&mut self, name: &[u8]) -> Symbol {
        if self.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut at = Self::hash(name) & mask;
        loop {
            match self.slots[at] {
                0 => break,
                n => {
                    if self.bytes(Symbol(n - 1)) == name {
                        return Symbol(n - 1);
                    }
                }
            }
            at = (at + 1) & mask;
        }
        let symbol = Symbol(self.len() as u32);
        self.bytes.extend_from_slice(name);
        let end = u32::try_from(self.bytes.len()).expect("all names together are under 4 GiB");
        self.starts.push(end);
        self.slots[at] = symbol.0 + 1;
        symbol
    }

    /// Returns the symbol of `name` if it was interned before.
    pub fn find(&self, name: &[u8]) -> Option<Symbol> {
        let mask = self.slots.len() - 1;
        let mut at = Self::hash(name) & mask;
        loop {
            match self.slots[at] {
                0 => return None,
                n if self.bytes(Symbol(n - 1)) == name => return Some(Symbol(n - 1)),
                _ => at = (at + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        let mask = size - 1;
        let mut slots = vec![0u32; size];
        for n in 0..self.len() as u32 {
            let mut at = Self::hash(self.bytes(Symbol(n))) & mask;
            while slots[at] != 0 {
                at = (at + 1) & mask;
            }
            slots[at] = n + 1;
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

    /// Returns how many names there are.
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
        let many: Vec<_> = (0..10_000).map(|i| s.intern(format!("name{i}").as_bytes())).collect();
        for (i, &symbol) in many.iter().enumerate() {
            let name = format!("name{i}");
            assert_eq!(s.intern(name.as_bytes()), symbol);
            assert_eq!(s.find(name.as_bytes()), Some(symbol));
            assert_eq!(s.bytes(symbol), name.as_bytes());
        }
        assert_eq!(s.find(b"other"), None);
        assert_eq!(s.len(), 10_000);
    }
}
