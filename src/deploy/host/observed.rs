//! What a machine runs, and what it would start.

use super::{Host, HostError, Place, Profile, Realm, loader};
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
    /// Whose home it is, if it is not the system that is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The system that runs, or the generation that is the home; `None` if home-manager has none.
    pub current: Option<String>,
    /// The system that it has booted; `None` of a home.
    pub booted: Option<String>,
    /// The profile of the system, or of home-manager; `None` if there is none.
    pub profile: Option<Profile>,
    /// The profile of the user's programs, which home-manager installs; `None` of a system, or if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programs: Option<Profile>,
    /// The system that would be booted without being asked; `None` of a home, or if the boot loader's files do not say.
    pub default: Option<String>,
}

impl Observed {
    /// Returns what a machine runs at this moment.
    pub fn of(host: &Host<'_>) -> Result<Observed, HostError> {
        let name = host.text("/proc/sys/kernel/hostname")?;
        let boot_id = boot_id(host)?;
        Ok(match host.realm {
            Realm::System => Observed {
                name,
                boot_id,
                user: None,
                current: Some(link(host, CURRENT)?),
                booted: Some(link(host, BOOTED)?),
                profile: Place::of_system().read(host.fs)?,
                programs: None,
                default: loader::default(host.fs).ok(),
            },
            Realm::Home(home) => Observed {
                name,
                boot_id,
                user: Some(home.user.clone()),
                current: home.current(host)?,
                booted: None,
                profile: home.profile(host.fs)?.read(host.fs)?,
                programs: match home.programs(host.fs)? {
                    Some(place) => place.read(host.fs)?,
                    None => None,
                },
                default: None,
            },
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
