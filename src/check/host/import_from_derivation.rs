//! Evaluation needs the result of a build.

use super::reading::Host;
use super::{Found, Stop};
use crate::{Level, Rule};
use diag::Span;
use report::Stage;
use std::collections::BTreeSet;

/// The rule. Where nothing may be built, the evaluation fails, and its case has the finding.
pub const RULE: Rule = Rule {
    id: "import-from-derivation",
    stage: Stage::Eval,
    level: Level::Warning,
    title: "A configuration evaluates without building anything",
    why: "What is built while evaluating stops the evaluation until it is done, one build after the other; and a host \
          of another architecture can only be evaluated where its programs run.",
    fix: "Write the value as Nix, or commit the generated file and read that. Where it is meant, `--ifd nix` lets Nix \
          build it.",
    wrong: "networking.firewall.allowedTCPPorts = import (pkgs.runCommand \"ports.nix\" { } \"echo '[ 80 ]' > $out\");",
    right: "networking.firewall.allowedTCPPorts = import ./ports.nix;",
};

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    // The case of the evaluation tells the one that could not be made.
    if !host.evaluates() {
        return Err(Stop::Unknown);
    }
    let mut found = Vec::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    let builds = host.builds;
    for build in builds.iter().filter(|build| told.insert(&build.name)) {
        let own = build.sites.iter().copied().find(|site| host.owns(*site));
        let place = match own {
            Some(site) => Span::new(site, site.offset(1)),
            None => host.system.place(host.ev),
        };
        let diagnostic = RULE
            .found(format!("evaluating this needs `{}` to be built first", build.name))
            .at(place, "")
            .hint("write the value as Nix, or commit the generated file");
        found.push(Found::new(diagnostic));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::{Told, check_told};
    use eval::NotedBuild;

    #[test]
    fn each_build_is_told_once() {
        let build = |name: &str| NotedBuild {
            name: name.into(),
            sites: Vec::new(),
        };
        let told = Told {
            builds: vec![build("a"), build("b"), build("a")],
            ..Told::default()
        };
        check_told(
            super::run,
            "{ }",
            &told,
            &[
                "flake.nix:4:3: evaluating this needs `a` to be built first",
                "flake.nix:4:3: evaluating this needs `b` to be built first",
            ],
        );
        check_told(super::run, "{ }", &Told::default(), &[]);
        // The case of the evaluation has the one that could not be made.
        let fails = Told { fails: true, ..told };
        check_told(super::run, "{ }", &fails, &["unknown"]);
    }
}
