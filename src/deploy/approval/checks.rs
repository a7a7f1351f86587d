//! Whether the demanded checks have succeeded.
//!
//! A check is known by its name and by the app that ran it, as the name is free. The same app can run several checks of one
//! name, such as two workflows of GitHub Actions with a job of the same name: they are of different suites. Of each suite the
//! last run counts, and all suites have to have succeeded, so that what fails is not hidden by something of the same name
//! that succeeds later.

use super::facts::{CheckRun, Facts};
use super::judge::Judgement;
use super::refusal::{Condition, Refusal};
use super::shown::Shown;
use crate::policy::Check;
use std::collections::BTreeMap;

pub(super) fn judge(judgement: &mut Judgement, wanted: &[Check], facts: &Facts) {
    if wanted.is_empty() {
        judgement.refuse(Refusal::NoChecks);
        return;
    }
    let Some(runs) = judgement.known(Condition::Checks, &facts.checks) else {
        return;
    };
    for check in wanted {
        match tried(check, runs, facts) {
            Ok(shown) => judgement.show(shown),
            Err(refusals) => refusals.into_iter().for_each(|refusal| judgement.refuse(refusal)),
        }
    }
}

fn tried(check: &Check, runs: &[CheckRun], facts: &Facts) -> Result<Shown, Vec<Refusal>> {
    let (name, app) = (check.name.clone(), check.app);
    let named: Vec<&CheckRun> = runs.iter().filter(|run| run.name == check.name).collect();
    let mut last: BTreeMap<u64, &CheckRun> = BTreeMap::new();
    for run in named.iter().filter(|run| run.app == Some(app)) {
        let known = last.entry(run.suite).or_insert(run);
        if is_later(run, known) {
            *known = run;
        }
    }
    if last.is_empty() {
        let commit = facts.commit.clone();
        return Err(vec![match named.first() {
            Some(other) => Refusal::CheckSpoofed {
                name,
                app,
                by: other.app,
                commit,
            },
            None => Refusal::CheckMissing { name, app, commit },
        }]);
    }
    let wrong = |run: &&CheckRun| {
        let name = check.name.clone();
        match (run.status.as_str(), run.conclusion.as_deref()) {
            ("completed", Some("success")) => None,
            ("completed", conclusion) => Some(Refusal::CheckFailed {
                name,
                app,
                conclusion: conclusion.unwrap_or("without a conclusion").to_owned(),
                run: run.id,
            }),
            (status, _) => Some(Refusal::CheckRunning {
                name,
                app,
                status: status.to_owned(),
            }),
        }
    };
    let wrong: Vec<Refusal> = last.values().filter_map(wrong).collect();
    match wrong.is_empty() {
        true => Ok(Shown::Checked {
            name,
            app,
            runs: last.values().map(|run| run.id).collect(),
        }),
        false => Err(wrong),
    }
}

/// Whether a run came after another one. One that has not begun is the last.
fn is_later(run: &CheckRun, other: &CheckRun) -> bool {
    let key = |run: &CheckRun| (run.started.is_none(), run.started.clone(), run.id);
    key(run) > key(other)
}
