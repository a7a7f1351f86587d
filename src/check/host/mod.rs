//! Rules on one evaluated configuration: a host, or a home.
//!
//! Each rule is a file with its documentation, its function and its table of tests. A rule reads options
//! of the configuration ([`Host`]) and returns what it found; what it cannot read ends it ([`Stop`]).
//! The configuration's toplevel was evaluated before, so most of what rules read is there already.

mod boot_file_system_missing;
mod disk_device_unstable;
mod disk_layout_differs;
mod disks;
mod evaluation;
mod firewall_disabled;
mod found;
mod host_name_differs;
mod import_from_derivation;
mod nix_sandbox_off;
mod nix_trusts_everybody;
mod nixpkgs_instances;
mod option_removed;
mod option_renamed;
mod own;
mod package_insecure_allowed;
mod package_unfree_unlisted;
mod reading;
mod root_file_system_missing;
mod secret_in_store;
mod secret_key_absent;
mod service_unhardened;
mod ssh_password_login;
mod ssh_root_login;
mod state_version_changed;
mod state_version_missing;
mod sudo_passwordless;
mod user_password_empty;
mod user_without_password;
mod warning;

#[cfg(test)]
pub(crate) mod fixture;

use crate::Rule;
use diag::Severity;
use nixos::Kind;
use nixos::diagnose::diagnose_from;
use report::{Case, Finding, Outcome};
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) use disks::devices;
pub use evaluation::{ASSERTION, assertion_rule, error_rule};
pub(crate) use found::Found;
pub use nixpkgs_instances::MAKERS;
pub use reading::Host;
pub(crate) use reading::{Stop, shown};
pub use state_version_changed::{Before, before};

/// Why a rule judged nothing of a configuration that does not evaluate.
const NOT_EVALUATED: &str = "the host does not evaluate";

/// What is said of a panic.
const CRASHED: &str = "cfgcheck itself broke here; this is a bug of cfgcheck, please report it";

/// A rule on configurations, and what applies it.
pub struct Entry {
    /// The rule.
    pub rule: &'static Rule,
    kinds: &'static [Kind],
    run: Run,
}

/// Applies a rule to a configuration and returns what it found.
type Run = fn(&mut Host<'_>) -> Result<Vec<Found>, Stop>;

const HOSTS: &[Kind] = &[Kind::Nixos];
const HOSTS_AND_HOMES: &[Kind] = &[Kind::Nixos, Kind::Home];
const ALL: &[Kind] = &[Kind::Nixos, Kind::Darwin, Kind::Home];

macro_rules! rules {
    ($($kinds:ident: $($module:ident),+;)+) => {
        /// The rules on configurations, in the order in which they are applied.
        pub static RULES: &[Entry] = &[$($(Entry {
            rule: &$module::RULE,
            kinds: $kinds,
            run: $module::run,
        }),+),+];
    };
}

rules! {
    ALL: warning, option_renamed, import_from_derivation;
    HOSTS_AND_HOMES: nixpkgs_instances, package_unfree_unlisted, package_insecure_allowed;
    HOSTS: state_version_missing, state_version_changed, host_name_differs, boot_file_system_missing,
        disk_device_unstable, disk_layout_differs, firewall_disabled, ssh_root_login, ssh_password_login,
        sudo_passwordless, user_without_password, user_password_empty, service_unhardened, nix_sandbox_off,
        nix_trusts_everybody;
    HOSTS_AND_HOMES: secret_in_store, secret_key_absent;
}

/// Rules whose findings the case of a configuration's own evaluation has.
pub static OF_EVALUATION: &[&Rule] = &[&ASSERTION, &option_removed::RULE, &root_file_system_missing::RULE];

/// Returns the cases of all rules that apply to a configuration, one each; `applies` tells whether a rule
/// is wanted. What a rule cannot judge is told in its case; where the configuration as a whole does not
/// evaluate, its own case says why.
pub fn cases(host: &mut Host<'_>, applies: &dyn Fn(&str) -> bool) -> Vec<Case> {
    let kind = host.system.kind();
    // Without `--base` there is nothing to compare with, and nobody asked for it.
    let compares = host.before.is_some();
    let wanted = |entry: &&Entry| entry.kinds.contains(&kind) && applies(entry.rule.id);
    let wanted = RULES.iter().filter(wanted);
    wanted
        .filter(|entry| compares || entry.rule.id != state_version_changed::RULE.id)
        .map(|entry| {
            let case = entry.rule.case().on(host.system.name(), host.platform());
            contained(host, case, |host, case| match (entry.run)(host) {
                Ok(found) => judged(host, case, found),
                Err(stop) => stopped(host, case, stop),
            })
        })
        .collect()
}

/// Returns the case that some work makes of one; a bug of ours in it ends only this case.
pub(crate) fn contained(host: &mut Host<'_>, case: Case, work: impl FnOnce(&mut Host<'_>, Case) -> Case) -> Case {
    // What broke or ran out of memory is in no state to be asked.
    if host.ev.is_exhausted() {
        return Case {
            outcome: Outcome::Errored,
            ..case.property("reason", "the evaluation was ended")
        };
    }
    let empty = case.clone();
    catch_unwind(AssertUnwindSafe(|| work(host, case))).unwrap_or_else(|_| {
        host.ev.broke();
        let finding = Finding::new("crash", Severity::Error, CRASHED);
        Case {
            outcome: Outcome::Crashed,
            ..empty.finding(finding)
        }
    })
}

/// Returns the case of a rule that came to a result.
pub(crate) fn judged(host: &Host<'_>, mut case: Case, found: Vec<Found>) -> Case {
    for found in found {
        case = case.finding(found.finding(&host.ev.sources, host.view.root));
    }
    let wrong = case.findings.iter().any(|finding| finding.severity == Severity::Error);
    case.outcome = if wrong { Outcome::Failed } else { Outcome::Passed };
    case
}

/// Returns the case of a rule that came to none.
pub(crate) fn stopped(host: &mut Host<'_>, mut case: Case, stop: Stop) -> Case {
    let error = match stop {
        Stop::Skipped(reason) => {
            case.outcome = Outcome::Skipped(reason);
            return case;
        }
        Stop::Unknown => {
            case.outcome = Outcome::Errored;
            return case.property("reason", NOT_EVALUATED);
        }
        Stop::Failed(error) => *error,
        Stop::Limit(_) => host.ev.take_error(),
    };
    case.outcome = Outcome::Errored;
    if !host.evaluates() {
        return case.property("reason", NOT_EVALUATED);
    }
    let diagnosis = diagnose_from(host.ev, &error, &host.view);
    let rule = case.rule.clone().unwrap_or_default();
    let diagnostic = diagnosis.diagnostic.rule(rule);
    let finding = Finding::from_diagnostic(&diagnostic, &host.ev.sources, host.view.root);
    case.finding(Finding {
        option: diagnosis.option,
        ..finding
    })
}
