//! From what judging gave to a case with its findings, each at the user's own line.

use super::run::{Run, TELLING};
use crate::session::Session;
use ::check::host::{assertion_rule, error_rule};
use eval::Evaluator;
use flake::flakes::Flakes;
use nixos::diagnose::{Viewpoint, diagnose_from, failed_assertion, or_at};
use nixos::{Judged, Kind, Target};
use report::{Case, Finding, Outcome, Stage};

impl Run<'_> {
    /// Returns the case of a target that was judged.
    pub(crate) fn case(
        &mut self,
        ev: &mut Evaluator,
        flakes: &Flakes,
        target: &Target,
        system: &str,
        judged: &Judged,
    ) -> Case {
        let outcome = match (&judged.error, judged.assertions.is_empty()) {
            (Some(_), _) => Outcome::Errored,
            (None, false) => Outcome::Failed,
            (None, true) => Outcome::Passed,
        };
        let name = match target.kind {
            Kind::Nixos => format!("{system} evaluates"),
            Kind::Home | Kind::Darwin => format!("{} {system} evaluates", target.kind.output()),
            _ => format!("{} evaluates", target.path()),
        };
        let mut case = Case::new(Stage::Eval, name, outcome);
        if target.kind.is_configuration() {
            case = case.on(&target.name, system);
        } else {
            case.subject.system = Some(system.to_owned());
        }
        if let Some(drv) = &judged.drv {
            case = case.property("drv", drv);
        }
        let inputs = flakes.mounted();
        let view = self.view(&inputs);
        for message in &judged.assertions {
            let (rule, option, hint) = assertion_rule(message);
            let diagnostic = failed_assertion(ev, message, &view).rule(rule.id);
            let mut diagnostic = or_at(ev, diagnostic, target.pos, &view);
            diagnostic
                .notes
                .push(format!("an assertion of {} does not hold", target.path()));
            diagnostic.hints.extend(hint.map(str::to_owned));
            let mut finding = Finding::from_diagnostic(&diagnostic, &ev.sources, &self.root);
            finding.option = option.map(str::to_owned);
            case = case.finding(finding);
        }
        if let Some(error) = &judged.error {
            let diagnosis = diagnose_from(ev, error, &view);
            let diagnostic = diagnosis.diagnostic.rule(error_rule(error));
            let diagnostic = or_at(ev, diagnostic, target.pos, &view);
            let mut finding = Finding::from_diagnostic(&diagnostic, &ev.sources, &self.root);
            finding.option = diagnosis.option;
            case = case.finding(finding);
        }
        if let Some(location) = case.findings.iter().find_map(|f| f.location.clone()) {
            case.location = Some(location);
        }
        case
    }

    /// Returns from where this run looks at an error.
    pub(crate) fn view<'v>(&'v self, inputs: &'v [(Vec<u8>, String)]) -> Viewpoint<'v> {
        Viewpoint {
            root: &self.root,
            folder: &self.folder,
            inputs,
            show_trace: self.args.judge.flakes.show_trace,
        }
    }

    /// Returns a case with the error that is under way.
    pub(crate) fn with_error(&mut self, session: &mut Session, case: Case) -> Case {
        self.learn_secrets(session);
        let error = session.ev.take_error();
        session.ev.limit_memory(Some(TELLING));
        let inputs = session.flakes.mounted();
        let view = self.view(&inputs);
        let diagnosis = diagnose_from(&mut session.ev, &error, &view);
        let mut finding = Finding::from_diagnostic(
            &diagnosis.diagnostic.rule(error_rule(&error)),
            &session.ev.sources,
            &self.root,
        );
        if let (None, Some(file)) = (&finding.location, file_of_tree(&error.message)) {
            finding = finding.at(file, 1, 1);
        }
        case.finding(finding)
    }
}

/// Returns the file that cannot be part of a tree, such as a pipe, below the tree's root.
fn file_of_tree(message: &str) -> Option<&str> {
    let path = message
        .strip_prefix("file '")?
        .strip_suffix("' has an unsupported type")?;
    Some(path.trim_start_matches('/'))
}
