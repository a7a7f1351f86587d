//! What a machine runs, and what it would start.

use super::{Host, HostError, Profile, loader};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// The link to the system that runs.
const CURRENT: &str = "/run/current-system";
/// The link to the system that the machine has booted.
const BOOTED: &str = "/run/booted-system";

/// A machine at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Observed {
    /// The name of the machine.
    pub name: String,
    /// The id of its boot, which no other boot has (random(4), `boot_id`).
    pub boot_id: String,
    /// The system that runs.
    pub current: String,
    /// The system that it has booted.
    pub booted: String,
    /// The profile of the system; `None` if there is none.
    pub profile: Option<Profile>,
    /// The system that would be booted without being asked; `None` if the boot loader's files do not say.
    pub default: Option<String>,
}

impl Observed {
    /// Returns what a machine runs at this moment.
    pub fn of(host: &Host<'_>) -> Result<Observed, HostError> {
        Ok(Observed {
            name: host.text("/proc/sys/kernel/hostname")?,
            boot_id: boot_id(host)?,
            current: link(host, CURRENT)?,
            booted: link(host, BOOTED)?,
            profile: Profile::read(host.fs)?,
            default: loader::default(host.fs).ok(),
        })
    }
}

/// Returns the id of the machine's boot.
pub(crate) fn boot_id(host: &Host<'_>) -> Result<String, HostError> {
    host.text("/proc/sys/kernel/random/boot_id")
}

/// Returns how long the machine is up: a time that no correction of its clock changes.
pub(crate) fn uptime(host: &Host<'_>) -> Result<Duration, HostError> {
    let text = host.text("/proc/uptime")?;
    let seconds = text.split_whitespace().next().and_then(|word| word.parse::<f64>().ok());
    let seconds = seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
    let seconds = seconds.ok_or_else(|| HostError::Unknown("the machine does not tell how long it is up".into()))?;
    Ok(Duration::from_secs_f64(seconds))
}

/// Returns where a link leads in the end.
pub fn link(host: &Host<'_>, path: &str) -> Result<String, HostError> {
    let path = host.fs.canonicalize(Path::new(path))?;
    Ok(path.to_string_lossy().into_owned())
}
