//! What was measured of both generations, side by side.

use std::collections::BTreeMap;

use crate::scenario::Which;

/// Values by their names, each of the base and of the head.
#[derive(Default)]
pub(super) struct Measured(BTreeMap<&'static str, [Option<String>; 2]>);

impl Measured {
    /// Keeps a value of a generation; a later one takes its place.
    pub(super) fn keep(&mut self, of: Which, name: &'static str, value: String) {
        let side = match of {
            Which::Base => 0,
            Which::Head => 1,
            Which::Default => return,
        };
        self.0.entry(name).or_default()[side] = Some(value);
    }

    /// Returns the values in words: that of the head, and that of the base where it is another.
    pub(super) fn told(self) -> BTreeMap<String, String> {
        let told = self.0.into_iter().filter_map(|(name, values)| {
            let text = match values {
                [Some(base), Some(head)] if base != head => format!("{head} ({base} before)"),
                [_, Some(head)] => head,
                [Some(base), None] => format!("{base} before"),
                [None, None] => return None,
            };
            Some((name.to_owned(), text))
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_side_by_side() {
        let mut measured = Measured::default();
        for (of, name, value) in [
            (Which::Base, "boot-time", "2 s"),
            (Which::Head, "boot-time", "9 s"),
            (Which::Head, "boot-time", "3 s"),
            (Which::Base, "memory", "1 MiB"),
            (Which::Head, "memory", "1 MiB"),
            (Which::Base, "slowest-units", "a.service"),
            (Which::Head, "new", "b"),
            (Which::Default, "none", "c"),
        ] {
            measured.keep(of, name, value.to_owned());
        }
        let told: Vec<String> = measured
            .told()
            .iter()
            .map(|(name, text)| format!("{name}: {text}"))
            .collect();
        let expected = [
            "boot-time: 3 s (2 s before)",
            "memory: 1 MiB",
            "new: b",
            "slowest-units: a.service before",
        ];
        assert_eq!(told, expected);
    }
}
