//! What a play comes to.

use diag::Severity;
use report::Outcome;

use super::Played;
use super::session::{Session, Stop};
use crate::finding::{Blame, Found};

/// Returns what came of a play that has ended, before its last step if something stopped it.
pub(super) fn of(mut session: Session<'_>, stopped: Option<Stop>) -> Played {
    let unjudged = match stopped {
        None => None,
        Some(Stop::Failed(found)) => {
            session.add(*found);
            None
        }
        Some(Stop::Errored(found)) => Some(*found),
    };
    let mut found = session.found;
    let boots = !found.iter().any(is_of_failed_boot);
    // A boot that fails says more than that a boot is needed.
    found.retain(|found| boots || !(found.rule == "reboot-needed" && found.severity == Severity::Note));
    let failed = found.iter().any(|found| found.severity == Severity::Error);
    let outcome = match (&unjudged, failed) {
        (_, true) => Outcome::Failed,
        (Some(_), false) => Outcome::Errored,
        (None, false) => Outcome::Passed,
    };
    found.extend(unjudged);
    if let Some(sizes) = session.play.settings.sizes {
        let mib = |bytes: u64| format!("{} MiB", bytes.div_ceil(1 << 20));
        let (base, head) = (mib(sizes.base), mib(sizes.head));
        let told = match base == head {
            true => head,
            false => format!("{head} ({base} before)"),
        };
        session.properties.insert("closure-size".into(), told);
    }
    Played {
        outcome,
        found,
        artifacts: session.shelf.artifacts,
        properties: session.properties,
        measured: session.measured.told(),
    }
}

/// Whether what was found is a boot that failed for what of the boot is new.
fn is_of_failed_boot(found: &Found) -> bool {
    found.rule == "kernel-panicked"
        && matches!(
            found.blame,
            Blame::KernelParameters { .. } | Blame::Kernel | Blame::Initrd
        )
        || matches!(found.rule, "boot-timed-out" | "boot-failed")
}
