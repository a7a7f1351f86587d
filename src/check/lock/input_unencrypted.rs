//! `input-unencrypted`: inputs come over connections that nobody can change on the way.

use diag::Diagnostic;
use report::Stage;

use super::view::View;
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "input-unencrypted",
    stage: Stage::Lock,
    level: Level::Warning,
    title: "Inputs are fetched by https or ssh",
    why: "What is locked is checked by its hash. But each update takes whatever answers, and over `http:` or `git:` \
          anybody on the way can answer: that becomes the new hash.",
    fix: "Name the same address with `https:`.",
    wrong: "inputs.themes.url = \"git+http://git.example.org/themes\";",
    right: "inputs.themes.url = \"git+https://git.example.org/themes\";",
};

/// Returns the inputs that are fetched in the open.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for input in &view.inputs {
        let url = input.reference.input.attrs().str("url").ok().flatten();
        let scheme = url.and_then(|url| url.split_once("://")).map(|(scheme, _)| scheme);
        let Some(scheme @ ("http" | "git" | "ftp")) = scheme else {
            continue;
        };
        let name = &input.name;
        let message = format!("the input `{name}` is fetched by `{scheme}:`, which anybody on the way can change");
        found.push(
            RULE.found(message)
                .at(view.span(&input.declared), "")
                .hint("take `https:`"),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn connections_in_the_open() {
        let check = |url: &str, scheme: Option<&str>| {
            let found = scheme.map(|scheme| {
                format!("flake.nix:2:14: the input `a` is fetched by `{scheme}:`, which anybody on the way can change; take `https:`")
            });
            let found: Vec<&str> = found.as_deref().into_iter().collect();
            Table::of(&RULE).check(&format!("a.url = \"{url}\";"), "", &found);
        };
        check("github:a/b", None);
        check("git+https://h/a", None);
        check("git+ssh://git@h/a", None);
        check("path:./a", None);
        check("git+http://h/a", Some("http"));
        check("git://h/a", Some("git"));
        check("http://h/a.tar.gz", Some("http"));
    }
}
