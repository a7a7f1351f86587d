//! Administrators become root without a password.

use super::reading::{Host, text_of};
use super::{Found, Stop};
use crate::{Level, Rule};
use eval::{Ref, Val};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "sudo-passwordless",
    stage: Stage::Policy,
    level: Level::Warning,
    title: "Becoming root takes a password",
    why: "Without one, each program that an administrator runs is root: a browser, a package's build script, \
          an editor's plugin.",
    fix: "Remove the line. What runs without a person can be allowed single commands, by their whole path, in \
          `security.sudo.extraRules`. A host whose administrators have no password at all can waive the rule.",
    wrong: "security.sudo.wheelNeedsPassword = false;",
    right: "security.sudo.extraRules = [\n  {\n    groups = [ \"wheel\" ];\n    commands = [\n      {\n        \
            command = \"/run/current-system/sw/bin/systemctl restart wiki\";\n        options = [ \"NOPASSWD\" ];\n      \
            }\n    ];\n  }\n];",
};

const WHEEL: &str = "members of wheel become root without a password";

/// The programs that make somebody root.
const PROGRAMS: [&str; 3] = ["sudo", "sudo-rs", "doas"];

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let mut found = Vec::new();
    for program in PROGRAMS {
        if !host.is_on(&["security", program, "enable"])? {
            continue;
        }
        let needs = ["security", program, "wheelNeedsPassword"];
        let wheel = host.value(&needs)?.and_then(Val::as_bool) == Some(false);
        if wheel {
            found.push(told(host, &needs, WHEEL, program)?);
        }
        // The rule that the option makes is one of these, too.
        let rules = ["security", program, "extraRules"];
        for &cell in host.elements(&rules)? {
            let Some(who) = whom(host, cell)? else { continue };
            if wheel && who == "members of wheel" {
                continue;
            }
            let message = format!(
                "{who} become{} root without a password",
                if who.starts_with('`') { "s" } else { "" }
            );
            found.push(told(host, &rules, &message, program)?);
        }
    }
    found.sort_by_key(|found| found.span().start);
    found.dedup_by_key(|found| found.span());
    Ok(found)
}

fn told(host: &mut Host<'_>, path: &[&str], message: &str, program: &str) -> Result<Found, Stop> {
    let place = host.place(path)?;
    let diagnostic = RULE.found(message).at(place, "").hint(format!(
        "allow single commands without one: `security.{program}.extraRules`"
    ));
    let diagnostic = host.with_definer(diagnostic, path)?;
    Ok(Found::new(diagnostic).option(path.join(".")))
}

/// Returns who may run every command without a password by a rule of sudo or doas.
fn whom(host: &mut Host<'_>, rule: Ref) -> Result<Option<String>, Stop> {
    let Some(rule) = host.used(rule, &[])? else {
        return Ok(None);
    };
    let by_doas = host.below(rule, &["noPass"])?.and_then(Val::as_bool) == Some(true)
        && host.below(rule, &["cmd"])?.and_then(text_of).is_none();
    if !by_doas && !allows_all(host, rule)? {
        return Ok(None);
    }
    for (kind, name) in [("groups", "members of "), ("users", "")] {
        let Some(list) = host.below(rule, &[kind])? else {
            continue;
        };
        for &cell in host.ev.elements(list) {
            match host.force(cell).map(text_of)? {
                Some(own) if own == "root" => {}
                Some(own) if name.is_empty() => return Ok(Some(format!("`{own}`"))),
                Some(own) => return Ok(Some(format!("{name}{own}"))),
                None => {}
            }
        }
    }
    Ok(None)
}

/// Whether a rule of sudo allows every command without a password.
fn allows_all(host: &mut Host<'_>, rule: Val) -> Result<bool, Stop> {
    let Some(commands) = host.below(rule, &["commands"])? else {
        return Ok(false);
    };
    for &cell in host.ev.elements(commands) {
        let command = host.force(cell)?;
        let is_all = host
            .below(command, &["command"])?
            .and_then(text_of)
            .is_some_and(|command| command == "ALL");
        let Some(options) = host.below(command, &["options"])?.filter(|_| is_all) else {
            continue;
        };
        for &option in host.ev.elements(options) {
            if host.force(option)?.as_string() == Some(b"NOPASSWD") {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn becoming_root_without_a_password_is_told() {
        let wheel = "host.nix:1:3: members of wheel become root without a password";
        check(super::run, "{ security.sudo.wheelNeedsPassword = false; }", &[wheel]);
        check(
            super::run,
            "{ security.sudo-rs = { enable = true; wheelNeedsPassword = false; }; }",
            &["host.nix:1:39: members of wheel become root without a password"],
        );
        check(
            super::run,
            "{ security.sudo = { enable = false; wheelNeedsPassword = false; }; }",
            &[],
        );
        check(super::run, "{ }", &[]);
    }

    #[test]
    fn rules_for_all_commands_are_told_and_for_single_ones_are_not() {
        let rule = |who: &str, command: &str| {
            format!(
                "{{ security.sudo.extraRules = [ {{ {who} commands = [ {{ command = \"{command}\"; options = [ \"NOPASSWD\" ]; }} ]; }} ]; }}"
            )
        };
        let users = "users = [ \"root\" \"deploy\" ];";
        check(
            super::run,
            &rule(users, "ALL"),
            &["host.nix:1:3: `deploy` becomes root without a password"],
        );
        check(super::run, &rule(users, "/bin/true"), &[]);
        check(
            super::run,
            &rule("groups = [ \"ops\" ];", "ALL"),
            &["host.nix:1:3: members of ops become root without a password"],
        );
        check(super::run, &rule("users = [ \"root\" ];", "ALL"), &[]);
        let doas = "{ security.doas = { enable = true; extraRules = [ { users = [ \"a\" ]; noPass = true; cmd = null; } ]; }; }";
        check(
            super::run,
            doas,
            &["host.nix:1:36: `a` becomes root without a password"],
        );
    }
}
