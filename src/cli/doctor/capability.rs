//! What is told of one thing that cfgcheck can do: whether it can here, and what is missing for it.

use super::remedy::Remedy;
use clap::ValueEnum;
use serde::Serialize;

/// A thing that cfgcheck can do where the machine lets it.
#[derive(ValueEnum, Serialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Evaluate flakes.
    Eval,
    /// Read repositories, and fetch others.
    Git,
    /// Keep what was fetched, built and found for later runs.
    Cache,
    /// Know servers by their certificates.
    Certificates,
    /// Build in a virtual machine.
    Build,
    /// Build with an installed Nix.
    Nix,
    /// Try hosts in virtual machines.
    Vm,
    /// Judge secrets.
    Secrets,
    /// Publish reports on GitHub.
    Github,
    /// Write for people.
    Terminal,
}

impl Kind {
    /// Returns its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Eval => "eval",
            Kind::Git => "git",
            Kind::Cache => "cache",
            Kind::Certificates => "certificates",
            Kind::Build => "build",
            Kind::Nix => "nix",
            Kind::Vm => "vm",
            Kind::Secrets => "secrets",
            Kind::Github => "github",
            Kind::Terminal => "terminal",
        }
    }
}

/// Whether a thing can be done here.
#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// All of it.
    Ready,
    /// Not all of it, or slowly.
    Limited,
    /// Not at all.
    Missing,
}

/// Something that is not there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lack {
    /// What it is, in a sentence.
    pub what: String,
    /// Whether nothing goes without it.
    pub needed: bool,
    /// How to get it.
    pub remedy: Remedy,
}

/// What is told of one thing that cfgcheck can do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Capability {
    /// Which one.
    pub kind: Kind,
    /// What can be done here, or cannot, in a few words.
    pub title: String,
    /// What is known about it.
    pub facts: Vec<String>,
    /// What is not there.
    pub lacks: Vec<Lack>,
}

impl Capability {
    /// Returns one of which nothing is missing.
    pub fn new(kind: Kind, title: impl Into<String>) -> Capability {
        Capability {
            kind,
            title: title.into(),
            facts: Vec::new(),
            lacks: Vec::new(),
        }
    }

    /// Adds a fact.
    pub fn fact(&mut self, fact: impl Into<String>) {
        self.facts.push(fact.into());
    }

    /// Adds something without which nothing goes.
    pub fn needs(&mut self, what: impl Into<String>, remedy: Remedy) {
        self.lack(what, true, remedy);
    }

    /// Adds something without which not all goes.
    pub fn misses(&mut self, what: impl Into<String>, remedy: Remedy) {
        self.lack(what, false, remedy);
    }

    fn lack(&mut self, what: impl Into<String>, needed: bool, remedy: Remedy) {
        self.lacks.push(Lack {
            what: what.into(),
            needed,
            remedy,
        });
    }

    /// Returns whether it can be done here.
    pub fn standing(&self) -> Standing {
        if self.lacks.iter().any(|lack| lack.needed) {
            Standing::Missing
        } else if self.lacks.is_empty() {
            Standing::Ready
        } else {
            Standing::Limited
        }
    }

    /// Says something else if it cannot be done here.
    pub fn otherwise(mut self, title: &str) -> Capability {
        if self.standing() == Standing::Missing {
            self.title = title.into();
        }
        self
    }
}
