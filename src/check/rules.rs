//! All rules, in the order of the run.

use crate::{Rule, closure, fleet, host, lock, outputs, source, waiver};

/// Returns all rules that come with cfgcheck.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    let accepted = [&waiver::EXPIRED, &waiver::UNUSED].into_iter();
    let sources = source::RULES.iter().map(|entry| entry.rule);
    accepted
        .chain(sources)
        .chain(lock::RULES.iter().map(|entry| entry.rule))
        .chain(host::OF_EVALUATION.iter().copied())
        .chain(host::RULES.iter().map(|entry| entry.rule))
        .chain(fleet::RULES.iter().map(|entry| entry.rule))
        .chain(outputs::RULES.iter().map(|entry| entry.rule))
        .chain(closure::RULES.iter().copied())
}

/// Returns the rule of this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_is_documented_under_a_name_of_its_own() {
        let mut ids = BTreeSet::new();
        for rule in rules() {
            assert!(ids.insert(rule.id), "two rules are called {}", rule.id);
            let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(rule.id.chars().all(kebab), "{}", rule.id);
            assert!(!rule.title.ends_with('.') && rule.title.len() < 100, "{}", rule.id);
            assert!(
                rule.title.starts_with(|c: char| c.is_uppercase() || c == '`'),
                "{}",
                rule.id
            );
            assert!(
                rule.why.ends_with('.') && rule.fix.ends_with(['.', ')', '`']),
                "{}",
                rule.id
            );
            assert!(!rule.wrong.is_empty() && !rule.right.is_empty(), "{}", rule.id);
            assert_ne!(rule.wrong, rule.right, "{}", rule.id);
            assert_eq!(super::rule(rule.id), Some(rule));
        }
        assert_eq!(super::rule("no-such-rule"), None);
    }
}
