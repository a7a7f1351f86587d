//! The golden file of a twin, `expected.yaml`: what is wrong with it, and each finding it must give.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// The name of the file in a twin's folder.
pub const FILE: &str = "expected.yaml";

/// What a twin must give.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Golden {
    /// The fault, in a sentence.
    pub fault: String,
    /// The day as which the run counts, where a finding depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_at: Option<String>,
    /// The twin whose host `web` runs before this one's is switched to, or `TWIN#HOST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The arguments that `cfgcheck vm` tries it with; without them, `--host web`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried_with: Vec<String>,
    /// What evaluates, or fails to, as Nix says; without it, the host's toplevel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evaluates: Vec<String>,
    /// Why Nix tells the fault in other words, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differs_from_nix: Option<String>,
    /// The exit code of `cfgcheck check`.
    pub exit_code: i32,
    /// The findings in the order of the report; those to come are last.
    pub findings: Vec<Expected>,
}

/// A finding.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expected {
    /// What finds it.
    pub since: Since,
    /// The stage of the case that it belongs to.
    pub stage: String,
    /// The rule.
    pub rule: String,
    /// How bad it is.
    pub severity: String,
    /// The host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The system that the host is judged for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
    /// `FILE:LINE:COLUMN` in the twin's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What stands in that line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The message.
    pub message: String,
    /// The hint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What finds a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Since {
    /// `cfgcheck check` as it is.
    Now,
    /// Rules and policies, which are to come.
    Checks,
    /// `cfgcheck vm`, which `live_` tests run.
    Vm,
    /// Laws with generated modules, which are to come.
    Prop,
}

impl Golden {
    /// Reads a text.
    pub fn parse(text: &str) -> Result<Golden, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    /// Returns the file's text.
    pub fn text(&self) -> String {
        serde_yaml::to_string(self).expect("a golden file has only text keys")
    }

    /// Returns the findings of today that need no machine, or those to come.
    pub fn findings(&self, now: bool) -> Vec<&Expected> {
        self.findings
            .iter()
            .filter(|f| f.since != Since::Vm && (f.since == Since::Now) == now)
            .collect()
    }

    /// Returns the findings that only machines show.
    pub fn of_machines(&self) -> Vec<Expected> {
        let findings = self.findings.iter();
        findings.filter(|f| f.since == Since::Vm).cloned().collect()
    }

    /// Returns what must evaluate as in Nix.
    pub fn targets(&self) -> Vec<String> {
        if self.evaluates.is_empty() {
            vec!["nixosConfigurations.web.config.system.build.toplevel.drvPath".into()]
        } else {
            self.evaluates.clone()
        }
    }

    /// Says what is wrong with the file itself, for a twin in this folder.
    pub fn faults(&self, folder: &Path) -> Vec<String> {
        let mut wrong = Vec::new();
        if !self.fault.ends_with('.') {
            wrong.push("`fault` is no sentence".into());
        }
        let is_named = |first: &String| ["--host", "--home"].contains(&first.as_str());
        if !self.tried_with.first().is_none_or(is_named) {
            wrong.push("`tried-with` does not begin with a host or home".into());
        }
        let come = self.findings.iter().position(|f| f.since != Since::Now);
        // Those of machines are last, as others are told without one.
        if come.is_some_and(|at| self.findings[at..].iter().any(|f| f.since == Since::Now)) {
            wrong.push("findings to come stand before those of today".into());
        }
        for finding in &self.findings {
            let rule = &finding.rule;
            wrong.extend(
                finding
                    .faults(folder)
                    .into_iter()
                    .map(|fault| format!("{rule}: {fault}")),
            );
        }
        wrong
    }
}

/// The stages whose findings belong to no host.
const OF_THE_FLAKE: [&str; 2] = ["source", "lock"];

impl Expected {
    fn faults(&self, folder: &Path) -> Vec<String> {
        let mut wrong = Vec::new();
        let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
        if self.rule.is_empty() || !self.rule.chars().all(kebab) {
            wrong.push("a rule's name is in kebab case".into());
        }
        let stages: &[&str] = match self.since {
            Since::Now => &[
                "source", "lock", "eval", "modules", "policy", "packages", "closure", "prop",
            ],
            Since::Checks => &["source", "lock", "eval", "modules", "policy", "packages", "closure"],
            Since::Vm => &["build", "vm"],
            Since::Prop => &["prop"],
        };
        if !stages.contains(&self.stage.as_str()) {
            wrong.push(format!("a finding of `{:?}` has no stage `{}`", self.since, self.stage));
        }
        if !["error", "warning", "note"].contains(&self.severity.as_str()) {
            wrong.push(format!("no severity is called `{}`", self.severity));
        }
        if self.host.is_some() && OF_THE_FLAKE.contains(&self.stage.as_str()) {
            wrong.push("a finding of the flake names a host".into());
        }
        if self.message.trim().is_empty() {
            wrong.push("the message is empty".into());
        }
        match (&self.at, &self.source) {
            (None, None) => {}
            (Some(at), None) if at.starts_with("fixtures/inputs/") => {}
            (Some(at), Some(source)) => wrong.extend(misplaced(folder, at, source)),
            _ => wrong.push("`at` and `source` go together".into()),
        }
        wrong
    }
}

/// Returns the file, line and column of a place.
pub fn place(at: &str) -> Option<(&str, usize, usize)> {
    let mut parts = at.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some((parts.next()?, line, column))
}

/// Returns a line of a file without the space around it.
pub fn line_of(folder: &Path, file: &str, line: usize) -> Option<String> {
    let text = std::fs::read_to_string(folder.join(file)).ok()?;
    let line = text.lines().nth(line.checked_sub(1)?)?;
    Some(line.trim().to_owned())
}

/// Says how a place differs from what it should be, if it does.
fn misplaced(folder: &Path, at: &str, source: &str) -> Option<String> {
    let Some((file, line, column)) = place(at) else {
        return Some(format!("`{at}` is no FILE:LINE:COLUMN"));
    };
    match line_of(folder, file, line) {
        None => Some(format!("there is no line {line} in {file}")),
        Some(found) if found != source => Some(format!("line {line} of {file} is `{found}`, not `{source}`")),
        Some(_) if column == 0 => Some("columns count from 1".into()),
        Some(_) => None,
    }
}
