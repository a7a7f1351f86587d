//! One judged thing of a run: a rule on a host, a law, a boot.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Location};

/// Which part of a run judged a case; the order is that of the work.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The flake's source files, before any evaluation.
    Source,
    /// `flake.lock` and the inputs.
    Lock,
    /// Evaluation of outputs and hosts.
    Eval,
    /// What the module system says: definitions, options that were renamed or removed.
    Modules,
    /// Rules and policies on evaluated configurations.
    Policy,
    /// What a configuration or a flake is made of: packages, and the nixpkgs they come from.
    Packages,
    /// What a configuration needs to run: its closure and the size of it.
    Closure,
    /// Laws with generated modules.
    Prop,
    /// Building derivations.
    Build,
    /// Scenarios in virtual machines.
    Vm,
    /// Switching real machines.
    Deploy,
}

impl Stage {
    /// Returns the stage's name in all formats, such as `eval`.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Source => "source",
            Stage::Lock => "lock",
            Stage::Eval => "eval",
            Stage::Modules => "modules",
            Stage::Policy => "policy",
            Stage::Packages => "packages",
            Stage::Closure => "closure",
            Stage::Prop => "prop",
            Stage::Build => "build",
            Stage::Vm => "vm",
            Stage::Deploy => "deploy",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a case ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "is", content = "reason")]
pub enum Outcome {
    /// It was judged, and nothing that fails a run was found; warnings may have been.
    Passed,
    /// It was judged and broke a rule: its findings say which, where and why.
    Failed,
    /// It was left out on purpose, for this reason (another machine is needed, it was not asked for).
    Skipped(String),
    /// It could not be judged (it does not evaluate, an input is missing): its findings say why. Never a pass.
    Errored,
    /// cfgcheck itself broke on it: a bug of ours.
    Crashed,
}

impl Outcome {
    /// Returns the outcome's name in all formats, such as `passed`.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Skipped(_) => "skipped",
            Outcome::Errored => "errored",
            Outcome::Crashed => "crashed",
        }
    }

    /// Returns how bad it is, to tell the worst of several: passed, skipped, errored, failed, crashed.
    pub fn rank(&self) -> u8 {
        match self {
            Outcome::Passed => 0,
            Outcome::Skipped(_) => 1,
            Outcome::Errored => 2,
            Outcome::Failed => 3,
            Outcome::Crashed => 4,
        }
    }
}

/// What a case is about. The derived order is the order of reports: the flake first, then host by host.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Subject {
    /// The host, by its attribute name; none for the flake as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The architecture and operating system it was judged for, such as `x86_64-linux`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Which part of the run judged it.
    pub stage: Stage,
    /// What was judged, the same from run to run: a rule's id first where there is one. No hashes, no times.
    pub name: String,
}

/// What keeps a finding from counting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WaivedBy {
    /// A comment at its line.
    Comment,
    /// A waiver in `cfgcheck.yaml`.
    Waiver,
    /// The baseline: it was there before.
    Baseline,
}

impl WaivedBy {
    /// Returns the word that all formats use, such as `waiver`.
    pub fn name(self) -> &'static str {
        match self {
            WaivedBy::Comment => "comment",
            WaivedBy::Waiver => "waiver",
            WaivedBy::Baseline => "baseline",
        }
    }
}

/// A finding that does not count, because somebody said so.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Waived {
    /// What was found, with the severity that it would have.
    pub finding: Finding,
    /// What keeps it from counting.
    pub by: WaivedBy,
    /// The reason that was given; empty where none is asked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A file beside the report that belongs to a case: a log, a journal, a picture.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Attachment {
    /// What it is called, such as `console.log`.
    pub name: String,
    /// What its bytes are, such as `text/plain`.
    pub media_type: String,
    /// Its path: below the folder that the run was started in where it lies there, else absolute.
    pub file: String,
}

/// One judged thing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Case {
    /// What it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// The rule that it applies, if it is one rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Where the judged thing is defined, such as the host's own file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Facts for other tools, such as `drv` or `closure-bytes`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// What was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What was found and does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<Waived>,
    /// Files beside the report that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// What was measured, such as `boot-time`; written apart from the rest, as it differs between equal runs.
    #[serde(skip)]
    pub measured: BTreeMap<String, String>,
    /// How long it took; written apart as well.
    #[serde(skip)]
    pub duration: Duration,
}

impl Case {
    /// Returns a case with this outcome, without findings, places, facts or time.
    pub fn new(stage: Stage, name: impl Into<String>, outcome: Outcome) -> Case {
        Case {
            subject: Subject {
                host: None,
                system: None,
                stage,
                name: name.into(),
            },
            rule: None,
            outcome,
            location: None,
            properties: BTreeMap::new(),
            findings: Vec::new(),
            waived: Vec::new(),
            attachments: Vec::new(),
            measured: BTreeMap::new(),
            duration: Duration::ZERO,
        }
    }

    /// Returns why it was not judged, if it was not and no finding says so.
    pub fn unjudged(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Skipped(reason) => Some(reason),
            Outcome::Errored if self.findings.is_empty() => Some(
                self.properties
                    .get("reason")
                    .map_or("no reason was given", String::as_str),
            ),
            _ => None,
        }
    }

    /// Sets the host and the system it is about.
    pub fn on(mut self, host: impl Into<String>, system: impl Into<String>) -> Case {
        self.subject.host = Some(host.into());
        self.subject.system = Some(system.into());
        self
    }

    /// Sets the rule.
    pub fn rule(mut self, rule: impl Into<String>) -> Case {
        self.rule = Some(rule.into());
        self
    }

    /// Adds a finding.
    pub fn finding(mut self, finding: Finding) -> Case {
        self.findings.push(finding);
        self
    }

    /// Sets where the judged thing is defined.
    pub fn location(mut self, location: Location) -> Case {
        self.location = Some(location);
        self
    }

    /// Adds a fact.
    pub fn property(mut self, name: impl Into<String>, value: impl Into<String>) -> Case {
        self.properties.insert(name.into(), value.into());
        self
    }

    /// Adds what was measured.
    pub fn measured(mut self, name: impl Into<String>, value: impl Into<String>) -> Case {
        self.measured.insert(name.into(), value.into());
        self
    }

    /// Adds a file that belongs to it.
    pub fn attachment(mut self, attachment: Attachment) -> Case {
        self.attachments.push(attachment);
        self
    }

    /// Sets how long it took.
    pub fn took(mut self, duration: Duration) -> Case {
        self.duration = duration;
        self
    }
}
