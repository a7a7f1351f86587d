//! From what judging gave to a case with its findings, each at the user's own line.

use super::run::{Run, TELLING};
use crate::session::Session;
use diag::{Severity, SourceMap};
use nixos::diagnose::{Viewpoint, configuration_warning, diagnose_from, failed_assertion, or_at};
use nixos::{Judged, Kind, Target};
use report::{Case, Finding, Outcome, Stage};
use std::collections::BTreeSet;

impl Run<'_> {
    /// Returns the case of a target that was judged.
    pub(super) fn case(&mut self, session: &mut Session, target: &Target, system: &str, judged: Judged) -> Case {
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
        let inputs = session.flakes.mounted();
        let view = self.view(&inputs);
        for message in &judged.assertions {
            let diagnostic = failed_assertion(&mut session.ev, message, &view).rule("assertion");
            let mut diagnostic = or_at(&mut session.ev, diagnostic, target.pos, &view);
            diagnostic
                .notes
                .push(format!("an assertion of {} does not hold", target.path()));
            case = case.finding(Finding::from_diagnostic(&diagnostic, &session.ev.sources, &self.root));
        }
        for warning in &judged.warnings {
            let diagnostic = configuration_warning(&mut session.ev, &warning.text, &view).rule("warning");
            let mut finding = Finding::from_diagnostic(&diagnostic, &session.ev.sources, &self.root);
            // Warnings are listed, not drawn.
            finding.text.clear();
            if let (None, Some(file)) = (&finding.location, &warning.file) {
                finding = finding.at(self.own_file(&session.ev.sources, file), 1, 1);
            }
            case = case.finding(finding);
        }
        let messages = std::mem::take(&mut session.ev.messages);
        let known: BTreeSet<&str> = judged.warnings.iter().map(|w| w.text.as_str()).collect();
        let mut said: BTreeSet<String> = BTreeSet::new();
        for message in &messages {
            let text = String::from_utf8_lossy(&message.text).into_owned();
            let Some(text) = text.strip_prefix("evaluation warning: ") else {
                continue;
            };
            let is_known = known.iter().any(|k| text.ends_with(k));
            if !is_known && said.insert(text.to_owned()) {
                let mut finding = Finding::new("warning", Severity::Warning, text);
                if let Some((file, line, column)) = self.call_site(session, &message.sites) {
                    finding = finding.at(file, line, column);
                }
                case = case.finding(finding);
            }
        }
        if let Some(error) = judged.error {
            let diagnosis = diagnose_from(&mut session.ev, &error, &view);
            let diagnostic = or_at(&mut session.ev, diagnosis.diagnostic.rule("eval"), target.pos, &view);
            let mut finding = Finding::from_diagnostic(&diagnostic, &session.ev.sources, &self.root);
            finding.option = diagnosis.option;
            case = case.finding(finding);
        }
        if let Some(location) = case.findings.iter().find_map(|f| f.location.clone()) {
            case.location = Some(location);
        }
        case
    }

    /// Returns from where this run looks at an error.
    fn view<'v>(&'v self, inputs: &'v [(Vec<u8>, String)]) -> Viewpoint<'v> {
        Viewpoint {
            root: &self.root,
            folder: &self.folder,
            inputs,
            show_trace: self.args.flakes.show_trace,
        }
    }

    /// Returns the innermost call in the user's own files, else the innermost one.
    fn call_site(&self, session: &Session, sites: &[diag::Pos]) -> Option<(String, u32, u32)> {
        let place = |pos: &diag::Pos| {
            let (file, line, column) = session.ev.sources.locate(*pos)?;
            Some((file.origin.display(), line, column))
        };
        let places: Vec<(String, u32, u32)> = sites.iter().filter_map(place).collect();
        let own = places
            .iter()
            .find(|p| p.0.as_bytes().starts_with(&self.root) && !self.root.is_empty());
        own.or(places.first())
            .map(|(file, line, column)| (self.own_path(file), *line, *column))
    }

    /// Returns the file that a module was read from, which may be named by its folder.
    fn own_file(&self, sources: &SourceMap, path: &str) -> String {
        let default = format!("{path}/default.nix");
        let is_folder = (0..sources.len() as u32).any(|id| sources.file(diag::FileId(id)).origin.display() == default);
        self.own_path(if is_folder { &default } else { path })
    }

    /// Returns a path below the flake's root, if it is there.
    fn own_path(&self, path: &str) -> String {
        let root = String::from_utf8_lossy(&self.root);
        match path.strip_prefix(root.as_ref()).and_then(|p| p.strip_prefix('/')) {
            Some(below) if !root.is_empty() => below.to_owned(),
            _ => path.to_owned(),
        }
    }

    /// Returns a case with the error that is under way.
    pub(super) fn with_error(&mut self, session: &mut Session, case: Case) -> Case {
        let error = session.ev.take_error();
        session.ev.limit_memory(Some(TELLING));
        let inputs = session.flakes.mounted();
        let view = self.view(&inputs);
        let diagnosis = diagnose_from(&mut session.ev, &error, &view);
        let mut finding = Finding::from_diagnostic(&diagnosis.diagnostic.rule("eval"), &session.ev.sources, &self.root);
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
