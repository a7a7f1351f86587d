//! Plans and outcomes as text.

use ::deploy::order::Action;
use ::deploy::{Deployment, Outcome, Plan};
use diag::clean_line;

/// Returns a plan for a person.
pub fn plan(plan: &Plan, host: &str) -> String {
    let mut out = format!("{} ({})\n", clean_line(&plan.now.name), clean_line(host));
    let mut line = |what: &str, text: &str| out.push_str(&format!("  {what:<10}{}\n", clean_line(text)));
    line("runs", &plan.now.current);
    if plan.now.default.as_ref() != Some(&plan.now.current) {
        line("boots", plan.now.default.as_deref().unwrap_or("what cannot be told"));
    }
    line("wanted", &plan.system);
    if plan.is_done {
        line("", "nothing is to be done: this is what it runs and boots");
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

/// Returns how a deployment ended, for a person.
pub fn outcome(deployment: &Deployment) -> String {
    let text = match &deployment.outcome {
        None => format!("under way: {}", deployment.phase),
        Some(Outcome::Deployed) => "deployed: the new system runs, is well, and boots".into(),
        Some(Outcome::RebootPending) => "staged: the new system is what boots next".into(),
        Some(Outcome::Refused(reasons)) => format!("refused, and nothing was changed: {}", reasons.join("; ")),
        Some(Outcome::RolledBack(why)) => format!("rolled back, and what was before runs and boots again: {why}"),
        Some(failed @ Outcome::RollbackFailed(_)) => failed.to_string(),
    };
    format!("{}\n", clean_line(&text))
}
