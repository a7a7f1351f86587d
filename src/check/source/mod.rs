//! Rules on the flake's own files: what can be told without evaluating anything, and without any key.
//!
//! [`Files`] reads the files once, [`cases`] applies every rule of [`RULES`] to them. A rule is a file of its own. What
//! several rules need is worked out once: the syntax trees (`trees`), what leads to what (`graph`, `mentions`), and
//! everything about secrets (`secrets`).
//!
//! No finding shows a secret: the source lines that it quotes come from a copy in which all that looks like one is
//! hidden.

mod allow_malformed;
mod bound;
mod files;
mod graph;
mod host_file_missing;
mod import_twice;
mod imports_depend_on_config;
mod mentions;
mod module_misplaced;
mod module_orphan;
mod module_untracked;
mod option_undocumented;
mod secrets;
mod syntax_errors;
#[cfg(test)]
mod table;
mod trees;

use bumpalo::Bump;
use diag::Diagnostic;
use report::{Case, Finding, Outcome};

use crate::Rule;
use crate::settings::Layout;
use graph::Graph;
use secrets::Secrets;
use trees::Trees;

pub use bound::bound_secrets;
pub use files::{File, Files, REGRESSIONS};
pub use secrets::secret_keys;

/// What the rules are asked.
pub struct Request<'r> {
    /// How the repository is laid out, as far as the settings say.
    pub layout: &'r Layout,
    /// The ids of all rules and policies, for comments that allow something.
    pub ids: &'r [&'r str],
    /// Whether nothing is evaluated afterwards: then syntax errors, and files that Git does not track, are told here.
    pub lint: bool,
    /// Returns whether a path of the tree that is no part of it is there nevertheless, and Git does not track it.
    pub untracked: &'r dyn Fn(&[u8]) -> bool,
}

/// A rule on source files and how it is applied.
pub struct Entry {
    /// The rule.
    pub rule: &'static Rule,
    run: fn(&Judged<'_, '_>) -> Answer,
}

/// All rules on source files.
pub static RULES: &[Entry] = &[
    syntax_errors::ENTRY,
    module_orphan::ENTRY,
    module_untracked::ENTRY,
    imports_depend_on_config::ENTRY,
    import_twice::ENTRY,
    module_misplaced::ENTRY,
    host_file_missing::ENTRY,
    option_undocumented::ENTRY,
    allow_malformed::ENTRY,
    secrets::in_repository::ENTRY,
    secrets::password_in_repository::ENTRY,
    secrets::plaintext::ENTRY,
    secrets::malformed::ENTRY,
    secrets::rules_malformed::ENTRY,
    secrets::recipient_missing::ENTRY,
    secrets::recipient_unexpected::ENTRY,
    secrets::readable_by_published_key::ENTRY,
    secrets::rule_missing::ENTRY,
];

/// What a rule says.
pub(crate) enum Answer {
    /// The flake has nothing that the rule is about.
    Nothing,
    /// It cannot be judged, for this reason.
    Skipped(String),
    /// It was judged, and this was found.
    Judged(Vec<Found>),
}

/// A finding that is not told yet.
pub(crate) struct Found {
    diagnostic: Diagnostic,
    option: Option<String>,
}

impl From<Diagnostic> for Found {
    fn from(diagnostic: Diagnostic) -> Found {
        Found {
            diagnostic,
            option: None,
        }
    }
}

impl Found {
    /// Names the option that it is about.
    fn option(mut self, path: String) -> Found {
        self.option = Some(path);
        self
    }
}

/// What rules look at.
pub(crate) struct Judged<'j, 'a> {
    pub files: &'j Files,
    pub trees: &'j Trees<'a>,
    pub graph: &'j Graph,
    pub secrets: &'j Secrets,
    pub request: &'j Request<'j>,
}

impl<'j, 'a> Judged<'j, 'a> {
    /// Returns the Nix files that are judged, with their numbers and trees.
    fn nix(&self) -> impl Iterator<Item = (usize, &'j File, &'j trees::Tree<'a>)> {
        let (files, trees) = (self.files, self.trees);
        files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.judged)
            .filter_map(move |(index, file)| Some((index, file, trees.get(index)?)))
    }

    /// Returns those of them that may be modules: all but counterexamples, which have modules in them as values.
    fn modules(&self) -> impl Iterator<Item = (usize, &'j File, &'j trees::Tree<'a>)> {
        self.nix().filter(|(_, file, _)| !self.files.is_counterexample(file))
    }
}

/// Returns what the rules on source files say: one case a rule that the flake has something for.
pub fn cases(files: &Files, request: &Request<'_>) -> Vec<Case> {
    let arena = Bump::new();
    let trees = Trees::parse(files, &arena);
    let graph = Graph::new(files, &trees);
    let secrets = Secrets::new(files, &trees);
    let judged = Judged {
        files,
        trees: &trees,
        graph: &graph,
        secrets: &secrets,
        request,
    };
    let shown = files.masked(secrets.masks());
    let mut cases = Vec::new();
    for entry in RULES {
        let mut case = entry.rule.case();
        match (entry.run)(&judged) {
            Answer::Nothing => continue,
            Answer::Skipped(reason) => case.outcome = Outcome::Skipped(reason),
            Answer::Judged(all) => {
                for found in all {
                    let mut finding = Finding::from_diagnostic(&found.diagnostic, &shown, files.root());
                    finding.option = found.option;
                    if finding.severity == diag::Severity::Error {
                        case.outcome = Outcome::Failed;
                    }
                    case.findings.push(finding);
                }
                case.findings.sort_by(|a, b| a.location.cmp(&b.location));
            }
        }
        cases.push(case);
    }
    cases
}
