//! Packages with known holes are allowed.

use super::reading::{Host, text_of};
use super::{Found, Stop};
use crate::{Level, Rule};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "package-insecure-allowed",
    stage: Stage::Packages,
    level: Level::Warning,
    title: "No package with known holes is allowed",
    why: "nixpkgs refuses packages that are known to be insecure. Those that are permitted stay so, long after the \
          one program that needed them is gone.",
    fix: "Take a package that is maintained. Where there is none, waive the finding with a date by which to look again.",
    wrong: "nixpkgs.config.permittedInsecurePackages = [ \"openssl-1.1.1w\" ];",
    right: "nixpkgs.config.permittedInsecurePackages = [ ];",
};

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let path = ["nixpkgs", "config", "permittedInsecurePackages"];
    let mut found = Vec::new();
    for &cell in host.elements(&path)? {
        let Some(name) = text_of(host.force(cell)?) else {
            continue;
        };
        let place = host.place(&path)?;
        let diagnostic = RULE
            .found(format!("`{name}` is allowed, although it is known to be insecure"))
            .at(place, "")
            .hint("take a package that is maintained, or waive this with a day on which to look again");
        found.push(Found::new(diagnostic).option(path.join(".")));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn each_package_is_told() {
        let told = |name: &str| format!("host.nix:1:3: `{name}` is allowed, although it is known to be insecure");
        let list = "{ nixpkgs.config.permittedInsecurePackages = [ \"a-1\" \"b-2\" ]; }";
        check(super::run, list, &[&told("a-1"), &told("b-2")]);
        check(super::run, "{ nixpkgs.config.permittedInsecurePackages = [ ]; }", &[]);
        check(super::run, "{ }", &[]);
    }
}
