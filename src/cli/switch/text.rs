//! Plans and outcomes as text.

use super::target::Target;
use crate::stream::say;
use ::deploy::host::Observed;
use ::deploy::order::Action;
use ::deploy::{Ended, Plan};
use diag::clean_line;

/// What is there of a home that is not there yet.
pub const NO_HOME: &str = "nothing of home-manager";

/// Returns a plan for a person.
pub fn plan(plan: &Plan, host: &str) -> String {
    let mut out = format!("{} ({})\n", clean_line(&name(&plan.now)), clean_line(host));
    let mut line = |what: &str, text: &str| out.push_str(&format!("  {what:<10}{}\n", clean_line(text)));
    let is_home = plan.now.user.is_some();
    line("runs", plan.now.current.as_deref().unwrap_or(NO_HOME));
    if !is_home && plan.now.default != plan.now.current {
        line("boots", plan.now.default.as_deref().unwrap_or("what cannot be told"));
    }
    line("wanted", &plan.system);
    if plan.is_done {
        let what = if is_home { "is" } else { "runs and boots" };
        line("", &format!("nothing is to be done: this is what it {what}"));
    }
    for (what, units) in [
        ("stops", &plan.units.stops),
        ("restarts", &plan.units.restarts),
        ("reloads", &plan.units.reloads),
        ("starts", &plan.units.starts),
        ("keeps", &plan.units.keeps),
    ] {
        for name in units {
            line(what, name);
        }
    }
    match plan.action {
        Action::Boot => line("then", "it waits for the next boot"),
        Action::Reboot => line("then", "it reboots"),
        Action::Switch if !plan.needs_reboot.is_empty() => {
            line(
                "later",
                &format!("with the next boot: {}", plan.needs_reboot.join(", ")),
            );
        }
        Action::Switch => {}
    }
    for refusal in &plan.refusals {
        line("refused", refusal);
    }
    out
}

/// Returns the name of what is deployed to: the host's, with the user's if it is a home.
pub fn name(now: &Observed) -> String {
    match &now.user {
        Some(user) => format!("{user} on {}", now.name),
        None => now.name.clone(),
    }
}

/// Tells how a deployment ended: on standard output, but for one of which that is not known.
pub fn tell(ended: &Ended, target: &Target) {
    match ended {
        Ended::Lost(why) | Ended::OutOfReach(why) => target.tell(&format!("error: {why}")),
        known => say(format!("{}\n", clean_line(&words(known, target.home))).as_bytes()),
    }
}

/// Returns how a deployment ended, for a person.
fn words(ended: &Ended, home: bool) -> String {
    let why = || {
        let reasons = ended.reasons().into_iter().map(|reason| reason.why);
        reasons.collect::<Vec<_>>().join("; ")
    };
    match ended {
        Ended::Deployed if home => "deployed: the new home is there, and is well".into(),
        Ended::There if home => "deployed: this is the home already".into(),
        Ended::RolledBack(_) if home => format!("rolled back, and the home of before is there again: {}", why()),
        Ended::Deployed => "deployed: the new system runs, is well, and boots".into(),
        Ended::There => "deployed: it runs this system already, and boots it".into(),
        Ended::RebootPending => "staged: the new system is what boots next".into(),
        Ended::Refused(_) => format!("refused, and nothing was changed: {}", why()),
        Ended::RolledBack(_) => format!("rolled back, and what was before runs and boots again: {}", why()),
        Ended::RollbackFailed(_) => format!("rolling back failed: {}", why()),
        other => format!("{}: {}", other.word(), why()),
    }
}
