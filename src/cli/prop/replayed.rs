//! Saved counterexamples, judged again.

use super::found::broken;
use super::laws;
use super::regressions::Saved;
use super::work::Work;
use crate::session::Session;
use ::prop::counter::{Replayed, replay};
use ::prop::run::Verdict;
use diag::{Severity, Span};
use eval::Val;
use report::{Case, Event, Finding, Outcome, Stage};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

impl Work<'_> {
    /// Judges a saved counterexample and ends its case; `path` is where messages say that it is.
    pub(super) fn replayed(
        &mut self,
        session: &mut Session,
        flake: Option<Val>,
        folder: &str,
        path: &Path,
        saved: &Saved,
    ) {
        let file = format!("{folder}/{}", saved.name);
        let place = path.as_os_str().as_encoded_bytes();
        let base = path.parent().unwrap_or(Path::new("/")).as_os_str().as_encoded_bytes();
        session.ev.restart_clock();
        session
            .ev
            .limit_memory(Some(self.run.machine.max_memory(self.run.limits.max_memory)));
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let replay = |ev: &mut eval::Evaluator| replay(ev, place, &saved.text, base, flake);
            session.ev.contained(replay)
        }));
        let name = |law: &str| format!("{law} in {file}");
        match judged {
            Ok(Ok(replayed)) => {
                if self.is_asked(&replayed) {
                    self.judged(session, &file, place, replayed);
                }
            }
            Ok(Err(_)) => {
                let case = Case::new(Stage::Prop, format!("{file} can be judged"), Outcome::Errored);
                let mut case = self.run.with_error(session, case);
                for finding in &mut case.findings {
                    if finding.location.is_none() {
                        finding.location = Some(report::Location {
                            file: file.clone(),
                            line: 1,
                            column: 1,
                        });
                    }
                }
                self.run.finish(case);
            }
            Err(_) => {
                session.ev.broke();
                let message = "cfgcheck itself broke here; this is a bug of cfgcheck, please report it";
                let finding = Finding::new("crash", Severity::Error, message);
                self.run
                    .finish(Case::new(Stage::Prop, name("crash"), Outcome::Crashed).finding(finding));
            }
        }
    }

    fn is_asked(&self, replayed: &Replayed) -> bool {
        let any = |patterns: &[crate::config::Pattern], name: Option<&str>| {
            patterns.is_empty() || name.is_some_and(|name| patterns.iter().any(|pattern| pattern.matches(name)))
        };
        let known = laws().any(|law| law.id == replayed.law);
        let chosen = self.chosen.iter().any(|law| law.id == replayed.law);
        (chosen || !known) && any(&self.run.hosts, replayed.host.as_deref())
    }

    fn judged(&mut self, session: &mut Session, file: &str, place: &[u8], replayed: Replayed) {
        let law = laws().find(|law| law.id == replayed.law);
        let mut case = Case::new(Stage::Prop, format!("{} in {file}", replayed.law), Outcome::Passed);
        case.rule = Some(replayed.law.clone());
        case.subject.host.clone_from(&replayed.host);
        match &replayed.verdict {
            Verdict::Holds => {
                let note = format!("{file} holds now: keep it as a guard, or remove it");
                self.run.tell(Event::Note(note));
            }
            Verdict::Broken(how) => {
                let severity = law.map_or(Severity::Error, |law| law.severity);
                let title = law.map_or("the claims of the file must hold", |law| law.title);
                let mut diagnostic = broken(title, &how.lines).rule(replayed.law.as_str());
                diagnostic.severity = severity;
                if let Some(span) = start_of(session, place) {
                    diagnostic = diagnostic.at(span, "kept here");
                }
                if let Some(law) = law {
                    diagnostic = diagnostic.hint(law.fix);
                }
                let mut finding = Finding::from_diagnostic(&diagnostic, &session.ev.sources, &self.run.root);
                finding.option.clone_from(&replayed.option);
                case = case.finding(finding);
                case.outcome = Outcome::Failed;
                self.broken.insert((replayed.law, replayed.host, replayed.option));
            }
            Verdict::Stopped(why) => {
                case.outcome = Outcome::Errored;
                case = case.property("reason", why);
            }
            Verdict::Crashed(message) => {
                case.outcome = Outcome::Crashed;
                case = case.finding(Finding::new("crash", Severity::Error, message.as_str()));
            }
        }
        self.run.finish(case);
    }
}

/// Returns the beginning of the first line of a file that is no comment.
fn start_of(session: &Session, path: &[u8]) -> Option<Span> {
    let sources = &session.ev.sources;
    let files = (0..sources.len() as u32).map(|number| sources.file(diag::FileId(number)));
    let mut same = files.filter(|file| matches!(&file.origin, diag::Origin::File(known) if **known == *path));
    let file = same.next()?;
    let mut at = 0;
    for line in file.text.split_inclusive(|&byte| byte == b'\n') {
        if !line.starts_with(b"#") && !line.trim_ascii().is_empty() {
            break;
        }
        at += line.len();
    }
    let at = file.base.offset(u32::try_from(at).unwrap_or(0));
    Some(Span::new(at, at.offset(1)))
}
