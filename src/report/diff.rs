//! What differs between two states of a flake: the model of `cfgcheck diff`, and its forms.
//!
//! A [`Diff`] holds texts that are ready to be shown, short and without secrets, so that no form has
//! to know how to cut or to hide. They still come from the flake under test: each form escapes them.

mod shared;
pub(crate) mod written;

pub mod json;
pub mod markdown;
pub mod text;

#[cfg(test)]
mod sample;

use crate::finding::{Finding, Location};
use serde::{Deserialize, Serialize};

pub use shared::{Shared, shared};

/// What differs between two states of a flake.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Diff {
    /// The state that is compared with.
    pub base: State,
    /// The state that is looked at.
    pub head: State,
    /// Inputs of the lock that differ, by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<InputChange>,
    /// All hosts and homes of either state that were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostDiff>,
    /// What belongs to no host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A state of a flake.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct State {
    /// The words that name it, such as `main`, `work tree` or `github:owner/repo`.
    pub name: String,
    /// Its commit, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<String>,
    /// The day of its commit or last change, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// Which of the two states is meant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The state that is compared with.
    Base,
    /// The state that is looked at.
    Head,
}

/// Where an input of a lock stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Pin {
    /// The reference in `flake.nix`, such as `github:NixOS/nixpkgs/nixos-26.05`.
    pub reference: String,
    /// The commit that it is locked at, or the hash of what has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<String>,
    /// The day of that commit, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// An input that differs: added without `before`, removed without `after`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct InputChange {
    /// The input, such as `nixpkgs` or `home-manager/nixpkgs`.
    pub input: String,
    /// Where it stands in the base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Pin>,
    /// Where it stands in the head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Pin>,
    /// Days from the one to the other; negative if the newer lock has the older commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    /// The page of the forge that shows the commits between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<String>,
}

/// What a configuration is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ConfigurationKind {
    /// `nixosConfigurations.NAME`
    Nixos,
    /// `darwinConfigurations.NAME`
    Darwin,
    /// `homeConfigurations.NAME`
    Home,
}

/// How the two states of a host compare.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Only the head has it.
    Added,
    /// Only the base has it.
    Removed,
    /// Its derivation is the same: nothing on it can differ.
    Unchanged,
    /// Its derivation differs.
    Changed,
    /// It does not evaluate in one of the states, so that it cannot be compared.
    Errored,
}

/// What differs on one host or home.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct HostDiff {
    /// What it is.
    pub kind: ConfigurationKind,
    /// Its name in the flake.
    pub name: String,
    /// The system that it was evaluated for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// How its two states compare.
    pub status: Status,
    /// What differs; empty unless it is changed.
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    pub changes: Changes,
    /// Why it does not evaluate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
}

/// Why a host does not evaluate in one of the states.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Failure {
    /// The state.
    pub side: Side,
    /// The error.
    pub finding: Finding,
}

/// What differs on a host, by kind.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, rename_all = "kebab-case")]
pub struct Changes {
    /// Why the host has to be booted anew before all of it counts; empty if it has not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reboot: Vec<Change>,
    /// Options whose value differs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Change>,
    /// Packages that differ in version, or came or went.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<PackageChange>,
    /// Units of systemd that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitChange>,
    /// Users and groups that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountChange>,
    /// Ports of the firewall that are opened or closed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortChange>,
    /// What else differs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// What could not be compared, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// A named thing whose value differs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    /// Its name: an option path, a mount point, `kernel`.
    pub name: String,
    /// How it differs.
    #[serde(flatten)]
    pub value: ValueChange,
    /// The definition in the user's own files that counts in the head, else in the base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// How a value differs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "change")]
pub enum ValueChange {
    /// One value became another; a side without the thing has none.
    Value {
        /// What it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
        /// What it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// Elements of a list came or went.
    Elements {
        /// Those that went.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        removed: Vec<String>,
        /// Those that came.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        added: Vec<String>,
    },
    /// It differs, and is not shown as it may be a secret.
    Secret,
    /// It is made anew with the same name: only what it is made of differs.
    Rebuilt,
}

/// How a thing that has a name differs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// Only the head has it.
    Added,
    /// Only the base has it.
    Removed,
    /// Both have it, differently.
    Changed,
}

/// Which way versions of a package went.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Only the head has it.
    Added,
    /// Only the base has it.
    Removed,
    /// All versions are newer.
    Up,
    /// All versions are older.
    Down,
    /// Some of several versions differ.
    Mixed,
}

/// How a package comes into a configuration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// It is in the list of packages of the system or of a home.
    Installed,
    /// Something in the configuration uses it.
    Used,
}

/// A package that differs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct PackageChange {
    /// How it comes into the configuration.
    pub place: Place,
    /// The name, without version, as Nix splits it.
    pub name: String,
    /// Which way it went.
    pub direction: Direction,
    /// The versions in the base; empty for a package without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// The versions in the head.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
}

/// What a switch does with a unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is stopped.
    Stop,
    /// It is stopped by the old configuration and started by the new one.
    StopStart,
    /// It is restarted.
    Restart,
    /// It is reloaded.
    Reload,
    /// It is started.
    Start,
    /// It differs, and runs on as it is until somebody restarts it.
    Keep,
    /// Nothing has to be done.
    Nothing,
}

/// Whose manager runs a unit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Manager {
    /// The system's.
    System,
    /// That of each user.
    Users,
    /// That of one user, whose home it is.
    Home(String),
}

/// A unit of systemd that differs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct UnitChange {
    /// What a switch does with it.
    pub action: Action,
    /// Whose manager runs it.
    pub manager: Manager,
    /// Its name, such as `nginx.service`.
    pub unit: String,
    /// Whether it came, went or changed.
    pub presence: Presence,
    /// Whether the action happens only if the unit runs at that time, which nothing at boot makes it do.
    pub if_running: bool,
    /// The settings that differ, such as `Service ExecStart`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Change>,
}

/// A user or a group that differs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct AccountChange {
    /// Whether it is a group, not a user.
    pub is_group: bool,
    /// Its name.
    pub name: String,
    /// Whether it came, went or changed.
    pub presence: Presence,
    /// What differs, such as `shell` or `extra groups`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Change>,
}

/// A port or a range of ports that is opened or closed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct PortChange {
    /// Whether it is opened, not closed.
    pub opened: bool,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The port, such as `443`, or a range such as `60000-61000`.
    pub ports: String,
    /// The interface that it is for; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
}

/// What a fact is about; the order is that of the forms.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// The kernel: version, parameters, modules.
    Kernel,
    /// The boot loader.
    Boot,
    /// File systems and swap devices.
    FileSystems,
    /// Whether there is a firewall, and what it trusts.
    Firewall,
    /// Specialisations.
    Specialisations,
    /// The state version, the host's name and platform.
    System,
    /// Files in `/etc`.
    Etc,
    /// Files of homes.
    HomeFiles,
}

/// Something else that differs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Fact {
    /// What it is about.
    pub section: Section,
    /// How it differs.
    #[serde(flatten)]
    pub change: Change,
}

impl ConfigurationKind {
    /// Returns the flake's output that holds configurations of this kind.
    pub fn output(self) -> &'static str {
        match self {
            ConfigurationKind::Nixos => "nixosConfigurations",
            ConfigurationKind::Darwin => "darwinConfigurations",
            ConfigurationKind::Home => "homeConfigurations",
        }
    }
}

impl Section {
    /// Returns the section's title in forms for people.
    pub fn title(self) -> &'static str {
        match self {
            Section::Kernel => "kernel",
            Section::Boot => "boot loader",
            Section::FileSystems => "file systems",
            Section::Firewall => "firewall",
            Section::Specialisations => "specialisations",
            Section::System => "system",
            Section::Etc => "files in /etc",
            Section::HomeFiles => "files of homes",
        }
    }
}

impl Action {
    /// Returns what is said of a unit in forms for people.
    pub fn words(self) -> &'static str {
        match self {
            Action::Stop => "stopped",
            Action::StopStart => "stopped, started",
            Action::Restart => "restarted",
            Action::Reload => "reloaded",
            Action::Start => "started",
            Action::Keep => "not restarted",
            Action::Nothing => "changed only",
        }
    }
}

impl Change {
    /// Returns a change from one value to another.
    pub fn value(name: impl Into<String>, before: Option<String>, after: Option<String>) -> Change {
        Change {
            name: name.into(),
            value: ValueChange::Value { before, after },
            location: None,
        }
    }

    /// Returns a change of a list's elements.
    pub fn elements(name: impl Into<String>, removed: Vec<String>, added: Vec<String>) -> Change {
        Change {
            name: name.into(),
            value: ValueChange::Elements { removed, added },
            location: None,
        }
    }

    /// Returns a change whose values are not shown.
    pub fn secret(name: impl Into<String>) -> Change {
        Change {
            name: name.into(),
            value: ValueChange::Secret,
            location: None,
        }
    }

    /// Returns a change of what a thing is made of.
    pub fn rebuilt(name: impl Into<String>) -> Change {
        Change {
            name: name.into(),
            value: ValueChange::Rebuilt,
            location: None,
        }
    }

    /// Returns whether the thing came, went or changed.
    pub fn presence(&self) -> Presence {
        match &self.value {
            ValueChange::Value {
                before: None,
                after: Some(_),
            } => Presence::Added,
            ValueChange::Value {
                before: Some(_),
                after: None,
            } => Presence::Removed,
            _ => Presence::Changed,
        }
    }
}

impl Changes {
    /// Whether nothing differs and nothing is unknown.
    pub fn is_empty(&self) -> bool {
        *self == Changes::default()
    }

    /// Puts each kind in order and takes what stands there twice out.
    pub fn sort(&mut self) {
        fn tidy<T: Ord>(list: &mut Vec<T>) {
            list.sort();
            list.dedup();
        }
        // The order of reasons for a reboot is that of their weight.
        tidy(&mut self.options);
        tidy(&mut self.packages);
        tidy(&mut self.units);
        tidy(&mut self.accounts);
        tidy(&mut self.ports);
        let first = |port: &PortChange| {
            let first = port.ports.split('-').next().unwrap_or_default();
            first.parse::<u32>().unwrap_or_default()
        };
        self.ports
            .sort_by_key(|port| (port.opened, port.protocol.clone(), first(port)));
        tidy(&mut self.facts);
    }
}

impl Diff {
    /// Whether the two states differ in a host or in an input.
    pub fn differs(&self) -> bool {
        !self.inputs.is_empty() || self.hosts.iter().any(|host| host.status != Status::Unchanged)
    }

    /// Whether a host could not be compared.
    pub fn is_incomplete(&self) -> bool {
        self.hosts.iter().any(|host| host.status == Status::Errored)
    }

    /// Returns the errors that keep hosts from being compared, each once, with the hosts that have it.
    pub fn failures(&self) -> Vec<(&Failure, Vec<&HostDiff>)> {
        let mut all: Vec<(&Failure, Vec<&HostDiff>)> = Vec::new();
        for host in &self.hosts {
            for failure in &host.failures {
                match all.iter_mut().find(|(known, _)| *known == failure) {
                    Some((_, hosts)) => hosts.push(host),
                    None => all.push((failure, vec![host])),
                }
            }
        }
        all
    }

    /// Returns how many hosts have a status.
    pub fn count(&self, status: Status) -> usize {
        self.hosts.iter().filter(|host| host.status == status).count()
    }
}
