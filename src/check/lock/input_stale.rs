//! `input-stale`: inputs are moved as often as they should be.

use diag::Diagnostic;
use report::Stage;

use super::reference::{Track, track};
use super::view::View;
use crate::settings::MaxAge;
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "input-stale",
    stage: Stage::Lock,
    level: Level::Warning,
    title: "An input is not older than its class allows",
    why: "Stable and rolling inputs may be 30 days old, the latest ones a year. Fixes reach a machine only when its inputs are updated. What is left alone for months is also hard to update: \
          everything changes at once.",
    fix: "Update it with `nix flake update NAME`, best by a weekly job. Where it may be older, say so in `inputs` of \
          cfgcheck.yaml: `NAME: { max-age: 90d }`.",
    wrong: "\"lastModified\": 1763900000,  # a year ago",
    right: "\"lastModified\": 1795241565,  # four days ago",
};

/// Returns the inputs that are too old.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (input, node, entry) in view.locked() {
        let (MaxAge::Days(most), Some(age)) = (input.max_age, view.age(entry)) else {
            continue;
        };
        // The branch of a release that has ended stands still: another rule tells that.
        let is_over =
            matches!(track(&input.reference), Some(Track::Release(release)) if release.end() < view.request.today);
        if age <= i64::from(most) || is_over {
            continue;
        }
        let name = &input.name;
        let message = format!("the input `{name}` was last updated {age} days ago");
        let span = view.attr(node, "locked", "lastModified");
        let diagnostic = RULE.found(message).at(span, "");
        let diagnostic = diagnostic.hint(format!("update it: `nix flake update {name}`"));
        found.push(match input.class {
            Some(class) => diagnostic.note(format!("{} inputs may be {most} days old", class.name())),
            None => diagnostic.note(format!("it may be {most} days old")),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn each_class_has_its_age() {
        let check = |url: &str, days: i64, settings: &str, expected: Option<i64>| {
            let found = expected.map(|days| {
                format!(
                    "flake.lock:5:9: the input `a` was last updated {days} days ago; update it: `nix flake update a`"
                )
            });
            let found: Vec<&str> = found.as_deref().into_iter().collect();
            let table = Table::of(&RULE).settings(settings);
            table.check(&format!("a.url = \"{url}\";"), &format!("a = {url} {days}d"), &found);
        };
        let (stable, rolling, latest) = ("github:a/b/nixos-26.05", "github:a/b/nixos-unstable", "github:a/b");
        check(stable, 30, "{}", None);
        check(stable, 31, "{}", Some(31));
        check(rolling, 31, "{}", Some(31));
        check(latest, 365, "{}", None);
        check(latest, 366, "{}", Some(366));
        check("github:a/b/v1.2", 3000, "{}", None);
        check("github:nix-systems/default", 3000, "{}", None);
        check(latest, -20, "{}", None);
        check(stable, 31, "a: { max-age: 45d }", None);
        check(stable, 46, "a: { max-age: 45d }", Some(46));
        check(stable, 3000, "'*': { max-age: none }", None);
        check(latest, 31, "a: rolling", Some(31));
        check("github:a/b/nixos-24.11", 600, "{}", None);
        check("github:a/b/v1.2", 31, "a: { max-age: 30d }", Some(31));
        check("github:nix-systems/default", 31, "a: { max-age: 30d }", Some(31));
    }

    #[test]
    fn an_entry_that_is_out_of_step_is_not_judged() {
        Table::of(&RULE).check(
            "a.url = \"github:a/b/nixos-26.05\";",
            "a = github:a/b/nixos-25.11 300d",
            &[],
        );
        Table::of(&RULE).check("a.url = \"path:./a\";", "a = path:./a", &[]);
    }
}
