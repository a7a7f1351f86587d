//! What makes a finding the same one tomorrow: not its line, nor a number in its message.

use std::collections::HashMap;

use crate::group::Group;

/// Returns a name of 32 hexadecimal digits for each group, in their order: equal groups of two reports
/// have equal names, and no two groups of one report have the same.
pub(crate) fn fingerprints(groups: &[Group]) -> Vec<String> {
    let mut seen: HashMap<u128, u128> = HashMap::new();
    let hashes = groups.iter().map(|group| {
        let finding = group.finding;
        let file = finding.location.as_ref().map_or("", |location| &location.file);
        let option = finding.option.as_deref().unwrap_or_default();
        let hash = hash([&finding.rule, file, option, &steady(&finding.message)]);
        // What is equal but for its line is told apart by its order, which a new line above does not change.
        let nth = seen.entry(hash).and_modify(|nth| *nth += 1).or_insert(0);
        let name = if *nth == 0 { hash } else { mix(hash, &nth.to_le_bytes()) };
        format!("{name:032x}")
    });
    hashes.collect()
}

/// Returns a message with `#` for each number: ages and counts change from day to day.
fn steady(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for c in message.chars() {
        match c {
            c if c.is_ascii_digit() => {
                if !out.ends_with('#') {
                    out.push('#');
                }
            }
            c => out.push(c),
        }
    }
    out
}

fn hash(parts: [&str; 4]) -> u128 {
    // The offset basis of FNV-1a with 128 bits.
    let basis = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    parts
        .iter()
        .fold(basis, |hash, part| mix(mix(hash, part.as_bytes()), &[0xff]))
}

/// Returns a hash with these bytes added, as FNV-1a does it: no secret is kept by it, and it is the same everywhere.
fn mix(hash: u128, bytes: &[u8]) -> u128 {
    bytes.iter().fold(hash, |hash, &byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Case, Outcome, Stage};
    use crate::finding::Finding;
    use crate::group::all_groups;
    use crate::run::Report;
    use diag::Severity;

    fn of(findings: Vec<Finding>) -> Vec<String> {
        let case = Case {
            findings,
            ..Case::new(Stage::Eval, "c", Outcome::Failed)
        };
        let report = Report {
            cases: vec![case],
            ..Report::default()
        };
        fingerprints(&all_groups(&report))
    }

    #[test]
    fn lines_and_numbers_do_not_count() {
        let finding = |message: &str, line| Finding::new("r", Severity::Error, message).at("f.nix", line, 1);
        let first = of(vec![finding("93 days old", 1)]);
        assert_eq!(first, of(vec![finding("94 days old", 7)]));
        assert_ne!(first, of(vec![finding("94 weeks old", 7)]));
        let two = of(vec![finding("93 days old", 1), finding("93 days old", 2)]);
        assert_eq!(two[0], first[0]);
        assert_ne!(two[0], two[1]);
        assert_eq!(of(vec![finding("93 days old", 5), finding("93 days old", 9)]), two);
    }

    #[test]
    fn the_hash_is_that_of_the_specification() {
        // From the table of test vectors for FNV-1a with 128 bits: the hash of "a".
        let basis = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        assert_eq!(format!("{:032x}", mix(basis, b"a")), "d228cb696f1a8caf78912b704e4a8964");
    }
}
