//! Results of earlier runs: what a target came to is taken over as long as all that it was computed from still says the same.

use super::run::Run;
use crate::args::{CacheArgs, CheckArgs, Ifd};
use crate::machine::Machine;
use crate::session::Session;
use ::check::fleet;
use diag::Severity;
use flake::reads::{Found, LockedState, Results, State};
use nixos::Target;
use report::{Case, Event, Finding, Outcome, Stage};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use sys::Digest;

/// Where results are kept below the cache folder.
const FOLDER: &str = "cfgcheck/results";
/// The environment's secret that seals results.
const SECRET: &str = "CFGCHECK_CACHE_SECRET";

/// What is kept of a target.
#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    /// Its cases, before anything is accepted; none if its system was not asked for.
    cases: Option<Vec<Case>>,
    /// What other hosts are compared with, of a host.
    fleet: Option<fleet::Known>,
}

/// Results of earlier runs on a flake.
pub(super) struct Memo {
    results: Results,
    state: LockedState,
    /// The hash of all that every target depends on beside files: this program, settings, arguments.
    ground: String,
    verify: bool,
    reused: usize,
    judged: usize,
    broken: Option<String>,
    unkept: Option<String>,
}

impl Memo {
    /// Returns what is known of a locked flake; `None` if nothing is to be kept, or there is no place for it.
    pub fn new(run: &Run<'_>, session: &Session, number: u32) -> Option<Memo> {
        let args = &run.args.cache;
        if args.no_cache {
            return None;
        }
        let folders = folders(run.machine, args)?;
        let secret = run.machine.env.text(SECRET).filter(|secret| !secret.is_empty());
        let state = LockedState::new(session.flakes.clone(), number)?;
        Some(Memo {
            results: Results::new(run.machine.fs.clone(), folders, secret.as_deref()),
            state,
            ground: ground(run, session, number)?,
            verify: args.verify_cache,
            reused: 0,
            judged: 0,
            broken: None,
            unkept: None,
        })
    }

    /// Returns the question that judging a target answers.
    fn question(&self, target: &Target, platform: Option<&str>, before: &str) -> Digest {
        let parts = [&self.ground, &target.path(), platform.unwrap_or_default(), before];
        Digest::of(parts.join("\0").as_bytes())
    }
}

/// Returns the folders of results: the first is also written to. A run of a pull request has one of its own, and reads that of
/// the branch as well; the branch's runs never read what a pull request's run has written.
fn folders(machine: &Machine, args: &CacheArgs) -> Option<Vec<PathBuf>> {
    let home = || Some(machine.env.home()?.join(".cache"));
    let folder = match &args.cache {
        Some(folder) => folder.clone(),
        None => machine
            .env
            .text("XDG_CACHE_HOME")
            .filter(|cache| !cache.is_empty())
            .map(PathBuf::from)
            .or_else(home)?
            .join(FOLDER),
    };
    let of_request = machine
        .env
        .text("GITHUB_EVENT_NAME")
        .is_some_and(|event| event.starts_with("pull_request") || event == "merge_group");
    let branch = folder.join("branch");
    Some(match of_request {
        true => vec![folder.join("request"), branch],
        false => vec![branch],
    })
}

/// Returns a text of all that each target depends on beside the flake's files and inputs.
fn ground(run: &Run<'_>, session: &Session, number: u32) -> Option<String> {
    let CheckArgs {
        judge, system, limits, ..
    } = run.args;
    let flakes = &judge.flakes;
    let ifd = match flakes.ifd {
        Ifd::Error => "error",
        Ifd::Nix => "nix",
        Ifd::Vm => "vm",
    };
    let parts = [
        env!("CARGO_PKG_VERSION").to_owned(),
        env!("CFGCHECK_BUILD").to_owned(),
        format!("{:?}", run.config),
        run.policies.texts().collect::<Vec<_>>().join("\0"),
        format!("{system:?} {ifd} {:?}", limits.max_call_depth),
        format!(
            "{} {} {:?}",
            flakes.show_trace, flakes.trust, flakes.extra_experimental_features
        ),
        String::from_utf8_lossy(&run.folder).into_owned(),
        session.flakes.outline(number)?,
    ];
    Some(Digest::of(parts.join("\0").as_bytes()).to_string())
}

impl Run<'_> {
    /// Judges a target, or takes over what an earlier run came to.
    pub(super) fn remembered(
        &mut self,
        session: &mut Session,
        target: &Target,
        platform: Option<&str>,
    ) -> Option<Vec<Case>> {
        // What stores say of closures is not recorded.
        let weighed = !self.config.closure.of(&target.name).is_none();
        if weighed || self.memo.is_none() {
            return self.target(session, target, platform).cases;
        }
        let before = format!("{:?}", self.base.get(&target.name));
        let mut kept = None;
        let mut question = None;
        if let Some(memo) = &mut self.memo {
            let asked = *question.insert(memo.question(target, platform, &before));
            kept = match memo.results.find::<Kept>(asked, &memo.state) {
                Found::Holds(kept, _) => Some(kept),
                Found::Broken(why) => {
                    memo.broken.get_or_insert(why);
                    None
                }
                Found::Changed(_) | Found::Nothing => None,
            };
            memo.judged += 1;
        }
        // Rules that compare hosts may find something else now.
        kept = kept.filter(|kept| kept.fleet.as_ref().is_none_or(|known| self.fleet.agrees(known)));
        let verify = self.memo.as_ref().is_some_and(|memo| memo.verify);
        if let Some(kept) = kept.take_if(|_| !verify) {
            if let Some(memo) = &mut self.memo {
                memo.reused += 1;
            }
            if let Some(known) = kept.fleet {
                self.fleet.remember(known);
            }
            return kept.cases;
        }
        session.recording.begin();
        let judged = self.target(session, target, platform);
        let mut reads = session.recording.end();
        let masked = judged.cases.clone().map(|mut cases| {
            cases.iter_mut().for_each(|case| self.recorder.secrets().case(case));
            cases
        });
        let new = Kept {
            cases: masked,
            fleet: self.fleet.host(&target.name).cloned(),
        };
        let text = as_text(&new);
        if judged.has_own_path || session.ev.has_own_path(text.as_bytes()) {
            reads.own_path = self.memo.as_ref().and_then(|memo| memo.state.own_path());
        }
        let mut cases = judged.cases;
        if let Some(kept) = kept.filter(|kept| as_text(kept) != text) {
            cases
                .get_or_insert_default()
                .push(stale(target, &as_text(&kept), &text));
        } else if let (Some(memo), Some(question), true) = (&mut self.memo, question, judged.lasts)
            && let Err(error) = memo.results.keep(question, &reads, &new)
        {
            memo.unkept.get_or_insert(error.to_string());
        }
        cases
    }

    /// Tells what is worth knowing about results of earlier runs, at the end of one.
    pub(super) fn memo_is_done(&mut self) {
        let Some(memo) = self.memo.take() else { return };
        if let Some(why) = memo.broken {
            self.tell(Event::Note(format!(
                "results of earlier runs are not used where they are broken: {why}"
            )));
        }
        let unkept = memo
            .unkept
            .or_else(|| memo.results.tidy().err().map(|error| error.to_string()));
        if let Some(why) = unkept {
            self.tell(Event::Note(format!("results cannot be kept for later runs: {why}")));
        }
    }
}

/// Returns what is kept as text, to compare it with what is found anew.
fn as_text(kept: &Kept) -> String {
    serde_json::to_string(kept).expect("cases and facts have only texts as keys")
}

/// Returns the case of a result that was kept and is not what evaluation comes to.
fn stale(target: &Target, kept: &str, new: &str) -> Case {
    let at = kept
        .bytes()
        .zip(new.bytes())
        .take_while(|(kept, new)| kept == new)
        .count();
    let end = |text: &str| text.chars().skip(at.saturating_sub(40)).take(120).collect::<String>();
    let message = format!(
        "what an earlier run came to is taken over for `{}`, and evaluation comes to something else: this is a bug of cfgcheck, please report it",
        target.path()
    );
    let hint = format!("kept: {} ... new: {}", end(kept), end(new));
    let finding = Finding::new("cache-stale", Severity::Error, message).hint(hint);
    Case::new(
        Stage::Eval,
        format!("{} is as it was kept", target.path()),
        Outcome::Crashed,
    )
    .finding(finding)
}

#[cfg(test)]
mod tests;
