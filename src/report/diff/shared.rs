//! The same change on many hosts, told once.

use super::{Changes, Diff, HostDiff, Status};
use std::collections::HashMap;
use std::hash::Hash;

/// Hosts, and the changes that they and no others have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shared<'a> {
    /// The hosts, in the order of the diff.
    pub hosts: Vec<&'a HostDiff>,
    /// What differs on each of them.
    pub changes: Changes,
}

/// Returns the changes of a diff, each with exactly the hosts that have it: first what most hosts
/// have, then host by host.
pub fn shared(diff: &Diff) -> Vec<Shared<'_>> {
    let hosts: Vec<&HostDiff> = diff.hosts.iter().filter(|h| h.status == Status::Changed).collect();
    let mut groups: Vec<(Vec<usize>, Changes)> = Vec::new();
    let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
    // A host on which nothing was seen to differ is told too.
    for (index, host) in hosts.iter().enumerate() {
        if host.changes.is_empty() {
            group(&mut groups, &mut known, vec![index]);
        }
    }
    macro_rules! part {
        ($($field:ident),*) => {$(
            for (item, on) in members(&hosts, |changes| &changes.$field) {
                group(&mut groups, &mut known, on).$field.push(item);
            }
        )*};
    }
    part!(reboot, options, packages, units, accounts, ports, facts, unknown);
    groups.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    let groups = groups.into_iter();
    groups
        .map(|(on, changes)| Shared {
            hosts: on.into_iter().map(|index| hosts[index]).collect(),
            changes,
        })
        .collect()
}

/// Returns the changes that exactly these hosts have.
fn group<'g>(
    groups: &'g mut Vec<(Vec<usize>, Changes)>,
    known: &mut HashMap<Vec<usize>, usize>,
    on: Vec<usize>,
) -> &'g mut Changes {
    let index = *known.entry(on.clone()).or_insert_with(|| {
        groups.push((on, Changes::default()));
        groups.len() - 1
    });
    &mut groups[index].1
}

/// Returns each different item of one kind with the hosts that have it, in the order of first sight.
fn members<'a, T: Clone + Eq + Hash>(
    hosts: &[&'a HostDiff],
    field: fn(&'a Changes) -> &'a Vec<T>,
) -> Vec<(T, Vec<usize>)> {
    let mut order: Vec<(&T, Vec<usize>)> = Vec::new();
    let mut known: HashMap<&T, usize> = HashMap::new();
    for (index, host) in hosts.iter().enumerate() {
        for item in field(&host.changes) {
            let at = *known.entry(item).or_insert_with(|| {
                order.push((item, Vec::new()));
                order.len() - 1
            });
            if order[at].1.last() != Some(&index) {
                order[at].1.push(index);
            }
        }
    }
    order.into_iter().map(|(item, on)| (item.clone(), on)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::sample::fleet;

    #[test]
    fn a_change_of_two_hosts_is_told_once() {
        let diff = fleet();
        let told: Vec<(Vec<&str>, usize, usize)> = shared(&diff)
            .iter()
            .map(|s| {
                let names = s.hosts.iter().map(|h| h.name.as_str()).collect();
                (names, s.changes.options.len(), s.changes.packages.len())
            })
            .collect();
        assert_eq!(
            told,
            [(vec!["db", "web"], 1, 2), (vec!["db"], 0, 0), (vec!["web"], 6, 3)]
        );
    }

    #[test]
    fn nothing_is_lost() {
        let diff = fleet();
        let count = |c: &Changes| c.options.len() + c.packages.len() + c.units.len() + c.facts.len();
        let told: usize = shared(&diff).iter().map(|s| s.hosts.len() * count(&s.changes)).sum();
        assert_eq!(told, diff.hosts.iter().map(|h| count(&h.changes)).sum::<usize>());
    }
}
