//! How `cfgcheck vm` tries hosts: the key `vm` of `cfgcheck.yaml`.

use super::{Bytes, Pattern, values};
use serde::Deserialize;

/// How `cfgcheck vm` tries hosts. Options of the command line win, each over the setting of its name.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a map of settings of `cfgcheck vm`"
)]
pub struct Vm {
    /// How hosts are booted; without it, as they are, or with an overriding module where their disks cannot be made.
    pub mode: Option<Mode>,
    /// How long things may take, as if the machine had KVM; where it has not, they are lengthened as much as it is slower.
    pub limits: Limits,
    /// What a change may cost. Without a budget nothing is bounded.
    pub budgets: Budgets,
    /// Other budgets for some hosts, by patterns of their names. The first pattern that matches counts; what it
    /// leaves out is as for all hosts.
    #[serde(deserialize_with = "values::in_order")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<Pattern, Budgets>"))]
    pub hosts: Vec<(Pattern, Budgets)>,
}

/// How a host is booted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// By its own stage 1, with disks that are made to match its file systems.
    AsIs,
    /// By a stage 1 of cfgcheck's, which mounts the root.
    #[serde(rename = "own-stage-1")]
    OwnStage1,
    /// With a module that puts one disk in the place of its own, in both generations alike.
    Variant,
}

impl From<Mode> for ::vm::disks::Mode {
    fn from(mode: Mode) -> ::vm::disks::Mode {
        match mode {
            Mode::AsIs => ::vm::disks::Mode::AsIs,
            Mode::OwnStage1 => ::vm::disks::Mode::OwnStage1,
            Mode::Variant => ::vm::disks::Mode::Variant,
        }
    }
}

/// How long things may take on a machine with KVM.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "VmLimits"))]
#[serde(
    default,
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a map of limits"
)]
pub struct Limits {
    /// Until a machine that was started is up, such as `3min`; without it 2 minutes.
    pub boot: Option<values::Time>,
    /// Until a machine that was told to go down is off; without it a minute.
    pub stop: Option<values::Time>,
    /// For a switch; without it 2 minutes.
    pub switch: Option<values::Time>,
    /// For whatever else a scenario waits for or runs, unless it says `within`; without it a minute.
    pub step: Option<values::Time>,
}

/// What a change may cost one host.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a map of budgets"
)]
pub struct Budgets {
    /// The longest time from the start of the kernel to the end of the boot, such as `30s`.
    pub boot_time: Option<values::Time>,
    /// The longest time that one unit may take to start.
    pub unit_time: Option<values::Time>,
    /// The most memory in use when the boot has ended, such as `512MiB`.
    pub memory: Option<Bytes>,
    /// The most bytes that the host and all that it needs take in the store, such as `4GiB`.
    pub closure_size: Option<Bytes>,
    /// The most units that a switch may restart.
    pub restarts: Option<usize>,
    /// Units that a switch must neither restart nor stop, by patterns of their names, such as `postgresql.service`.
    pub keep_running: Option<Vec<Pattern>>,
}

impl Vm {
    /// Returns how scenarios are played on a host, on a machine that is slower than one with KVM by a factor.
    pub fn settings(&self, host: &str, factor: f64, sizes: Option<::vm::driver::Sizes>) -> ::vm::driver::Settings {
        let own = self.hosts.iter().find(|(pattern, _)| pattern.matches(host));
        let own = own.map(|(_, budgets)| budgets.clone()).unwrap_or_default();
        let all = self.budgets.clone();
        let time = |time: Option<values::Time>| time.map(|values::Time(time)| time);
        let bytes = |bytes: Option<Bytes>| bytes.map(|Bytes(bytes)| bytes);
        let default = ::vm::driver::Limits::default();
        ::vm::driver::Settings {
            limits: ::vm::driver::Limits {
                boot: time(self.limits.boot).unwrap_or(default.boot),
                stop: time(self.limits.stop).unwrap_or(default.stop),
                switch: time(self.limits.switch).unwrap_or(default.switch),
                step: time(self.limits.step).unwrap_or(default.step),
            },
            budgets: ::vm::driver::Budgets {
                boot_time: time(own.boot_time.or(all.boot_time)),
                unit_time: time(own.unit_time.or(all.unit_time)),
                memory: bytes(own.memory.or(all.memory)),
                closure_size: bytes(own.closure_size.or(all.closure_size)),
                restarts: own.restarts.or(all.restarts),
                keep_running: own
                    .keep_running
                    .or(all.keep_running)
                    .unwrap_or_default()
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            },
            factor,
            sizes,
            ..::vm::driver::Settings::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn read(text: &str) -> Vm {
        serde_yaml::from_str(text).expect("the settings are right")
    }

    #[test]
    fn nothing_written_is_what_the_driver_has() {
        assert_eq!(
            Vm::default().settings("web", 1.0, None),
            ::vm::driver::Settings::default()
        );
    }

    #[test]
    fn a_host_has_its_own_budgets_or_those_of_all() {
        let vm = read(
            "mode: own-stage-1\nlimits: { boot: 5min }\n\
             budgets: { boot-time: 30s, restarts: 3, keep-running: ['postgresql*'] }\n\
             hosts: { 'db-*': { restarts: 0, memory: 1GiB }, db-1: { restarts: 9 } }\n",
        );
        assert_eq!(vm.mode.map(::vm::disks::Mode::from), Some(::vm::disks::Mode::OwnStage1));
        let web = vm.settings("web", 2.0, None);
        assert_eq!(
            (web.limits.boot, web.limits.switch),
            (Duration::from_secs(300), Duration::from_secs(120))
        );
        assert_eq!(
            (web.budgets.restarts, web.budgets.memory, web.factor),
            (Some(3), None, 2.0)
        );
        let db = vm.settings("db-1", 1.0, None);
        assert_eq!((db.budgets.restarts, db.budgets.memory), (Some(0), Some(1 << 30)));
        assert_eq!(db.budgets.boot_time, Some(Duration::from_secs(30)));
        assert_eq!(db.budgets.keep_running, ["postgresql*"]);
    }
}
