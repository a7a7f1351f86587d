//! `input-moved`: what is locked is what the reference names.

use diag::Diagnostic;
use flake::lock::Entry;
use flake::{FlakeRef, Scheme};
use report::Stage;

use super::view::View;
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "input-moved",
    stage: Stage::Lock,
    level: Level::Error,
    title: "An input is locked to the revision and the repository that its reference names",
    why: "Nix compares a lock with flake.nix by what the lock says it was made for, never by what it is locked to. \
          Who changes only the latter, by hand or in a pull request, has the fleet built from another revision or from \
          another repository, and no command tells.",
    fix: "Lock the input anew with `nix flake update NAME`, and look at who changed flake.lock.",
    wrong: "\"locked\": { \"owner\": \"somebody\", \"repo\": \"nixpkgs\", … },\n\
            \"original\": { \"owner\": \"NixOS\", \"repo\": \"nixpkgs\", … }",
    right: "\"locked\": { \"owner\": \"NixOS\", \"repo\": \"nixpkgs\", … },\n\
            \"original\": { \"owner\": \"NixOS\", \"repo\": \"nixpkgs\", … }",
};

/// Returns the entries that are locked to something else; those of inputs of inputs, too, as they can be changed alike.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    let Some(file) = &view.lock else { return Vec::new() };
    let mut found = Vec::new();
    for (_, node) in file.lock.nodes() {
        let Some(entry) = &node.entry else { continue };
        let Some((attr, locked, named)) = moved(entry) else {
            continue;
        };
        let key = &node.key;
        let message = format!("the input `{key}` is locked to {locked}, and its reference names {named}");
        let hint = "lock it anew: `nix flake update`, and look at who changed flake.lock";
        let hint = match view.input(key) {
            Some(_) => hint.replace("update`", &format!("update {key}`")),
            None => hint.to_owned(),
        };
        found.push(RULE.found(message).at(view.attr(node, "locked", attr), "").hint(hint));
    }
    found
}

/// Returns the attribute that differs, what is locked, and what the reference names.
fn moved(entry: &Entry) -> Option<(&'static str, String, String)> {
    let (locked, named) = (&entry.locked, &entry.original);
    let text = |reference: &FlakeRef, name: &str| reference.input.attrs().str(name).ok().flatten().map(str::to_owned);
    let differ = |name: &'static str| {
        let (locked, named) = (text(locked, name), text(named, name)?);
        (locked.as_ref() != Some(&named)).then(|| (name, locked.unwrap_or_default(), named))
    };
    if let Some(found) = differ("rev") {
        return Some(found);
    }
    let place = |attr: &'static str| Some((attr, without_state(locked), without_state(named)));
    let (from, to) = (named.input.scheme()?, locked.input.scheme());
    match from {
        // A registry or a server says where these lead.
        Scheme::Indirect | Scheme::Tarball | Scheme::File | Scheme::Mercurial => None,
        _ if to != Some(from) => place("type"),
        Scheme::Github | Scheme::Gitlab | Scheme::Sourcehut => ["owner", "repo", "host"]
            .into_iter()
            .find(|name| !is_same(text(locked, name), text(named, name)))
            .and_then(place),
        Scheme::Git => differ("url").and_then(|_| place("url")),
        Scheme::Path => differ("path").and_then(|_| place("path")),
    }
}

/// Whether two names of an owner, a repository or a host are one: forges take them in any case.
fn is_same(one: Option<String>, other: Option<String>) -> bool {
    let small = |name: Option<String>| name.map(|name| name.to_ascii_lowercase());
    small(one) == small(other)
}

/// Returns a reference without what is found out about its tree.
fn without_state(reference: &FlakeRef) -> String {
    let mut plain = reference.clone();
    for name in ["rev", "ref", "narHash", "lastModified", "revCount"] {
        plain.input.unset(name);
    }
    plain.input.display()
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn an_input_is_locked_to_what_it_names() {
        const ANEW: &str = "lock it anew: `nix flake update a`, and look at who changed flake.lock";
        let table = Table::of(&RULE);
        let nix = "a.url = \"github:a/b\";";
        let rev = "github:a/b/4520b30f309a3bc92dbae2ab4b0be0e3d8da3c05";
        table.check(nix, "a = github:a/b", &[]);
        table.check(nix, "a = github:a/b @ github:A/B", &[]);
        table.check(nix, "a = git+https://h/a?ref=main", &[]);
        table.check(nix, "a = flake:a @ github:x/y", &[]);
        table.check(nix, "a = https://h/a.tar.gz @ https://h/b.tar.gz", &[]);
        table.check(&format!("a.url = \"{rev}\";"), &format!("a = {rev}"), &[]);
        table.check(
            nix,
            "a = github:a/b @ github:x/b",
            &[&format!(
                "flake.lock:7:9: the input `a` is locked to github:x/b, and its reference names github:a/b; {ANEW}"
            )],
        );
        table.check(
            nix,
            "a = github:a/b @ gitlab:a/b",
            &[&format!(
                "flake.lock:10:9: the input `a` is locked to gitlab:a/b, and its reference names github:a/b; {ANEW}"
            )],
        );
        table.check(
            nix,
            "a = git+https://h/a @ git+https://h/b",
            &[&format!(
                "flake.lock:8:9: the input `a` is locked to git+https://h/b, and its reference names git+https://h/a; {ANEW}"
            )],
        );
        table.check(
            &format!("a.url = \"{rev}\";"),
            &format!("a = {rev} @ github:a/b/5c52261a3f3ff828d1aa6870c27f9c6410505e3b"),
            &[&format!(
                "flake.lock:9:9: the input `a` is locked to 5c52261a3f3ff828d1aa6870c27f9c6410505e3b, and its reference \
                 names 4520b30f309a3bc92dbae2ab4b0be0e3d8da3c05; {ANEW}"
            )],
        );
    }
}
