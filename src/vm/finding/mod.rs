//! What a run in a machine finds, and what of the configuration is to blame for it.

mod rules;

pub use rules::{ids, rules};

use diag::{Severity, Span};
use report::Finding;

/// What a finding is about, so that whoever can evaluate finds the option and its line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Blame {
    /// A unit of systemd, by its full name, such as `wiki.service`.
    Unit(String),
    /// A unit that stands in the way as it is, whether it was changed or not.
    Standing(String),
    /// A snippet of `system.activationScripts`, by its name.
    ActivationScript(String),
    /// A check of `system.preSwitchChecks`, by its name.
    PreSwitchCheck(String),
    /// A value of `system.switch.inhibitors`, by its name.
    Inhibitor(String),
    /// The package of systemd: what it says of the interface of init.
    Systemd,
    /// The kernel: `boot.kernelPackages`.
    Kernel,
    /// The initial RAM disk: `boot.initrd`.
    Initrd,
    /// The parameters of the kernel: `boot.kernelParams`.
    KernelParameters {
        /// Those that only the head has, in their order.
        added: Vec<String>,
        /// The one among them that did it, where that is known.
        culprit: Option<String>,
    },
    /// A file system, by the folder that it is mounted on, such as `/boot`.
    FileSystem(String),
    /// The addresses of the machine.
    Addresses,
    /// The boot loader.
    BootLoader,
    /// A block of a home's activation (`home.activation`), by its name.
    HomeBlock(String),
    /// A file of a home, by its place below the user's folder.
    HomeFile(String),
    /// A unit of a user's, by its full name.
    HomeUnit(String),
    /// The layout of the disks: `disko.devices`.
    Disks,
    /// What the system is made of: its closure.
    Closure,
    /// A step of the scenario; [`Found::at`] says where it stands.
    Step,
    /// Nothing of the configuration, or too much of it: the machine, or the host as a whole.
    Host,
}

/// One thing that was found: a finding without option and place, and what to look for these by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The rule, such as `unit-failed`: one of [`rules`].
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// What is to blame.
    pub blame: Blame,
    /// The specialisation that ran, if it was one: what is to blame is an option of its configuration.
    pub specialisation: Option<String>,
    /// The step of the scenario in which it was found; without a place if the scenario is a shipped one.
    pub at: Span,
}

impl Found {
    /// Returns what was found as a finding without option and place.
    pub fn finding(&self) -> Finding {
        Finding {
            hint: self.hint.clone(),
            ..Finding::new(self.rule, self.severity, self.message.clone())
        }
    }
}
