//! All packages without a free licence are allowed at once.

use super::reading::Host;
use super::{Found, Stop};
use crate::{Level, Rule};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "package-unfree-unlisted",
    stage: Stage::Packages,
    level: Level::Warning,
    title: "Packages without a free licence are allowed one by one",
    why: "`allowUnfree = true` also allows those that a dependency or the next update brings. With a list, each is \
          looked at once, by somebody who reads its licence.",
    fix: "List the names of those that are meant.",
    wrong: "nixpkgs.config.allowUnfree = true;",
    right: "nixpkgs.config.allowUnfreePredicate = pkg: builtins.elem (lib.getName pkg) [ \"steam\" ];",
};

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let path = ["nixpkgs", "config", "allowUnfree"];
    if !host.is_on(&path)? {
        return Ok(Vec::new());
    }
    let place = host.place(&path)?;
    let diagnostic = RULE
        .found("every unfree package is allowed, also those that come with the next update")
        .at(place, "")
        .hint("list those that are meant: `nixpkgs.config.allowUnfreePredicate = pkg: builtins.elem (lib.getName pkg) [ … ];`");
    let diagnostic = host.with_definer(diagnostic, &path)?;
    Ok(vec![Found::new(diagnostic).option("nixpkgs.config.allowUnfree")])
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn allowing_all_is_told_and_a_list_is_not() {
        let told = "host.nix:1:3: every unfree package is allowed, also those that come with the next update";
        check(super::run, "{ nixpkgs.config.allowUnfree = true; }", &[told]);
        check(super::run, "{ nixpkgs.config.allowUnfree = false; }", &[]);
        check(super::run, "{ nixpkgs.config.allowUnfreePredicate = _: true; }", &[]);
        check(super::run, "{ }", &[]);
    }
}
