//! Rules on `flake.nix` and `flake.lock`: is the lock in step, how old are the inputs, do they move as
//! they are meant to, which follow which.
//!
//! They read two texts and the settings, and know the day. Nothing is fetched or evaluated, so `lint`
//! applies them too. What an input is meant to be, its *class*, is guessed from its reference, and the
//! settings may say it ([`crate::settings::Inputs`]).

mod input_date_wrong;
mod input_end_of_life;
mod input_indirect;
mod input_moved;
mod input_not_following;
mod input_not_pinned;
mod input_not_rolling;
mod input_not_stable;
mod input_outside;
mod input_override_unused;
mod input_release_mismatch;
mod input_stale;
mod input_unencrypted;
pub mod inventory;
mod lock_malformed;
mod lock_missing;
mod lock_out_of_step;
mod lock_untracked;
mod nixpkgs;
mod reference;
mod release;
mod several_nixpkgs;
#[cfg(test)]
mod tests;
mod view;

use std::path::Path;
use std::sync::Arc;

use diag::{Diagnostic, Severity};
use flake::tree::{Accessor, TreeError, join, read_resolved};
use report::{Case, Finding, Outcome};
use sys::Fs;

use crate::settings::Inputs;
use crate::{Day, Rule};
use view::{Problem, View};

/// A rule and how it is applied.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The rule.
    pub rule: &'static Rule,
    needs: Needs,
    run: fn(&View<'_>) -> Vec<Diagnostic>,
}

/// What a rule reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Neither: it tells what is wrong with them.
    Nothing,
    /// A `flake.nix` that can be read.
    Flake,
    /// That, and a lock that can be read.
    Lock,
}

const fn entry(rule: &'static Rule, needs: Needs, run: fn(&View<'_>) -> Vec<Diagnostic>) -> Entry {
    Entry { rule, needs, run }
}

/// All rules on inputs and their lock, in the order in which they are told.
pub const RULES: &[Entry] = &[
    entry(&lock_malformed::RULE, Needs::Nothing, lock_malformed::run),
    entry(&lock_missing::RULE, Needs::Flake, lock_missing::run),
    entry(&lock_untracked::RULE, Needs::Flake, lock_untracked::run),
    entry(&lock_out_of_step::RULE, Needs::Lock, lock_out_of_step::run),
    entry(&input_moved::RULE, Needs::Lock, input_moved::run),
    entry(&input_end_of_life::RULE, Needs::Flake, input_end_of_life::run),
    entry(&input_stale::RULE, Needs::Lock, input_stale::run),
    entry(&input_date_wrong::RULE, Needs::Lock, input_date_wrong::run),
    entry(&input_not_stable::RULE, Needs::Flake, input_not_stable::run),
    entry(&input_not_rolling::RULE, Needs::Flake, input_not_rolling::run),
    entry(&input_not_pinned::RULE, Needs::Flake, input_not_pinned::run),
    entry(&input_release_mismatch::RULE, Needs::Flake, input_release_mismatch::run),
    entry(&input_not_following::RULE, Needs::Lock, input_not_following::run),
    entry(&several_nixpkgs::RULE, Needs::Lock, several_nixpkgs::run),
    entry(&input_override_unused::RULE, Needs::Lock, input_override_unused::run),
    entry(&input_outside::RULE, Needs::Flake, input_outside::run),
    entry(&input_unencrypted::RULE, Needs::Flake, input_unencrypted::run),
    entry(&input_indirect::RULE, Needs::Flake, input_indirect::run),
];

/// The two files that these rules read.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The text of `flake.nix`, if there is one.
    pub flake_nix: Option<Arc<[u8]>>,
    /// The text of `flake.lock`, if there is one that Nix would see.
    pub flake_lock: Option<Arc<[u8]>>,
    /// The flake's folder in its tree, without slashes around it; empty for the top.
    pub dir: String,
    /// Whether there is a `flake.lock` on the disk that is not in the tree, as Git does not track it.
    pub untracked: bool,
}

impl Files {
    /// Reads the files of the flake in a folder of a tree. `disk` is that folder on the disk, if the tree is the
    /// work tree there.
    pub fn read(tree: &dyn Accessor, dir: &[u8], disk: Option<(&dyn Fs, &Path)>) -> Result<Files, TreeError> {
        let text = |name: &[u8]| -> Result<Option<Arc<[u8]>>, TreeError> {
            Ok(read_resolved(tree, &join(dir, name))?.map(Arc::from))
        };
        let flake_lock = text(b"flake.lock")?;
        let is_there = |(fs, folder): (&dyn Fs, &Path)| matches!(fs.lstat(&folder.join("flake.lock")), Ok(Some(_)));
        Ok(Files {
            flake_nix: text(b"flake.nix")?,
            untracked: flake_lock.is_none() && disk.is_some_and(is_there),
            flake_lock,
            dir: String::from_utf8_lossy(dir).into_owned(),
        })
    }
}

/// How the rules are applied.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// How the inputs are to move.
    pub inputs: &'r Inputs,
    /// The day that ages are judged on.
    pub today: Day,
    /// Whether nothing else looks at the flake: then a lock that cannot be read is told here. In `check`, locking the
    /// flake tells that.
    pub lint: bool,
}

/// Most findings of one rule that are told one by one: nobody mends more at once, and a lock can be made to have any
/// number.
const MOST_FINDINGS: usize = 100;

/// Returns the case of each rule; without a lock none of the rules that judge what it says.
pub fn cases(files: &Files, request: &Request<'_>) -> Vec<Case> {
    let view = View::of(files, request);
    let has_lock = files.flake_lock.is_some();
    let applied = RULES.iter().filter(|entry| has_lock || entry.needs != Needs::Lock);
    applied.map(|entry| case(entry, &view)).collect()
}

fn case(entry: &Entry, view: &View<'_>) -> Case {
    let mut case = entry.rule.case();
    if let Some(reason) = why_not(entry.needs, view) {
        case.outcome = Outcome::Skipped(reason.to_owned());
        return case;
    }
    let mut found = (entry.run)(view);
    let more = found.len().saturating_sub(MOST_FINDINGS);
    found.truncate(MOST_FINDINGS);
    if more > 0 {
        found.push(entry.rule.found(format!("there are {more} more of these")));
    }
    for diagnostic in found {
        let finding = Finding::from_diagnostic(&diagnostic, &view.sources, view::ROOT);
        case.location = case.location.or_else(|| finding.location.clone());
        case = case.finding(finding);
    }
    if case.findings.iter().any(|finding| finding.severity == Severity::Error) {
        case.outcome = Outcome::Failed;
    }
    case
}

/// Returns why a rule cannot be applied.
fn why_not(needs: Needs, view: &View<'_>) -> Option<&'static str> {
    match view.problem {
        _ if needs == Needs::Nothing => None,
        Some(Problem::NoFlake) => Some("there is no flake.nix"),
        Some(Problem::Syntax(_) | Problem::Flake(_)) => Some("flake.nix cannot be read as a flake"),
        Some(Problem::Lock(_)) if needs == Needs::Lock => Some("flake.lock cannot be read"),
        _ => None,
    }
}
