//! What a fleet's file says.

use super::selector::Selector;
use super::values::{self, Address, Destination, Program, Tag, Template, Words};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the file `deploy.yaml` beside a flake says: how hosts are reached, how they are known to be well, and in which order they
/// are deployed to.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Fleet {
    /// What holds of all hosts that say nothing else.
    pub defaults: Defaults,
    /// The hosts, by their names in the flake; those that are not named have the defaults.
    #[serde(deserialize_with = "values::hosts")]
    pub hosts: BTreeMap<String, HostSettings>,
    /// The hosts that come first; where one of them fails, no other host is begun.
    pub canary: Vec<Selector>,
    /// The hosts of each wave after these; all that are in none come last.
    pub waves: Vec<Vec<Selector>>,
    /// How many hosts of a wave are deployed to at the same time.
    #[serde(deserialize_with = "values::at_once")]
    pub at_once: Option<usize>,
    /// How many hosts may fail before no other one is begun.
    pub max_failures: Option<usize>,
}

/// What holds of all hosts that say nothing else.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Defaults {
    /// Where SSH leads to a host, with `{host}` for its name.
    pub target: Option<Template>,
    /// Whether root is somebody else there, whom `sudo` leads to.
    pub sudo: Option<bool>,
    /// The cfgcheck of the host.
    pub remote_program: Option<Program>,
    /// How it is known to be well; what a host says itself is added.
    pub health: HealthSettings,
    /// Ports elsewhere that have to be in reach of the host afterwards, in place of a new connection.
    pub reach: Vec<Address>,
    /// What all time limits are multiplied with.
    #[serde(deserialize_with = "values::patience")]
    pub patience: Option<u64>,
}

/// What a host says for itself.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HostSettings {
    /// Where SSH leads to it.
    pub target: Option<Destination>,
    /// Its tags, by which it can be named.
    pub tags: Vec<Tag>,
    /// Whether root is somebody else there, whom `sudo` leads to.
    pub sudo: Option<bool>,
    /// Its cfgcheck.
    pub remote_program: Option<Program>,
    /// How it is known to be well.
    pub health: HealthSettings,
    /// Ports elsewhere that have to be in reach of it afterwards; in place of those of the defaults.
    pub reach: Vec<Address>,
    /// What all time limits are multiplied with.
    #[serde(deserialize_with = "values::patience")]
    pub patience: Option<u64>,
}

/// How a host is known to be well, beside that no unit has failed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HealthSettings {
    /// Units that have to be active.
    pub units: Vec<Words>,
    /// Pages that have to answer on the host.
    pub http: Vec<Words>,
    /// Ports that have to take connections on the host.
    pub tcp: Vec<Address>,
    /// Programs that have to succeed on the host, each a line of its shell.
    pub command: Vec<Words>,
    /// Seconds for which all of that has to hold.
    pub grace: Option<u64>,
}
