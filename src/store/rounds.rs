//! Rounds: what is added to a store in one is taken out again at its end, so that a program can compute a thousand
//! variants of a system and keep one.

use crate::store_path::StorePath;

/// How much had been added when a round began.
#[derive(Debug)]
#[must_use]
pub struct Round(usize);

/// What was added in the rounds under way.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    under_way: u32,
    added: Vec<StorePath>,
}

impl Rounds {
    pub(crate) fn begin(&mut self) -> Round {
        self.under_way += 1;
        Round(self.added.len())
    }

    /// Notes that something was added.
    pub(crate) fn note(&mut self, path: &StorePath) {
        if self.under_way > 0 {
            self.added.push(path.clone());
        }
    }

    /// Returns what was added in the innermost round, which ends.
    pub(crate) fn end(&mut self, round: Round) -> Vec<StorePath> {
        self.under_way -= 1;
        self.added.split_off(round.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Origin, SortedSet, VirtualStore};
    use std::sync::Arc;

    #[test]
    fn texts_of_a_round_are_taken_out_at_its_end() {
        let mut store = VirtualStore::new();
        let add =
            |store: &mut VirtualStore, text: &[u8]| store.add_text(b"text", text, SortedSet::new()).expect("a text");
        let early = add(&mut store, b"early");
        let outer = store.begin_round();
        let first = add(&mut store, b"first");
        let inner = store.begin_round();
        let second = add(&mut store, b"second");
        // What was there before is not the round's, whoever adds it again.
        assert_eq!(
            [add(&mut store, b"early"), add(&mut store, b"first")],
            [early.clone(), first.clone()]
        );
        store.end_round(inner);
        assert_eq!(
            [&early, &first, &second].map(|path| store.contains(path)),
            [true, true, false]
        );
        store.end_round(outer);
        assert_eq!([&early, &first].map(|path| store.contains(path)), [true, false]);
        let late = add(&mut store, b"late");
        assert_eq!(
            store.object(&late).map(|object| &object.origin),
            Some(&Origin::Bytes(Arc::from(*b"late")))
        );
    }
}
