//! Results of earlier runs: what a target came to is taken over as long as all that it was computed from still says the same.

use super::crew::{Crew, Job, Judgement, platform};
use super::run::{Run, Work};
use crate::args::{CacheArgs, CheckArgs};
use crate::diff::states::state;
use crate::machine::Machine;
use crate::session::Session;
use crate::stream::complain;
use ::check::fleet;
use ::check::host::Before;
use diag::Severity;
use flake::reads::{Difference, Found, LockedState, Reads, Results, State};
use nixos::Target;
use report::{Case, Event, Finding, Outcome, Stage};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
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
    /// The state of the flake since which something has to have changed, and how a person calls it.
    since: Option<(Since, String)>,
    /// The hash of all that every target depends on beside files: this program, settings, arguments.
    ground: String,
    verify: bool,
    told: Told,
}

/// Another state of a flake.
enum Since {
    /// One in which what was read says the same if all its answers do.
    Comparable(LockedState),
    /// One of a flake in another folder, or with other inputs: all that is judged has changed since then.
    Other,
}

/// What is worth telling at the end.
#[derive(Default)]
struct Told {
    judged: usize,
    reused: usize,
    /// What has read nothing that changed.
    unchanged: Vec<String>,
    /// What has, or may have.
    touched: BTreeSet<String>,
    /// By what has changed: how many results depended on it, and how many of them are what they were.
    changed: BTreeMap<Difference, (usize, usize)>,
    broken: Option<String>,
    unkept: Option<String>,
}

impl Memo {
    /// Returns what is known of a locked flake; `None` if nothing is to be kept, or there is no place for it.
    fn new(run: &Run<'_>, session: &Session, number: u32) -> Option<Memo> {
        let args = &run.args.cache;
        if args.no_cache {
            return None;
        }
        let folders = folders(run.machine, args)?;
        let secret = run.machine.env.text(SECRET).filter(|secret| !secret.is_empty());
        Some(Memo {
            results: Results::new(run.machine.fs.clone(), folders, secret.as_deref()),
            state: LockedState::new(session.flakes.clone(), number)?,
            since: None,
            ground: ground(run, session, number)?,
            verify: args.verify_cache,
            told: Told::default(),
        })
    }

    /// Returns what is known of a state of the flake that is compared with; `None` if nothing is to be kept.
    pub(super) fn of_base(run: &Run<'_>, session: &Session, number: u32) -> Option<Memo> {
        Memo::new(run, session, number).filter(|memo| !memo.verify)
    }

    /// Returns what rules compare with of a host, if an earlier run has evaluated it.
    pub(super) fn facts(&self, target: &Target) -> Option<Before> {
        self.known_facts(self.question_of_facts(target))
    }

    fn known_facts(&self, question: Digest) -> Option<Before> {
        match self.results.find::<Before>(question, &self.state) {
            Found::Holds(facts, _) => Some(facts),
            // It is evaluated, as if it had never been.
            Found::Changed(..) | Found::Broken(_) | Found::Nothing => None,
        }
    }

    /// Keeps what rules compare with of a host. That it cannot be kept is told where results are.
    pub(super) fn keep_facts(&mut self, target: &Target, reads: &Reads, facts: &Before) {
        if let Err(error) = self.results.keep(self.question_of_facts(target), reads, facts) {
            self.told.unkept.get_or_insert(error.to_string());
        }
    }

    /// Returns the question what rules compare with of a host.
    fn question_of_facts(&self, target: &Target) -> Digest {
        Digest::of(["facts", &self.ground, &target.path()].join("\0").as_bytes())
    }

    /// Makes reads those of a result that may depend on where the flake lies in the store, as the evaluator knows.
    pub(super) fn place(&self, reads: &mut Reads, session: &Session, has_own_path: bool, text: &str) {
        let ev = &session.ev;
        // What was evaluated for all, such as the list of hosts, may depend on it as well.
        if has_own_path || ev.depends_on_own_path() || ev.has_own_path(text.as_bytes()) {
            reads.own_path = self.state.own_path();
        }
    }

    /// Returns the question that judging a target answers.
    fn question(&self, target: &Target, platform: Option<&str>, before: &str) -> Digest {
        let parts = [&self.ground, &target.path(), platform.unwrap_or_default(), before];
        Digest::of(parts.join("\0").as_bytes())
    }

    /// Whether nothing has changed that a result was computed from.
    fn is_unchanged(&self, reads: &Reads) -> bool {
        let since = self.since.as_ref();
        since.is_some_and(|(since, _)| match since {
            Since::Comparable(state) => reads.first_difference(state).is_none(),
            Since::Other => false,
        })
    }
}

/// The questions that judging a target may answer: a result is the same one whether a host is as it was before or is compared
/// with nothing.
struct Questions {
    /// Where it is compared with what it was before.
    compared: Digest,
    /// Where it is compared with nothing.
    alone: Digest,
    /// What rules compare with of the host.
    facts: Digest,
    /// What it was before.
    before: Option<Before>,
}

impl Questions {
    /// Returns the question for what is known of the host before it is evaluated.
    fn known(&self, memo: &Memo) -> Digest {
        self.with(memo.known_facts(self.facts).as_ref())
    }

    /// Returns the question for a host of which this is known.
    fn with(&self, facts: Option<&Before>) -> Digest {
        match (facts, &self.before) {
            (Some(facts), Some(before)) if facts.is_as_before(before) => self.alone,
            _ => self.compared,
        }
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
    let event =
        |name: &str, is_request: fn(&str) -> bool| machine.env.text(name).is_some_and(|event| is_request(&event));
    let of_request = event("GITHUB_EVENT_NAME", |event| {
        event.starts_with("pull_request") || event == "merge_group"
    }) || event("CI_PIPELINE_SOURCE", |source| {
        matches!(source, "merge_request_event" | "external_pull_request_event")
    });
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
    let parts = [
        env!("CARGO_PKG_VERSION").to_owned(),
        env!("CFGCHECK_BUILD").to_owned(),
        format!("{:?}", run.config),
        run.policies.texts().collect::<Vec<_>>().join("\0"),
        format!("{system:?} {:?} {:?}", flakes.ifd, limits.max_call_depth),
        format!(
            "{} {} {:?}",
            flakes.show_trace, flakes.trust, flakes.extra_experimental_features
        ),
        String::from_utf8_lossy(&session.flakes.get(number)?.flake.dir).into_owned(),
        // A folder and a commit say some things in other words.
        format!("{:?}", session.flakes.get(number)?.flake.tree.input.scheme()),
        session.flakes.outline(number)?,
    ];
    Some(Digest::of(parts.join("\0").as_bytes()).to_string())
}

impl Run<'_> {
    /// Remembers results of earlier runs from now on, if there is a place for them; why what has changed cannot be told has been
    /// told, and then there is nothing to judge.
    pub(super) fn remember(&mut self, session: &mut Session, number: u32) -> Result<(), ()> {
        self.memo = Memo::new(self, session, number);
        // Where nothing is to be left out, it is not worth an error that it is not known.
        if let Some(text) = &self.compared_with
            && self.memo.is_some()
            && let Ok(since) = self.state_since(session, number, text)
            && let Some(memo) = &mut self.memo
        {
            memo.since = Some((since, text.clone()));
        }
        let Some(text) = &self.args.changed_since else {
            return Ok(());
        };
        let since = match &self.memo {
            None => Err(
                "--changed-since needs results of earlier runs, which have no place here: name one with --cache"
                    .to_owned(),
            ),
            Some(_) => self.state_since(session, number, text),
        };
        match (since, &mut self.memo) {
            (Ok(since), Some(memo)) => memo.since = Some((since, text.clone())),
            (Err(why), _) => {
                let finding = Finding::new("base", Severity::Error, why);
                let name = format!("what has changed since {text} is known");
                self.finish(Case::new(Stage::Eval, name, Outcome::Errored).finding(finding));
                return Err(());
            }
            (Ok(_), None) => {}
        }
        Ok(())
    }

    fn state_since(&self, session: &mut Session, head: u32, text: &str) -> Result<Since, String> {
        let judge = &self.args.judge;
        let named = state(self.machine, &judge.flake, text).map_err(|error| error.to_string())?;
        let flags = session
            .lock_flags(self.machine, &judge.flakes)
            .map_err(|error| error.to_string())?;
        let number = session
            .lock(&named.asked.reference, &flags)
            .map_err(|error| error.message(&session.ev.sources))?;
        // Reads are known by their paths in the whole tree, and of the lock they know the inputs that were used.
        let shape = |number: u32| {
            Some((
                session.flakes.get(number)?.flake.dir.clone(),
                session.flakes.outline(number)?,
            ))
        };
        let state = LockedState::new(session.flakes.clone(), number).ok_or_else(|| "it is not locked".to_owned())?;
        Ok(match shape(number) == shape(head) {
            true => Since::Comparable(state),
            false => Since::Other,
        })
    }

    /// Returns the jobs of which no earlier run tells what they come to.
    pub(super) fn unknown_jobs(&self, work: &Work) -> Vec<Job> {
        let all = work.iter().enumerate();
        let all = all.flat_map(|(i, (_, platforms))| (0..=platforms.len()).map(move |number| (i, number)));
        all.filter(|job| match &self.memo {
            None => true,
            Some(memo) => {
                let question = self.questions(memo, &work[job.0].0, platform(work, *job)).known(memo);
                memo.verify || !matches!(memo.results.find::<Kept>(question, &memo.state), Found::Holds(..))
            }
        })
        .collect()
    }

    /// Judges a job, or takes over what an earlier run came to.
    pub(super) fn remembered(
        &mut self,
        crew: &Crew,
        session: &mut Session,
        work: &Work,
        job: Job,
    ) -> Option<Vec<Case>> {
        let Some(mut memo) = self.memo.take() else {
            return self.judge(crew, session, work, job).evaluated.cases;
        };
        let cases = self.with_memo(&mut memo, crew, session, work, job);
        self.memo = Some(memo);
        cases
    }

    /// Returns the questions that judging a target may answer.
    fn questions(&self, memo: &Memo, target: &Target, platform: Option<&str>) -> Questions {
        let before = self.base.get(&target.name);
        Questions {
            compared: memo.question(target, platform, &format!("{before:?}")),
            alone: memo.question(target, platform, "None"),
            facts: memo.question_of_facts(target),
            before: before.map(|known| known.host.clone()).filter(|_| platform.is_none()),
        }
    }

    fn with_memo(
        &mut self,
        memo: &mut Memo,
        crew: &Crew,
        session: &mut Session,
        work: &Work,
        job: Job,
    ) -> Option<Vec<Case>> {
        let (target, platform) = (&work[job.0].0, platform(work, job));
        let questions = self.questions(memo, target, platform);
        let question = questions.known(memo);
        memo.told.judged += 1;
        // What stores say of closures is not recorded.
        let is_weighed = !self.config.closure.of(&target.name).is_none();
        let found = match is_weighed {
            true => Found::Nothing,
            false => memo.results.find::<Kept>(question, &memo.state),
        };
        let (mut kept, mut old) = (None, None);
        match found {
            // Rules that compare hosts may find something else now.
            Found::Holds(result, reads) if result.fleet.as_ref().is_none_or(|known| self.fleet.agrees(known)) => {
                kept = Some((result, reads));
            }
            Found::Changed(result, difference) => old = Some((result, difference)),
            Found::Broken(why) => {
                memo.told.broken.get_or_insert(why);
            }
            Found::Holds(..) | Found::Nothing => {}
        }
        if let Some((kept, reads)) = kept.take_if(|_| !memo.verify) {
            memo.told.reused += 1;
            if let Some(known) = kept.fleet {
                self.fleet.remember(known);
            }
            return self.unless_unchanged(memo, target, &reads, kept.cases);
        }
        let Judgement {
            evaluated: judged,
            mut reads,
            fleet,
            ..
        } = self.judge(crew, session, work, job);
        let masked = judged.cases.clone().map(|mut cases| {
            cases.iter_mut().for_each(|case| self.recorder.secrets().case(case));
            cases
        });
        let new = Kept { cases: masked, fleet };
        let text = as_text(&new);
        memo.place(&mut reads, session, judged.has_own_path, &text);
        let mut cases = judged.cases;
        if let Some((old, difference)) = old {
            let (all, same) = memo.told.changed.entry(difference).or_default();
            *all += 1;
            *same += usize::from(as_text(&old) == text);
        }
        let lasts = judged.lasts && !is_weighed;
        let question = questions.with(judged.facts.as_ref());
        let kept = kept.map(|(kept, _)| as_text(&kept));
        // What is stale is replaced.
        if lasts
            && kept.as_ref() != Some(&text)
            && let Err(error) = memo.results.keep(question, &reads, &new)
        {
            memo.told.unkept.get_or_insert(error.to_string());
        }
        if let Some(facts) = judged.facts.filter(|_| judged.lasts) {
            memo.keep_facts(target, &reads, &facts);
        }
        if let Some(kept) = kept.filter(|kept| *kept != text) {
            cases.get_or_insert_default().push(stale(target, &kept, &text));
        }
        match lasts {
            true => self.unless_unchanged(memo, target, &reads, cases),
            false => cases,
        }
    }

    /// Returns the cases of a target; none if it was to have changed and has not.
    fn unless_unchanged(
        &self,
        memo: &mut Memo,
        target: &Target,
        reads: &Reads,
        cases: Option<Vec<Case>>,
    ) -> Option<Vec<Case>> {
        if cases.is_some() && memo.is_unchanged(reads) {
            memo.told.unchanged.push(target.path());
            return cases.filter(|_| self.args.changed_since.is_none());
        }
        if cases.is_some() {
            memo.told.touched.insert(target.path());
        }
        cases
    }

    /// Tells what is worth knowing about results of earlier runs, at the end of one.
    pub(super) fn memo_is_done(&mut self) {
        let Some(memo) = self.memo.take() else { return };
        let Memo {
            told, results, since, ..
        } = memo;
        let mut unchanged = told.unchanged;
        unchanged.dedup();
        if self.args.changed_since.is_none() && since.is_some() {
            // For its own system or another: what has read something that changed for one of them is not the same.
            unchanged.retain(|path| !told.touched.contains(path));
            self.unchanged = unchanged.into_iter().collect();
        } else if let Some((_, name)) = since {
            let note = match unchanged.as_slice() {
                [] => format!("all that is judged has read something that changed since {name}"),
                left => format!(
                    "left out, as nothing that it has read changed since {name}: {}",
                    left.join(", ")
                ),
            };
            self.tell(Event::Note(note));
        }
        // What follows is about this run and not about the flake, so it is no part of the report.
        let say = |text: String| complain(&format!("note: {}", diag::clean_line(&text)));
        for (difference, (all, same)) in told.changed {
            if let Difference::File(path) = difference
                && all == same
            {
                let path = String::from_utf8_lossy(&path).into_owned();
                let results = if all == 1 {
                    "the result that depends on it is"
                } else {
                    "all results that depend on it are"
                };
                say(format!("{path} has changed, and {results} the same as before ({all})"));
            }
        }
        if told.reused > 0 {
            say(format!(
                "{} of {} results are those of earlier runs, as nothing that they depend on has changed",
                told.reused, told.judged
            ));
        }
        if let Some(why) = told.broken {
            say(format!("a result of an earlier run is broken and is not used: {why}"));
        }
        let unkept = told
            .unkept
            .or_else(|| results.tidy().err().map(|error| error.to_string()));
        if let Some(why) = unkept {
            say(format!("results cannot be kept for later runs: {why}"));
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
