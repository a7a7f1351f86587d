//! What a case came to: whether a failing configuration was refused, or broke.
//!
//! *Refused* is what somebody worded for whoever reads it: assertions of the configuration that do not hold
//! (`config.assertions`), and `throw`, `abort` and `assert` in modules and packages, such as those of a package
//! that is not free or not for this platform, or of an option that was removed.
//!
//! *Broken* is all else: a missing attribute, a wrong type, infinite recursion, a file that is not there; what
//! the module system says of options and definitions (it throws, too), such as that two definitions are in
//! conflict; and what functions of a library throw of arguments that they cannot use.
//!
//! Between the two is an option without default that a module needs once it is switched on (*needs*). The message
//! names the option, and whoever switches the module on has to set it, as with most modules of NixOS itself: that is
//! no finding, but it is told beside the refusals. Where something was switched off, too, the option has to be one
//! that stands beside a toggle that was switched on: else it may be missing because of what was switched off, which
//! nobody can know, and the configuration is broken.

use super::Toggle;
use diag::Origin;
use eval::{ErrorKind, EvalError, Evaluator};
use nixos::diagnose::{Complaint, Viewpoint, complaint};

/// Files of a library by which modules word a refusal (`lib.assertMsg`, `lib.throwIf`).
const WORDED_BY_CALLERS: [&str; 2] = ["asserts.nix", "trivial.nix"];

/// How a configuration fails.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// Somebody worded why.
    Refused,
    /// A module that was switched on needs this option to be set.
    Needs(String),
    /// Nobody did.
    Broken,
}

/// Returns how a configuration with these toggles flipped fails.
pub(crate) fn verdict(ev: &Evaluator, error: &EvalError, view: &Viewpoint<'_>, flipped: &[&Toggle]) -> Verdict {
    let is_worded = match complaint(error) {
        Some(Complaint::Removed) => true,
        Some(Complaint::NoValue(option)) if are_on(flipped) || flipped.iter().any(|toggle| toggle.wants(&option)) => {
            return Verdict::Needs(option);
        }
        Some(Complaint::NoValue(_) | Complaint::Other) => false,
        None => match error.kind {
            ErrorKind::Thrown | ErrorKind::Abort | ErrorKind::Assertion => {
                !is_of_library(ev, error, view) && !has_no_words(&error.message)
            }
            _ => false,
        },
    };
    if is_worded { Verdict::Refused } else { Verdict::Broken }
}

/// Whether all of these were switched on.
fn are_on(flipped: &[&Toggle]) -> bool {
    flipped.iter().all(|toggle| !toggle.on)
}

/// Whether a message says nothing: it is empty, or lists assertions that failed, all of them without a message.
pub(crate) fn has_no_words(message: &str) -> bool {
    let said = message.trim().trim_start_matches("Failed assertions:");
    said.chars().all(|c| c == '-' || c.is_whitespace())
}

/// Whether a function of an input's library raised it: of `lib/NAME.nix`, but not of NixOS's own `nixos/lib`.
fn is_of_library(ev: &Evaluator, error: &EvalError, view: &Viewpoint<'_>) -> bool {
    let Some((file, _)) = ev.sources.lookup(error.pos) else {
        return false;
    };
    let Origin::File(path) = &ev.sources.file(file).origin else {
        return false;
    };
    let path = String::from_utf8_lossy(path);
    let mut names = path.rsplit('/');
    let (name, folder, above) = (names.next(), names.next(), names.next());
    folder == Some("lib")
        && above != Some("nixos")
        && !view.owns(&ev.sources, error.pos)
        && !name.is_some_and(|name| WORDED_BY_CALLERS.contains(&name))
}

impl Toggle {
    /// Whether an option belongs to the module that this toggle switches on.
    fn wants(&self, option: &str) -> bool {
        let option: Option<nixos::OptionPath> = option.parse().ok();
        !self.on && option.is_some_and(|option| option.starts_with(self.around()))
    }
}
