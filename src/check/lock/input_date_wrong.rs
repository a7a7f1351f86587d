//! `input-date-wrong`: no input is of the future.

use diag::Diagnostic;
use report::Stage;

use super::view::View;
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "input-date-wrong",
    stage: Stage::Lock,
    level: Level::Warning,
    title: "No input is dated after today",
    why: "Ages are told by the dates in flake.lock. A date in the future, by a wrong clock or by hand, makes an input \
          look new for as long as it lies ahead.",
    fix: "Lock the input anew with `nix flake update NAME`; where its newest commit has that date, name another \
          revision, or tell the project.",
    wrong: "\"lastModified\": 1826755200,  # next year",
    right: "\"lastModified\": 1795241565,",
};

/// Days that a date may lie ahead: clocks of committers differ, and so do days around the world.
const MOST_AHEAD: i64 = 1;

/// Returns the inputs of the future.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (input, node, entry) in view.locked() {
        let Some(ahead) = view.age(entry).map(|age| -age).filter(|ahead| *ahead > MOST_AHEAD) else {
            continue;
        };
        let name = &input.name;
        let message = format!("the input `{name}` is dated {ahead} days after today, so that its age says nothing");
        let span = view.attr(node, "locked", "lastModified");
        let hint = format!("lock it anew: `nix flake update {name}`");
        found.push(RULE.found(message).at(span, "").hint(hint));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    #[test]
    fn dates_of_the_future() {
        let check = |days: i64, expected: &[&str]| {
            Table::of(&RULE).check("a.url = \"github:a/b\";", &format!("a = github:a/b {days}d"), expected);
        };
        check(0, &[]);
        check(-1, &[]);
        check(
            -2,
            &[
                "flake.lock:5:9: the input `a` is dated 2 days after today, so that its age says nothing; lock it anew: \
               `nix flake update a`",
            ],
        );
    }
}
