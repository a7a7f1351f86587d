//! An order: what a machine is to be brought to, under whose approval, and how it is known to be well there.
//!
//! It is written by whoever deploys and read by the engine on the machine, as JSON.

use crate::health::{Health, Probe};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The version of the form of orders and states.
pub const VERSION: u32 = 1;

/// Most bytes of an order.
pub const MOST_BYTES: usize = 24 << 20;

/// What a machine is to be brought to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Order {
    /// The version of this form.
    pub version: u32,
    /// The name of this deployment, which no other has.
    pub id: String,
    /// The system: a path in the machine's store.
    pub system: String,
    /// Where it came from.
    pub origin: Origin,
    /// What approves it.
    pub approval: Approval,
    /// When it comes about.
    pub action: Action,
    /// How the machine is known to be in reach afterwards.
    pub confirm: Confirm,
    /// How it is known to be well.
    #[serde(default)]
    pub health: Health,
    /// How long each step may take.
    #[serde(default)]
    pub limits: Limits,
}

/// Where a system came from, for the record.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Origin {
    /// The name of the host in its flake.
    pub host: Option<String>,
    /// The flake, as it was named.
    pub flake: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// Who deployed it, as that machine tells.
    pub by: Option<String>,
}

/// What approves an order.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Approval {
    /// Why it is to be carried out without, as root of the machine says; that is kept.
    pub overridden: Option<String>,
    /// The digest of the policy by which whoever deploys has judged it.
    pub policy: Option<String>,
    /// What was shown to whoever deploys, such as reviews and signatures.
    pub shown: Vec<String>,
    /// The envelope of the signed verdict, which the machine verifies itself.
    pub verdict: Option<String>,
}

impl Approval {
    /// Returns an approval that is none.
    pub fn overridden(reason: impl Into<String>) -> Approval {
        Approval {
            overridden: Some(reason.into()),
            ..Approval::default()
        }
    }
}

/// When a change comes about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// At once.
    Switch,
    /// With the next boot, whenever that is.
    Boot,
    /// With a boot that the engine brings about.
    Reboot,
}

/// How a machine is known to be in reach after the change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirm {
    /// Whoever deploys connects anew and says so.
    Connection,
    /// The machine reaches something outside of it: all of these.
    Outbound(Vec<Probe>),
    /// Nobody is asked, as somebody sits before the machine.
    Nobody,
}

/// How long each step may take, in seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Limits {
    /// The activation.
    pub activation: u64,
    /// The health checks, until they have to hold.
    pub health: u64,
    /// The confirmation.
    pub confirm: u64,
    /// The installation of the boot loader's files.
    pub boot_loader: u64,
    /// A reboot, from the order to the service manager's start.
    pub reboot: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            activation: 600,
            health: 120,
            confirm: 120,
            boot_loader: 300,
            reboot: 600,
        }
    }
}

/// What is added to all steps together before the machine goes back by itself, for what lies between them.
const SLACK: u64 = 60;

impl Limits {
    /// Returns the time after which the machine goes back, whatever the engine does.
    pub fn all(&self) -> Duration {
        let all = [self.activation, self.health, self.confirm, self.boot_loader, SLACK];
        Duration::from_secs(all.into_iter().fold(0, u64::saturating_add))
    }

    /// Returns these limits with each one multiplied, for a slow machine.
    pub fn times(self, factor: u64) -> Limits {
        let times = |limit: u64| limit.saturating_mul(factor);
        Limits {
            activation: times(self.activation),
            health: times(self.health),
            confirm: times(self.confirm),
            boot_loader: times(self.boot_loader),
            reboot: times(self.reboot),
        }
    }
}

/// Why an order is none.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// It is larger than any order.
    #[error("the order is larger than {MOST_BYTES} bytes")]
    TooLarge,
    /// It is not the JSON of an order.
    #[error("the order cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of another version of cfgcheck.
    #[error("the order has version {0}, and this cfgcheck knows version {VERSION}: both ends need the same one")]
    Version(u32),
    /// Its name is none.
    #[error("the order's id has to be of letters, digits and `-`, at most 64")]
    Id,
    /// What it names is no path of a store.
    #[error("`{0}` is no path of the store")]
    System(String),
}

impl Order {
    /// Returns the order that bytes hold.
    pub fn read(bytes: &[u8]) -> Result<Order, OrderError> {
        if bytes.len() > MOST_BYTES {
            return Err(OrderError::TooLarge);
        }
        let order: Order = serde_json::from_slice(bytes)?;
        order.checked()
    }

    fn checked(self) -> Result<Order, OrderError> {
        if self.version != VERSION {
            return Err(OrderError::Version(self.version));
        }
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if self.id.is_empty() || self.id.len() > 64 || !self.id.bytes().all(is_id) {
            return Err(OrderError::Id);
        }
        if store::StorePath::parse(self.system.as_bytes()).is_err() {
            return Err(OrderError::System(diag::clean_line(&self.system).into_owned()));
        }
        Ok(self)
    }
}
