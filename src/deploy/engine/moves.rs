//! What an engine does that finds a deployment which has not ended: a pure function of how far it had come.

use crate::state::Phase;

/// What to do next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Move {
    /// Nothing: it has ended.
    Nothing,
    /// Carry it out from the beginning.
    Begin,
    /// Only the timer is left to be taken away.
    Finish,
    /// All was done, and then the machine went down: look whether it is well after that boot, too.
    LookAgain,
    /// The machine has rebooted, and should run the new system.
    AfterReboot,
    /// The machine was to reboot and has not.
    Reboot,
    /// The machine was to reboot into what was before and has not.
    RebootBack,
    /// The machine has rebooted, and should run what was before.
    AfterRebootBack,
    /// Go back, for this reason.
    Back(String),
}

/// Returns what to do next in a deployment that was left in a phase, in the boot in which that began or in a later one.
///
/// Nobody knows how much of a phase was done. All of them can be undone, and that is what happens as long as the new system is
/// not what boots; from then on only the end is missing.
pub fn next(phase: Phase, same_boot: bool) -> Move {
    let back = || {
        let what = if same_boot {
            "the engine ended"
        } else {
            "the machine went down"
        };
        let doing = match phase {
            Phase::Preflight => "in preflight".to_owned(),
            other => other.to_string(),
        };
        Move::Back(format!("{what} while it was {doing}"))
    };
    match (phase, same_boot) {
        (Phase::Done, _) => Move::Nothing,
        (Phase::Accepted, true) => Move::Begin,
        (Phase::Disarming, true) => Move::Finish,
        (Phase::Disarming, false) => Move::LookAgain,
        (Phase::Rebooting, true) => Move::Reboot,
        (Phase::Rebooting, false) => Move::AfterReboot,
        (Phase::RebootingBack, true) => Move::RebootBack,
        (Phase::RebootingBack, false) => Move::AfterRebootBack,
        _ => back(),
    }
}
