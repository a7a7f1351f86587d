//! What `cfgcheck ci` does: the key `ci` of `cfgcheck.yaml`.

use super::Pattern;
use clap::ValueEnum;
use serde::Deserialize;

/// What `cfgcheck ci` does. Options of the command line win, each over the setting of its name.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a map of settings of `cfgcheck ci`"
)]
pub struct Ci {
    /// What is done, in the order check, prop, vm; without it, `check`.
    pub stages: Vec<Stage>,
    /// Patterns of the hosts that are tried in machines where they differ from the base; without it, all.
    pub vm_hosts: Vec<Pattern>,
}

impl Default for Ci {
    fn default() -> Ci {
        Ci {
            stages: vec![Stage::Check],
            vm_hosts: vec![Pattern::any()],
        }
    }
}

/// A part of `cfgcheck ci`.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Every host is evaluated and judged, and compared with the base.
    Check,
    /// Generated modules are tried on the flake's options, for a minute unless `prop.max-time` says otherwise.
    Prop,
    /// Hosts that differ from the base are booted as they are there, and switched.
    Vm,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_has_its_default() {
        let read = |text: &str| serde_yaml::from_str::<Ci>(text).expect("the settings are right");
        assert_eq!(read("{}"), Ci::default());
        let ci = read("stages: [vm, prop]\nvm-hosts: ['web-*']\n");
        assert_eq!(ci.stages, [Stage::Vm, Stage::Prop]);
        assert!(ci.vm_hosts[0].matches("web-1") && !ci.vm_hosts[0].matches("db"));
        assert!(serde_yaml::from_str::<Ci>("stages: [built]").is_err());
    }
}
