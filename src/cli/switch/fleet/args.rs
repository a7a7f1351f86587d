//! The part of the command line that is about several hosts.

use super::roster::Asked;
use ::deploy::fleet::Selector;
use clap::Args;
use std::path::PathBuf;

/// Which hosts, where there are several.
#[derive(Args, Clone, Debug)]
pub struct HostsArgs {
    /// Several hosts of the flake: names, patterns (`web-*`) and tags (`@edge`), with commas between them; may be repeated.
    #[arg(long, value_name = "HOSTS", value_delimiter = ',', conflicts_with = "target")]
    pub hosts: Vec<Selector>,
    /// What is said of the fleet, in place of `deploy.yaml` beside the flake.
    #[arg(long, value_name = "FILE", requires = "hosts")]
    pub fleet: Option<PathBuf>,
}

/// How several hosts are deployed to.
#[derive(Args, Clone, Debug)]
pub struct WavesArgs {
    /// Systems that are in the hosts' stores already, by the hosts' names: a file of JSON, in place of a flake.
    #[arg(long, value_name = "FILE", requires = "hosts", conflicts_with = "flake")]
    pub systems: Option<PathBuf>,
    /// The hosts that come first, in place of those of the fleet's file; where one fails, no other host is begun.
    #[arg(long, value_name = "HOSTS", value_delimiter = ',', requires = "hosts")]
    pub canary: Vec<Selector>,
    /// How many hosts of a wave are deployed to at the same time; 1 if nobody says more.
    #[arg(long, value_name = "NUMBER", requires = "hosts", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub at_once: Option<u16>,
    /// How many hosts may fail before no other one is begun; 0 if nobody says more.
    #[arg(long, value_name = "NUMBER", requires = "hosts")]
    pub max_failures: Option<usize>,
    /// Leave out hosts that cannot be deployed to, where otherwise none is changed.
    #[arg(long, requires = "hosts")]
    pub keep_going: bool,
    /// Take all hosts of this run back where one fails that is one too many.
    #[arg(long, requires = "hosts", conflicts_with = "boot")]
    pub all_or_nothing: bool,
}

/// Which hosts of a flake, for commands that otherwise mean one host.
#[derive(Args, Clone, Debug)]
pub struct FleetArgs {
    /// The flake whose hosts are meant, with `--hosts`; the one in this folder by default.
    #[arg(value_name = "FLAKE", requires = "hosts")]
    pub flake: Option<String>,
    #[command(flatten)]
    pub which: HostsArgs,
    /// Never use the network for evaluation.
    #[arg(long, requires = "hosts")]
    pub offline: bool,
    /// Trust the flake: let it read files elsewhere, reach private hosts and use your ssh keys.
    #[arg(long, requires = "hosts")]
    pub trust: bool,
}

impl FleetArgs {
    /// Whether one host is meant, and no fleet.
    pub fn is_one(&self) -> bool {
        self.which.hosts.is_empty()
    }

    /// Returns which hosts are meant.
    pub fn asked(&self) -> Asked<'_> {
        let flake = self.flake.as_deref().unwrap_or(".");
        self.which.asked(flake, self.offline, self.trust)
    }
}

impl HostsArgs {
    /// Returns which hosts are meant, of a flake or of a file of systems.
    pub fn asked<'a>(&'a self, flake: &'a str, offline: bool, trust: bool) -> Asked<'a> {
        Asked {
            hosts: &self.hosts,
            file: self.fleet.as_deref(),
            flake,
            offline,
            trust,
        }
    }
}
