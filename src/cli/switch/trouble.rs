//! What keeps a host from being deployed to.

use super::target::{Target, TargetError};
use crate::exit;
use ::deploy::{Ended, Reason};

/// What keeps a host from being deployed to, with the exit code of a command that ends with it.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// The exit code.
    pub code: u8,
    /// What it is; nothing if it was told already.
    pub reasons: Vec<Reason>,
}

impl Trouble {
    /// Returns trouble for one reason.
    pub fn new(code: u8, why: impl std::fmt::Display) -> Trouble {
        Trouble {
            code,
            reasons: vec![Reason::new(why.to_string())],
        }
    }

    /// Returns trouble that was told already.
    pub fn told_already(code: u8) -> Trouble {
        Trouble {
            code,
            reasons: Vec::new(),
        }
    }

    /// Returns wrong use of the command.
    pub fn usage(why: impl std::fmt::Display) -> Trouble {
        Trouble::new(exit::USAGE, why)
    }

    /// Returns that the run cannot start.
    pub fn cannot_start(why: impl std::fmt::Display) -> Trouble {
        Trouble::new(exit::CANNOT_START, why)
    }

    /// Returns a refusal.
    pub fn refused(reasons: Vec<Reason>) -> Trouble {
        Trouble {
            code: exit::REFUSED,
            reasons,
        }
    }

    /// Tells it, as what is wrong with a host.
    pub fn tell(&self, target: &Target) {
        let word = match self.code {
            exit::REFUSED => "refused",
            _ => "error",
        };
        for Reason { why, hint } in &self.reasons {
            target.tell(&format!("{word}: {why}"));
            if let Some(hint) = hint {
                target.tell(&format!("help: {hint}"));
            }
        }
    }

    /// Returns how the deployment has ended with it, before anything was changed.
    pub fn ended(self) -> Ended {
        let told = || self.reasons.iter().map(|reason| reason.why.clone()).collect::<Vec<_>>();
        match self.code {
            exit::REFUSED => Ended::Refused(self.reasons),
            exit::FINDINGS if self.reasons.is_empty() => Ended::NotBuilt("its system is not built".into()),
            exit::FINDINGS => Ended::NotBuilt(told().join("; ")),
            _ => Ended::OutOfReach(told().join("; ")),
        }
    }
}

impl From<TargetError> for Trouble {
    fn from(error: TargetError) -> Trouble {
        Trouble::new(error.code(), error)
    }
}
