//! Maps and sets that are sorted vectors.
//!
//! A derivation is written in key order, mostly built in key order, and then only read: a vector that is kept sorted is
//! smaller and faster for this than a tree, and adding at the end costs nothing.

use std::borrow::Borrow;
use std::ops::Deref;

/// A map whose entries lie in key order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SortedMap<K, V> {
    entries: Vec<(K, V)>,
}

/// A set whose members lie in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SortedSet<T> {
    members: Vec<T>,
}

impl<K: Ord, V> SortedMap<K, V> {
    /// Makes an empty map.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Returns the place of `key`, or the place where it would be.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        // Most insertions come in order.
        match self.entries.last() {
            Some((last, _)) if last.borrow() >= key => {
                self.entries.binary_search_by(|(other, _)| other.borrow().cmp(key))
            }
            _ => Err(self.entries.len()),
        }
    }

    /// Puts a value under a key, and returns the value that was there before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(place) => Some(std::mem::replace(&mut self.entries[place].1, value)),
            Err(place) => {
                self.entries.insert(place, (key, value));
                None
            }
        }
    }

    /// Returns the value under `key`, which is a default one if there was none.
    pub fn entry_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let place = self.find(&key).unwrap_or_else(|place| {
            self.entries.insert(place, (key, V::default()));
            place
        });
        &mut self.entries[place].1
    }

    /// Returns the value under `key`.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|place| &self.entries[place].1)
    }

    /// Returns the value under `key`, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|place| &mut self.entries[place].1)
    }

    /// Takes the value under `key` out.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|place| self.entries.remove(place).1)
    }

    /// Returns whether there is a value under `key`.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Returns the values, to be changed, with their keys, in key order.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&K, &mut V)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// Gives back memory that was set aside for more entries.
    pub fn shrink_to_fit(&mut self) {
        self.entries.shrink_to_fit();
    }

    /// Returns the keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &K> {
        self.entries.iter().map(|(key, _)| key)
    }
}

impl<T: Ord> SortedSet<T> {
    /// Makes an empty set.
    pub const fn new() -> Self {
        Self { members: Vec::new() }
    }

    /// Adds a member, and returns whether it is new.
    pub fn insert(&mut self, member: T) -> bool {
        let place = match self.members.last() {
            Some(last) if *last >= member => self.members.binary_search(&member),
            _ => Err(self.members.len()),
        };
        if let Err(place) = place {
            // Most sets have one member, for which a vector would set four places aside.
            if self.members.is_empty() {
                self.members.reserve_exact(1);
            }
            self.members.insert(place, member);
        }
        place.is_err()
    }

    /// Gives back memory that was set aside for more members.
    pub fn shrink_to_fit(&mut self) {
        self.members.shrink_to_fit();
    }

    /// Returns whether `member` is in the set.
    pub fn contains<Q: Ord + ?Sized>(&self, member: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.members
            .binary_search_by(|other| other.borrow().cmp(member))
            .is_ok()
    }
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<T> Default for SortedSet<T> {
    fn default() -> Self {
        Self { members: Vec::new() }
    }
}

impl<K, V> Deref for SortedMap<K, V> {
    type Target = [(K, V)];

    fn deref(&self) -> &[(K, V)] {
        &self.entries
    }
}

impl<T> Deref for SortedSet<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.members
    }
}

impl<K: Ord, V> Extend<(K, V)> for SortedMap<K, V> {
    /// Adds many entries at the cost of one sorting; of two entries with one key the later wins.
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        self.entries.extend(entries);
        // Stable, so that equal keys stay in the order they came in.
        self.entries.sort_by(|(left, _), (right, _)| left.cmp(right));
        self.entries.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
    }
}

impl<T: Ord> Extend<T> for SortedSet<T> {
    /// Adds many members at the cost of one sorting.
    fn extend<I: IntoIterator<Item = T>>(&mut self, members: I) {
        self.members.extend(members);
        self.members.sort();
        self.members.dedup();
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<T: Ord> FromIterator<T> for SortedSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(members: I) -> Self {
        let mut set = Self::new();
        set.extend(members);
        set
    }
}

impl<K, V> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<T> IntoIterator for SortedSet<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a SortedMap<K, V> {
    type Item = &'a (K, V);
    type IntoIter = std::slice::Iter<'a, (K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

impl<'a, T> IntoIterator for &'a SortedSet<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    proptest! {
        #[test]
        fn behaves_as_a_tree(
            entries in proptest::collection::vec((0u8..20, any::<u8>()), 0..40),
            rest in proptest::collection::vec((0u8..20, any::<u8>()), 0..10),
        ) {
            let mut map = SortedMap::new();
            let mut tree = BTreeMap::new();
            let mut set = SortedSet::new();
            for &(key, value) in &entries {
                prop_assert_eq!(map.insert(key, value), tree.insert(key, value));
                let known = set.contains(&key);
                prop_assert_eq!(set.insert(key), !known);
            }
            map.extend(rest.iter().copied());
            tree.extend(rest.iter().copied());
            prop_assert_eq!(map.to_vec(), tree.clone().into_iter().collect::<Vec<_>>());
            set.extend(rest.iter().map(|(key, _)| *key));
            prop_assert_eq!(set.to_vec(), tree.keys().copied().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>());
            for key in 0..20 {
                prop_assert_eq!(map.get(&key), tree.get(&key));
                prop_assert_eq!(set.contains(&key), tree.contains_key(&key));
            }
            prop_assert_eq!(map.remove(&7), tree.remove(&7));
            prop_assert_eq!(map.len(), tree.len());
        }
    }
}
