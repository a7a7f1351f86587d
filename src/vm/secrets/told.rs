//! What the report says of secrets.

use super::{Done, Dummies, Left};
use std::collections::{BTreeMap, BTreeSet};

/// The name of the property of a case that has these sentences. It names no secret, or the report would mask them all.
pub const PROPERTY: &str = "dummies";

/// Returns which secrets of some generations are dummies, and which are left as they are, as one sentence each; nothing
/// if the generations have no secrets.
pub fn told<'d>(generations: impl IntoIterator<Item = &'d Dummies>) -> Vec<String> {
    let mut replaced = BTreeSet::new();
    let mut left: BTreeMap<Left, BTreeSet<String>> = BTreeMap::new();
    for secret in generations.into_iter().flat_map(|dummies| &dummies.secrets) {
        match secret.dummy {
            Ok(_) => replaced.insert(name(secret)),
            Err(why) => left.entry(why).or_default().insert(name(secret)),
        };
    }
    let list = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let mut sentences = Vec::new();
    // The names stand after a word that is no secret's, or the report would take the first of them for a secret.
    let begin = match replaced.len() {
        1 => "1 secret is a generated dummy".to_owned(),
        n => format!("{n} secrets are generated dummies"),
    };
    if !replaced.is_empty() {
        sentences.push(format!("under a throw-away key, {begin}: {}", list(&replaced)));
    }
    sentences.extend(
        left.iter()
            .map(|(why, names)| format!("left as it is, since {why}: {}", list(names))),
    );
    sentences
}

/// Returns a secret's name beside others.
fn name(secret: &Done) -> String {
    let kind = secret.kind.name();
    match &secret.home {
        None => format!("{} ({kind})", secret.name),
        Some(user) => format!("{} of {user} ({kind})", secret.name),
    }
}
