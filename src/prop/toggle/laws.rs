//! The toggle laws and their documentation.

use crate::law::{Law, Scope};
use diag::Severity;

/// A host with toggles flipped evaluates, or is refused by somebody who worded why.
pub static FAILS: Law = Law {
    id: "toggle-fails",
    scope: Scope::Host,
    severity: Severity::Error,
    title: "a host evaluates with any of its `enable` options flipped, or says why it cannot",
    why: "An `enable` that cannot be set otherwise than it is today is found out on the day when somebody has to \
          switch the service off, or on another host. A missing attribute or an infinite recursion then tells \
          nothing about the cause; an assertion does.",
    fix: "Make what the module needs from others conditional (`lib.mkIf config.x.enable`), give options that others \
          read a default, or add an assertion whose message says which modules belong together.",
    draw: |_, _| None,
    question: |_, _| None,
};

/// A module that is switched off defines nothing outside of its own options.
pub static LEAKS: Law = Law {
    id: "toggle-leaks",
    scope: Scope::Host,
    severity: Severity::Note,
    title: "a module that is switched off changes nothing outside of its own options",
    why: "What a module defines outside of its `lib.mkIf cfg.enable` stays on every host that imports it, although \
          the host says that it does not want it: a port that stays open, a user that stays, a service that runs.",
    fix: "Move the definition under `lib.mkIf cfg.enable`, or into a module that is imported where it is wanted.",
    draw: |_, _| None,
    question: |_, _| None,
};

/// Returns the toggle laws.
pub fn laws() -> [&'static Law; 2] {
    [&FAILS, &LEAKS]
}
