//! `cfgcheck.yaml`: the settings that a repository keeps for all its runs.
//!
//! The file lies beside the flake under test and may come from a pull request. It can narrow what is
//! judged, which a reviewer sees, and lower limits; it names no file to write and no program to run,
//! and it grants nothing.
//!
//! `docs/cfgcheck.schema.json` is made of these types and their comments.

mod ci;
mod prop;
mod read;
#[cfg(test)]
mod schema;
mod vm;

use std::collections::BTreeMap;

use crate::outputs::Format;
use check::settings::values;
use check::{Level, Waiver};
use serde::Deserialize;

pub use self::ci::{Ci, Stage};
pub use self::vm::Vm;
pub use check::settings::{Bytes, Closure, Inputs, Layout, PathPattern, Pattern, Policies, System, Version};
pub use prop::{Kind, Prop, Seed};
pub use read::read;

/// The settings of cfgcheck for one repository.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a map of settings")]
pub struct Config {
    /// The version of this file's format: 1.
    pub version: Version,
    /// Which hosts are judged.
    #[serde(default)]
    pub hosts: Hosts,
    /// The systems whose packages, checks and development shells are judged; without it, all that the flake has.
    #[serde(default)]
    pub systems: Option<Vec<System>>,
    /// The systems that hosts are judged for, by patterns of host names. The first pattern that matches
    /// counts; a host without one is judged for the system that it sets itself.
    #[serde(default, deserialize_with = "values::in_order")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<Pattern, Vec<System>>"))]
    pub platforms: Vec<(Pattern, Vec<System>)>,
    /// The flake outputs that are judged, such as `nixosConfigurations` or `checks`; without it, all that cfgcheck knows.
    #[serde(default)]
    pub outputs: Option<Vec<String>>,
    /// What of the flake's own files is left out of checks that read files by themselves: rules on sources,
    /// the search for modules that nothing imports, and lint. Each is a folder or file of the flake
    /// with all below it, and may have `*`, `?` and `**` in it. What a host imports is evaluated
    /// all the same. A path that fits no file is told.
    #[serde(default)]
    pub exclude: Vec<PathPattern>,
    /// How bad it is when a rule is broken, by the rule's id, instead of what the rule itself says.
    /// `cfgcheck list rules` has them all.
    #[serde(default)]
    pub rules: BTreeMap<String, Level>,
    /// Findings that are accepted, each for a reason.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
    /// How the repository is laid out.
    #[serde(default)]
    pub layout: Layout,
    /// What policies in `checks/` need to know.
    #[serde(default)]
    pub policies: Policies,
    /// How the inputs of the flake are to move.
    #[serde(default)]
    pub inputs: Inputs,
    /// How large hosts may be.
    #[serde(default)]
    pub closure: Closure,
    /// Bounds of the evaluation. They lower those of cfgcheck itself; options of the command line win.
    #[serde(default)]
    pub limits: Limits,
    /// How `cfgcheck prop` tries the flake.
    #[serde(default)]
    pub prop: Prop,
    /// How `cfgcheck vm` tries hosts.
    #[serde(default)]
    pub vm: Vm,
    /// What `cfgcheck ci` does.
    #[serde(default)]
    pub ci: Ci,
    /// What is told, and how.
    #[serde(default)]
    pub output: Output,
}

/// Which hosts are judged.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a map with `include` and `exclude`"
)]
pub struct Hosts {
    /// Patterns of the hosts that are judged.
    pub include: Vec<Pattern>,
    /// Patterns of the hosts among them that are not.
    pub exclude: Vec<Pattern>,
}

impl Default for Hosts {
    fn default() -> Hosts {
        Hosts {
            include: vec![Pattern::any()],
            exclude: Vec::new(),
        }
    }
}

impl Hosts {
    /// Whether a host is judged.
    pub fn takes(&self, host: &str) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(host));
        any(&self.include) && !any(&self.exclude)
    }
}

/// Bounds of the evaluation; without one, the built-in bound counts.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a map of limits"
)]
pub struct Limits {
    /// Most memory that values may take, such as `8GiB`.
    pub max_memory: Option<Bytes>,
    /// Longest time for one host, such as `90s` or `10min`.
    pub max_time: Option<values::Time>,
    /// Deepest nesting of calls, as Nix's setting of the same name.
    pub max_call_depth: Option<std::num::NonZeroU32>,
}

/// What is told, and how. Options of the command line win.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a map of output settings"
)]
pub struct Output {
    /// The form of the report on standard output; without it, `github` on GitHub Actions and `text` elsewhere.
    pub format: Option<Format>,
    /// When colours are used.
    pub color: Color,
    /// The least bad findings that fail a run.
    pub deny: Deny,
}

/// When colours are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The least bad findings that fail a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Deny {
    /// Errors.
    #[default]
    Error,
    /// Warnings and errors.
    Warning,
}

impl Default for Config {
    /// Returns the settings of a repository without the file.
    fn default() -> Config {
        Config {
            version: Version,
            hosts: Hosts::default(),
            systems: None,
            platforms: Vec::new(),
            outputs: None,
            exclude: Vec::new(),
            rules: BTreeMap::new(),
            waivers: Vec::new(),
            layout: Layout::default(),
            policies: Policies::default(),
            inputs: Inputs::default(),
            closure: Closure::default(),
            limits: Limits::default(),
            prop: Prop::default(),
            vm: Vm::default(),
            ci: Ci::default(),
            output: Output::default(),
        }
    }
}

impl Config {
    /// Returns the systems that a host is judged for, or `None` for the one that it sets itself.
    pub fn platforms_of(&self, host: &str) -> Option<&[System]> {
        self.platforms
            .iter()
            .find(|(pattern, _)| pattern.matches(host))
            .map(|(_, systems)| systems.as_slice())
    }
}
