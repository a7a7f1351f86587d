//! `closure-grown`: a change does not make a host much larger.

use report::Stage;

use super::{Weighed, Weight, size};
use crate::host::{Found, Host, Stop};
use crate::settings::Growth;
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "closure-grown",
    stage: Stage::Closure,
    level: Level::Error,
    title: "A host grows over the base no more than the settings allow",
    why: "Closures grow by a package here and a second libc there, each too small to be noticed, until a disk is full. \
          A bound for one change makes somebody look when it happens.",
    fix: "See what came in with `cfgcheck diff`, and take it out; or raise `max-growth` in `closure` of cfgcheck.yaml.",
    wrong: "environment.systemPackages = [ pkgs.texliveFull ];",
    right: "environment.systemPackages = [ pkgs.texliveBasic ];",
};

/// Returns whether a host has grown too much.
pub(super) fn run(host: &mut Host<'_>, weighed: &Weighed, growth: Growth, before: &Weight) -> Result<Vec<Found>, Stop> {
    if !before.is_complete() {
        let reason = format!(
            "how large the base is cannot be told: the sizes of {} of its {} paths are not known",
            before.unknown, before.paths
        );
        return Err(Stop::Skipped(reason));
    }
    let weight = &weighed.weight;
    let most = growth.limit(before.bytes);
    if weight.bytes <= most {
        return if weight.is_complete() {
            Ok(Vec::new())
        } else {
            Err(Stop::Skipped(weighed.why_unknown()))
        };
    }
    let least = if weight.is_complete() { "" } else { "at least " };
    let message = format!("the closure has grown by more than {growth} over the base");
    let note = format!(
        "it took {}, and takes {least}{}",
        size(before.bytes),
        size(weight.bytes)
    );
    Ok(vec![weighed.tell(host, &RULE, &message, note)?])
}
