//! `input-outside`: no input is a folder of one machine.

use diag::{Diagnostic, Span};
use flake::tree::resolve;
use flake::{FlakeRef, Scheme};
use report::Stage;

use super::view::View;
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "input-outside",
    stage: Stage::Lock,
    level: Level::Warning,
    title: "No input is a folder outside of the repository",
    why: "Such a folder is there on one machine only. No other one, no CI and nobody who clones the repository can \
          evaluate the flake.",
    fix: "Put the folder into the repository and name it relatively, or push it and name its address.",
    wrong: "inputs.secrets.url = \"git+file:///home/alice/secrets\";",
    right: "inputs.secrets.url = \"git+ssh://git@git.example.org/alice/secrets\";",
};

/// Returns the inputs that are elsewhere on this machine.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    let dir = view.files.dir.as_bytes();
    let outside = view
        .inputs
        .iter()
        .filter(|input| match input.reference.input.relative_path() {
            // In `check`, locking the flake tells it.
            Some(path) => view.request.lint && resolve(dir, path.as_bytes()).is_none(),
            None => is_local(&input.reference),
        });
    let found = outside.map(|input| {
        let (name, reference) = (&input.name, &input.reference);
        let message = format!("the input `{name}` is a folder outside of the repository: {reference}");
        let span = Some(input.declared.span).filter(|span| *span != Span::default());
        let found = RULE.found(message).at(view.span(&input.declared), "");
        let found = match span {
            Some(span) => found.also(span, "only this machine has it"),
            None => found,
        };
        found.hint("put it into the repository, or push it and name its address")
    });
    found.collect()
}

/// Whether a reference is an absolute path, or a URL of a file.
fn is_local(reference: &FlakeRef) -> bool {
    let input = &reference.input;
    let url = input.attrs().str("url").ok().flatten();
    match input.scheme() {
        Some(Scheme::Path) => true,
        Some(Scheme::Git | Scheme::Tarball | Scheme::File | Scheme::Mercurial) => {
            url.is_some_and(|url| url.starts_with("file:") || url.starts_with('/'))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn folders_of_this_machine() {
        const HINT: &str = "put it into the repository, or push it and name its address";
        let check = |dir: &str, url: &str, shown: Option<&str>| {
            let place = if dir.is_empty() {
                String::new()
            } else {
                format!("{dir}/")
            };
            let found = shown.map(|shown| {
                format!("{place}flake.nix:2:14: the input `a` is a folder outside of the repository: {shown}; {HINT}")
            });
            let found: Vec<&str> = found.as_deref().into_iter().collect();
            Table::of(&RULE)
                .dir(dir)
                .check(&format!("a.url = \"{url}\";"), "", &found);
        };
        check("", "path:./a", None);
        check("nix", "path:../a", None);
        check("", "github:a/b", None);
        check("", "git+ssh://git@h/a", None);
        check("", "path:../a", Some("path:../a"));
        check("nix", "path:../../a", Some("path:../../a"));
        check("", "path:/home/alice/a", Some("path:/home/alice/a"));
        check("", "git+file:///home/alice/a", Some("git+file:///home/alice/a"));
        check("", "file:///home/alice/a.tar.gz", Some("file:///home/alice/a.tar.gz"));
    }
}
