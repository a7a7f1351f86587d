//! What a scenario must be besides well-formed: steps in an order that makes sense.

use diag::Span;

use super::Scenario;
use super::step::*;

/// Most steps of a scenario, those in `retry` included.
const MOST_STEPS: usize = 500;

/// Most times that steps are tried again.
const MOST_TIMES: u8 = 100;

/// A mistake: where, what, and what to do.
pub(super) type Mistake = (Span, String, Option<String>);

/// Returns the first mistake of a scenario.
pub(super) fn check(scenario: &Scenario) -> Result<(), Mistake> {
    let Some(first) = scenario.steps.first() else {
        return Err((Span::default(), "the scenario has no steps".into(), None));
    };
    if scenario.steps.len() > MOST_STEPS {
        return Err((first.at, format!("the scenario has more than {MOST_STEPS} steps"), None));
    }
    // Whether the machine runs, as far as the steps say.
    let mut on = false;
    for step in &scenario.steps {
        let wrong = |message: &str, hint: &str| Err((step.at, message.to_owned(), Some(hint.to_owned())));
        match &step.action {
            Action::Boot(_) if on => {
                return wrong(
                    "the machine runs already",
                    "restart it with `reboot`, or cut its power with `crash`",
                );
            }
            Action::Boot(_) => on = true,
            Action::Put(put) if put.file.is_some() == put.text.is_some() => {
                return wrong("`put` wants either `file` or `text`", "write one of them");
            }
            // What is on the console and a cable are there without a running machine.
            Action::WaitForConsole(_) | Action::Network(_) => {}
            _ if !on => return wrong("the machine does not run here", "start it before, with `boot: base`"),
            Action::Crash => on = false,
            Action::SwitchTo(switch) if switch.power_loss_after.is_some() => on = false,
            Action::Retry(retry) => check_retry(retry, step.at)?,
            _ => {}
        }
    }
    Ok(())
}

/// Checks that steps that are done again are such that can be done again.
fn check_retry(retry: &Retry, at: Span) -> Result<(), Mistake> {
    if retry.steps.is_empty() || retry.steps.len() > MOST_STEPS {
        return Err((at, format!("`retry` wants 1 to {MOST_STEPS} steps"), None));
    }
    if !(2..=MOST_TIMES).contains(&retry.times) {
        return Err((at, format!("`times` is a number from 2 to {MOST_TIMES}"), None));
    }
    let again = |step: &Step| {
        matches!(
            step.action,
            Action::WaitForUnit(_)
                | Action::WaitForPort(_)
                | Action::WaitForFile(_)
                | Action::WaitForConsole(_)
                | Action::Run(_)
                | Action::Expect(_)
        )
    };
    match retry.steps.iter().all(again) {
        true => Ok(()),
        false => {
            let hint = "`run`, `expect` and the waiting ones can be tried again".to_owned();
            Err((at, "`retry` has a step that cannot be tried again".into(), Some(hint)))
        }
    }
}
