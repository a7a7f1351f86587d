//! `layout`: how a repository lays out its hosts and modules.

use serde::Deserialize;

use super::PathPattern;

/// How the repository is laid out. Without it, the usual layout is judged where a repository clearly has it.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a map with `categories`, `hosts` and `host-files`"
)]
pub struct Layout {
    /// Folders of modules, such as `modules/nixos`, in which every module lies in the folder of its category. An empty
    /// list turns the rule `module-misplaced` off.
    pub categories: Option<Vec<PathPattern>>,
    /// The folders of hosts, such as `hosts/*`.
    pub hosts: Option<PathPattern>,
    /// The files that each of them has: `default.nix`, `hardware-configuration.nix` and `disks.nix` unless this says
    /// otherwise.
    pub host_files: Option<Vec<String>>,
}
