//! `closure-over-budget`: a host takes no more than it may.

use report::Stage;

use super::{Weighed, size};
use crate::host::{Found, Host, Stop};
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "closure-over-budget",
    stage: Stage::Closure,
    level: Level::Error,
    title: "A host and all that it needs take no more bytes than the settings allow",
    why: "What a host needs is copied to it on each deploy and kept as long as a generation needs it. One line can make \
          it twice as large, and nobody sees that in a review: small disks fill up, and a rollback finds no room.",
    fix: "Take out what adds most, or name only what is used of it; or raise the budget in `closure` of cfgcheck.yaml.",
    wrong: "environment.etc.\"nixpkgs\".source = inputs.nixpkgs;",
    right: "nix.registry.nixpkgs.to = { type = \"github\"; owner = \"NixOS\"; repo = \"nixpkgs\"; };",
};

/// Returns whether a host is over its budget.
pub(super) fn run(host: &mut Host<'_>, weighed: &Weighed, most: u64) -> Result<Vec<Found>, Stop> {
    let weight = &weighed.weight;
    if weight.bytes <= most {
        return if weight.is_complete() {
            Ok(Vec::new())
        } else {
            Err(Stop::Skipped(weighed.why_unknown()))
        };
    }
    let least = if weight.is_complete() { "" } else { "at least " };
    let message = "the closure is larger than the budget of this host";
    let note = format!("it takes {least}{}, and may take {}", size(weight.bytes), size(most));
    Ok(vec![weighed.tell(host, &RULE, message, note)?])
}
