//! `several-nixpkgs`: few nixpkgs come in by other inputs.

use diag::Diagnostic;
use report::Stage;

use super::nixpkgs::{self, Nixpkgs};
use super::view::View;
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "several-nixpkgs",
    stage: Stage::Lock,
    level: Level::Warning,
    title: "At most one input brings a nixpkgs of its own",
    why: "Each nixpkgs is fetched (some 40 MB), evaluated and kept; packages of each come with their own libc and their \
          own holes, which are mended only when the other project updates its lock.",
    fix: "Let the inputs follow the flake's own nixpkgs; where one is meant to have its own, allow it there with a \
          reason.",
    wrong: "disko.url = \"github:nix-community/disko\";\nsops-nix.url = \"github:Mic92/sops-nix\";",
    right: "disko.url = \"github:nix-community/disko\";\ndisko.inputs.nixpkgs.follows = \"nixpkgs\";\n\
            sops-nix.url = \"github:Mic92/sops-nix\";\nsops-nix.inputs.nixpkgs.follows = \"nixpkgs\";",
};

/// Most inputs that a message names.
const MOST_NAMED: usize = 12;

/// Returns the nixpkgs that other inputs bring, if they are several.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    let Some(found) = nixpkgs::of_lock(view).filter(|found| found.others.len() > 1) else {
        return Vec::new();
    };
    let mut diagnostic = RULE.found(message(&found)).at(view.inputs_span(), "");
    let mut marked: Vec<&String> = Vec::new();
    for path in found.others.iter().take(MOST_NAMED) {
        let input = view.input(&path[0]).filter(|input| !marked.contains(&&input.name));
        if let Some(input) = input {
            marked.push(&input.name);
            diagnostic = diagnostic.also(view.span(&input.declared), "brings its own");
        }
    }
    let hint = format!("let the inputs follow: `inputs.nixpkgs.follows = \"{}\";`", found.main);
    vec![diagnostic.hint(hint)]
}

fn message(found: &Nixpkgs) -> String {
    let mut whose: Vec<String> = Vec::new();
    for path in found.others.iter().take(MOST_NAMED) {
        let above = format!("`{}`", path[..path.len() - 1].join("/"));
        if !whose.contains(&above) {
            whose.push(above);
        }
    }
    let count = in_words(found.own + found.others.len());
    if found.others.len() > MOST_NAMED {
        whose.push("others".to_owned());
    }
    let last = whose.pop().unwrap_or_default();
    let (of, others) = (in_words(found.own), whose.join(", of "));
    match (found.own, whose.is_empty()) {
        (1, false) => format!("the lock has {count} nixpkgs: those of this flake, of {others} and of {last}"),
        (1, true) => format!("the lock has {count} nixpkgs: those of this flake and of {last}"),
        (_, false) => format!("the lock has {count} nixpkgs: {of} of this flake, and those of {others} and of {last}"),
        (_, true) => format!("the lock has {count} nixpkgs: {of} of this flake, and those of {last}"),
    }
}

fn in_words(count: usize) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    ];
    WORDS
        .get(count)
        .map_or_else(|| count.to_string(), |word| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn nixpkgs_are_counted() {
        let table = Table::of(&RULE);
        let nix = "nixpkgs.url = \"github:NixOS/nixpkgs\"; a.url = \"github:a/b\"; c.url = \"github:a/c\";";
        let own = "nixpkgs = github:NixOS/nixpkgs\na = github:a/b\nc = github:a/c";
        let hint = "let the inputs follow: `inputs.nixpkgs.follows = \"nixpkgs\";`";
        let two = format!("{own}\na/nixpkgs = github:NixOS/nixpkgs");
        table.check(nix, &two, &[]);
        table.check(
            nix,
            &format!("{two}\nc/nixpkgs = github:NixOS/nixpkgs"),
            &[&format!(
                "flake.nix:2:3: the lock has three nixpkgs: those of this flake, of `a` and of `c`; {hint}"
            )],
        );
        table.check(
            nix,
            &format!("{two}\na/n = github:NixOS/nixpkgs"),
            &[&format!(
                "flake.nix:2:3: the lock has three nixpkgs: those of this flake and of `a`; {hint}"
            )],
        );
        let nix = format!("{nix} u.url = \"nixpkgs\";");
        table.check(
            &nix,
            &format!("{two}\nu = flake:nixpkgs @ github:NixOS/nixpkgs\na/n = github:NixOS/nixpkgs\nc/n = nixpkgs @ github:x/nixpkgs"),
            &[&format!(
                "flake.nix:2:3: the lock has five nixpkgs: two of this flake, and those of `a` and of `c`; {hint}"
            )],
        );
    }
}
