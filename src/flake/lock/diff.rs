//! The differences of two locks in the words of `nix flake update`.

use super::{Edge, Lock, NodeId};
use crate::flakeref::FlakeRef;

impl Lock {
    /// Returns what changed from `self` to `new`: a line for each input that was added or removed,
    /// three for each that was updated. Empty if nothing did.
    pub fn diff(&self, new: &Lock) -> String {
        let (old_inputs, new_inputs) = (self.all_inputs(), new.all_inputs());
        let mut paths: Vec<_> = old_inputs.keys().chain(new_inputs.keys()).collect();
        paths.sort();
        paths.dedup();
        let mut text = String::new();
        for path in paths {
            let name = path.join("/");
            match (old_inputs.get(path), new_inputs.get(path)) {
                (None, Some((_, edge))) => {
                    text.push_str(&format!("• Added input '{name}':\n    {}\n", new.describe(edge)));
                }
                (Some(_), None) => text.push_str(&format!("• Removed input '{name}'\n")),
                (Some((_, before)), Some((_, after))) if !same(self, before, new, after) => {
                    let (before, after) = (self.describe(before), new.describe(after));
                    text.push_str(&format!("• Updated input '{name}':\n    {before}\n  → {after}\n"));
                }
                _ => {}
            }
        }
        text
    }

    fn locked(&self, id: NodeId) -> Option<&FlakeRef> {
        self.node(id).entry.as_ref().map(|entry| &entry.locked)
    }

    fn describe(&self, edge: &Edge) -> String {
        match edge {
            Edge::Follows(path) => format!("follows '{}'", path.join("/")),
            Edge::Node(id) => match self.locked(*id) {
                None => "the flake itself".to_owned(),
                Some(locked) => match locked.input.last_modified() {
                    Ok(Some(time)) => format!("'{locked}' ({})", date(time)),
                    _ => format!("'{locked}'"),
                },
            },
        }
    }
}

fn same(old: &Lock, before: &Edge, new: &Lock, after: &Edge) -> bool {
    match (before, after) {
        (Edge::Node(before), Edge::Node(after)) => old.locked(*before) == new.locked(*after),
        (Edge::Follows(before), Edge::Follows(after)) => before == after,
        _ => false,
    }
}

/// Returns the day, in Greenwich, of a time in seconds since 1970, as `2024-05-31`.
fn date(time: u64) -> String {
    // Days to a civil date in years that start in March, so that the leap day comes last.
    let days = time / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (time, expected) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_577_836_800, "2020-01-01"),
            (1_717_199_999, "2024-05-31"),
        ] {
            assert_eq!(date(time), expected);
        }
    }
}
