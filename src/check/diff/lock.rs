//! Inputs of the lock that moved.

use crate::day::Day;
use flake::lock::{Edge, Entry, Lock};
use flake::{FlakeRef, Scheme};
use report::diff::{InputChange, Pin};
use std::collections::BTreeSet;
use std::time::Duration;

/// Returns the inputs in which two locks differ, by path.
pub fn compare(old: &Lock, new: &Lock) -> Vec<InputChange> {
    let (before, after) = (old.all_inputs(), new.all_inputs());
    let paths: BTreeSet<&Vec<String>> = before.keys().chain(after.keys()).collect();
    let mut changes = Vec::new();
    for path in paths {
        let entry = |lock, edge: Option<&(_, &Edge)>| edge.and_then(|(_, edge)| entry_of(lock, edge));
        let (old, new) = (entry(old, before.get(path)), entry(new, after.get(path)));
        let is_same = match (old, new) {
            (Some(old), Some(new)) => old.locked == new.locked && old.original == new.original,
            (None, None) => true,
            _ => false,
        };
        if is_same {
            continue;
        }
        let time = |entry: Option<&Entry>| {
            entry
                .and_then(|e| e.locked.input.last_modified().ok().flatten())
                .map(day)
        };
        changes.push(InputChange {
            input: path.join("/"),
            before: old.map(pin),
            after: new.map(pin),
            days: time(old).zip(time(new)).map(|(old, new)| old.days_until(new)),
            compare: old
                .zip(new)
                .and_then(|(old, new)| compare_page(&old.locked, &new.locked)),
        });
    }
    changes
}

/// Returns the entry that an input has of its own; one that follows another has none.
fn entry_of<'l>(lock: &'l Lock, edge: &Edge) -> Option<&'l Entry> {
    match edge {
        Edge::Node(id) => lock.node(*id).entry.as_ref(),
        Edge::Follows(_) => None,
    }
}

fn day(seconds: u64) -> Day {
    Day::of(Duration::from_secs(seconds))
}

fn pin(entry: &Entry) -> Pin {
    let input = &entry.locked.input;
    let rev = input.rev().ok().flatten().map(|rev| rev.to_string());
    Pin {
        reference: entry.original.to_string(),
        rev: rev.or_else(|| input.nar_hash().ok().flatten().map(|hash| hash.to_string())),
        date: input.last_modified().ok().flatten().map(|time| day(time).to_string()),
    }
}

/// Returns the page of the forge that shows the commits between two revisions of one repository.
fn compare_page(old: &FlakeRef, new: &FlakeRef) -> Option<String> {
    let (old, new) = (&old.input, &new.input);
    let text = |input: &flake::Input, name: &str| input.attrs().str(name).ok().flatten().map(str::to_owned);
    let repository = |input: &flake::Input| (text(input, "owner"), text(input, "repo"), text(input, "host"));
    if old.scheme() != new.scheme() || repository(old) != repository(new) {
        return None;
    }
    let (owner, repo, host) = repository(new);
    let (owner, repo) = (owner?, repo?);
    let (from, to) = (old.rev().ok()??.short(), new.rev().ok()??.short());
    match new.scheme()? {
        Scheme::Github => {
            let host = host.unwrap_or_else(|| "github.com".into());
            Some(format!("https://{host}/{owner}/{repo}/compare/{from}...{to}"))
        }
        Scheme::Gitlab => {
            let host = host.unwrap_or_else(|| "gitlab.com".into());
            Some(format!("https://{host}/{owner}/{repo}/-/compare/{from}...{to}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(inputs: &[(&str, &str, u64)]) -> Lock {
        let mut nodes = String::new();
        let mut names = Vec::new();
        for (name, rev, time) in inputs {
            names.push(format!("\"{name}\": \"{name}\""));
            nodes.push_str(&format!(
                "\"{name}\": {{ \"locked\": {{ \"type\": \"github\", \"owner\": \"o\", \"repo\": \"{name}\", \"rev\": \"{}\", \"lastModified\": {time}, \"narHash\": \"sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\" }}, \"original\": {{ \"type\": \"github\", \"owner\": \"o\", \"repo\": \"{name}\" }} }},",
                rev.repeat(40)
            ));
        }
        let text = format!(
            "{{ \"nodes\": {{ {nodes} \"root\": {{ \"inputs\": {{ {} }} }} }}, \"root\": \"root\", \"version\": 7 }}",
            names.join(", ")
        );
        Lock::parse(text.as_bytes(), "flake.lock").unwrap()
    }

    #[test]
    fn inputs_move_come_and_go() {
        let old = lock(&[("a", "1", 86_400), ("b", "1", 0), ("c", "1", 0)]);
        let new = lock(&[("a", "2", 4 * 86_400), ("b", "1", 0), ("d", "1", 0)]);
        let changes = compare(&old, &new);
        let told: Vec<(&str, bool, bool, Option<i64>)> = changes
            .iter()
            .map(|c| (c.input.as_str(), c.before.is_some(), c.after.is_some(), c.days))
            .collect();
        assert_eq!(
            told,
            [
                ("a", true, true, Some(3)),
                ("c", true, false, None),
                ("d", false, true, None)
            ]
        );
        let page = "https://github.com/o/a/compare/1111111...2222222";
        assert_eq!(changes[0].compare.as_deref(), Some(page));
        let pin = changes[0].before.as_ref().unwrap();
        assert_eq!(
            (pin.reference.as_str(), pin.date.as_deref()),
            ("github:o/a", Some("1970-01-02"))
        );
        assert_eq!(compare(&new, &old)[0].days, Some(-3));
        assert_eq!(compare(&old, &old), []);
    }
}
