//! Toggle laws: a host whose modules are switched on and off still evaluates, or says why not.
//!
//! For each host, every option `….enable` that the user's own modules declare is flipped alone, then in sampled
//! pairs and larger sets. What comes out must evaluate, or be refused by somebody who worded why ([`verdict`]).
//! A set of flips that fails otherwise is made as small as it still fails, evaluated once more as the user would
//! write it, and told at the user's own line.

#[cfg(test)]
mod compared;
mod find;
#[cfg(test)]
mod fixture;
mod laws;
mod leaks;
mod run;
mod sets;
mod switched;
#[cfg(test)]
mod tests;
mod verdict;

pub use find::{LeftOut, Survey, survey};
pub use laws::{FAILS, LEAKS, laws};
#[cfg(test)]
use run::expression;
pub use run::{Finding, Flip, Outcome, run};

use diag::Span;
use nixos::{OptionPath, Priority};

/// An option that switches a module on and off.
#[derive(Clone, Debug)]
pub struct Toggle {
    /// Its path.
    pub path: OptionPath,
    /// Whether it is on.
    pub on: bool,
    /// The priority of its definitions.
    pub strongest: Priority,
    /// Where it is declared, if that is known.
    pub span: Span,
    /// The files that declare it.
    pub files: Vec<String>,
    /// The option in whose submodules it stands, such as the homes of a host; none for an option of the host itself.
    pub within: Option<OptionPath>,
}

/// The priority of `mkForce`.
const FORCE: i64 = 50;

impl Toggle {
    /// Returns the priority of a definition that wins over all there are: that of `mkForce` if it does.
    fn priority(&self) -> i64 {
        FORCE.min(self.strongest.0 - 1)
    }

    /// Returns the definition that flips it, as Nix.
    fn flipped(&self) -> String {
        let function = match self.priority() {
            FORCE => "lib.mkForce".to_owned(),
            other => format!("lib.mkOverride {}", crate::Expr::Int(other).print(0)),
        };
        format!("{} = {function} {};", self.path, !self.on)
    }
}
