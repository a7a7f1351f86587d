//! Switches that do not run to their end: the power fails in the middle, something kills them, or another one holds the lock.

use std::time::Duration;

use diag::Severity;

use super::session::{Done, Session};
use super::switch::program;
use super::words;
use crate::finding::Blame;
use crate::guest::Call;
use activation::units::{self, Detail};

/// Starts a program, writes what it says into a file, and prints its number. The file is `$1`.
const BEHIND: &str = "set -m; log=$1; shift; \"$@\" </dev/null >\"$log\" 2>&1 & echo $!; disown";

/// Prints a file, and fails if a program has ended. They are `$1` and `$2`.
const HOW_FAR: &str = r#"read -r -d '' text <"$1"; printf '%s\n' "$text"; kill -0 "$2" 2>/dev/null"#;

/// Where a switch writes that is interrupted: gone with the power.
const LOG: &str = "/run/cfgcheck-switch.log";

/// What a switch says when it begins to change the machine.
const BEGINS: &str = "activating the configuration";

/// How long to wait between two looks at a switch that is to be interrupted.
const LOOK: Duration = Duration::from_millis(500);

/// Prints what an interrupted switch has left for the next one, which does it before all else: `start wiki.service`.
const LEFT: &str = r#"for list in start restart reload; do
  while read -r unit; do echo "$list $unit"; done <"/run/nixos/$list-list"
done 2>/dev/null; true"#;

/// Prints the control group of the process that holds the lock of switches.
const HOLDER: &str = r#"inode=$(stat -c %i /run/nixos/switch-to-configuration.lock)
while read -r _ kind _ _ process place _; do
  if [ "$kind" = FLOCK ] && [ "${place##*:}" = "$inode" ]; then read -r group <"/proc/$process/cgroup"; echo "$group"; fi
done </proc/locks 2>/dev/null; true"#;

/// Prints the units whose file is not the same in two generations: of those from `$3` on, in the generations `$1` and `$2`.
const OTHERS: &str = r#"base=$1/etc/systemd/system head=$2/etc/systemd/system; shift 2
for unit; do
  if [ "$(readlink -f "$base/$unit")" != "$(readlink -f "$head/$unit")" ]; then echo "$unit"; fi
done 2>/dev/null; true"#;

/// Most units that are kept of what a switch has left.
const MOST_LEFT: usize = 500;

/// The largest number of a signal.
const LAST_SIGNAL: i32 = 64;

/// Returns the signal that ended a program with this exit code.
pub(super) fn signal(code: i32) -> Option<i32> {
    let signal = code.checked_sub(128)?;
    (1..=LAST_SIGNAL).contains(&signal).then_some(signal)
}

impl Session<'_> {
    /// Cuts the power in the middle of a switch, some time after it has begun to change the machine.
    pub(super) fn power_fails(&mut self, toplevel: &str, verb: &str, name: &str, after: Duration) -> Done {
        let program = program(toplevel);
        let started = self.ask(&Call::new(["bash", "-c", BEHIND, "bash", LOG, &program, verb]))?;
        let number = words::last_line(&started.output).filter(|word| word.bytes().all(|b| b.is_ascii_digit()));
        let (0, Some(number)) = (started.code, number) else {
            return Err(self.unjudged("the switch could not be started"));
        };
        let mut until = self.guest.now() + self.scaled(self.play.settings.limits.switch);
        let mut begun = false;
        let (said, runs) = loop {
            let far = self.ask(&Call::new(["bash", "-c", HOW_FAR, "bash", LOG, &number]))?;
            let runs = far.code == 0;
            if !begun && String::from_utf8_lossy(&far.output).contains(BEGINS) {
                begun = true;
                until = self.guest.now() + self.scaled(after);
            }
            let left = until.saturating_sub(self.guest.now());
            if !runs || left.is_zero() {
                break (far.output, runs);
            }
            self.guest.pause(left.min(LOOK));
        };
        self.crash()?;
        self.shelf.bytes(name, "text/plain", &said);
        let when = match (runs, begun) {
            (true, true) => "in the middle of the switch",
            (true, false) => "before the switch changed anything",
            (false, _) => "after the switch had ended",
        };
        self.properties.insert("power-loss".into(), when.into());
        // Either of the two may come up, as long as one does.
        self.default = None;
        Ok(())
    }

    /// Tells that something killed a switch, and what it was about to do.
    pub(super) fn switch_killed(&mut self, verb: &str, signal: i32) -> Done {
        let left = self.left_behind()?;
        let message = format!("`switch-to-configuration {verb}` is killed before its end (signal {signal})");
        // What it was about to start may be what killed it, and so may be what it has just started.
        let (hint, blame) = match (&left[..], &self.started_anew()?[..]) {
            ([(_, unit)], _) => (format!("it was about to {}", told(&left)), Blame::Unit(unit.clone())),
            ([_, _, ..], _) => (format!("it was about to {}", told(&left)), Blame::Host),
            ([], [unit]) => (format!("it had just started {unit}"), Blame::Unit(unit.clone())),
            ([], []) => (
                "let it run apart from what it restarts, as `nixos-rebuild` does".to_owned(),
                Blame::Host,
            ),
            ([], units) => {
                let names = words::names(units.iter().map(String::as_str));
                (format!("it had just started {names}"), Blame::Host)
            }
        };
        self.tell("switch-interrupted", Severity::Error, message, blame, &hint);
        Ok(())
    }

    /// Returns the services that were started since the state before, and whose files are not those of the base: what a
    /// switch to the head has started of the change.
    fn started_anew(&mut self) -> Done<Vec<String>> {
        let units = self.units_in(Detail::All)?;
        let Some(before) = &self.before else {
            return Ok(Vec::new());
        };
        let [base, head] = [self.play.base, self.play.head].map(|generation| generation.toplevel.to_path());
        let mut ask = ["bash", "-c", OTHERS, "bash", &base, &head].map(str::to_owned).to_vec();
        ask.extend(units::started(&before.units, &units).into_iter().map(str::to_owned));
        let ended = self.ask(&Call::new(ask))?;
        let text = String::from_utf8_lossy(&ended.output);
        let known = |unit: &&str| units.0.contains_key(*unit);
        Ok(text.lines().filter(known).take(MOST_LEFT).map(str::to_owned).collect())
    }

    /// Tells what an interrupted switch has left, which the next one does, whatever it goes to.
    pub(super) fn tell_left_behind(&mut self) -> Done {
        let left = self.left_behind()?;
        let known = |rule: &str| self.found.iter().any(|found| found.rule == rule);
        if left.is_empty() || known("switch-timed-out") {
            // Where it was ended for its time, what it waited for has been told.
            return Ok(());
        }
        let message = format!(
            "an interrupted switch leaves work to the rollback: it will {}",
            told(&left)
        );
        let hint = "remove `/run/nixos/*-list` before going back";
        self.tell("switch-leftovers", Severity::Warning, message, Blame::Host, hint);
        Ok(())
    }

    /// Returns the verbs and units that an interrupted switch has left to the next one, without targets: each switch
    /// starts those that are active.
    fn left_behind(&mut self) -> Done<Vec<(String, String)>> {
        let ended = self.ask(&Call::new(["bash", "-c", LEFT]))?;
        let text = String::from_utf8_lossy(&ended.output);
        let pair = |line: &str| {
            let (verb, unit) = line.trim().split_once(' ')?;
            Some((words::line_of(verb), words::line_of(unit)))
        };
        let left = text
            .lines()
            .filter_map(pair)
            .filter(|(_, unit)| !unit.ends_with(".target"));
        Ok(left.take(MOST_LEFT).collect())
    }

    /// Tells that another switch holds the lock, and which unit it belongs to.
    pub(super) fn switch_locked(&mut self, exits: &str) -> Done {
        let ended = self.ask(&Call::new(["bash", "-c", HOLDER]))?;
        let groups = String::from_utf8_lossy(&ended.output).into_owned();
        let unit = groups.lines().find_map(unit_of_group);
        let (message, blame) = match unit {
            Some(unit) => (
                format!("{unit} holds the lock of switches {exits}"),
                Blame::Standing(unit),
            ),
            None => (format!("another switch runs, and holds the lock {exits}"), Blame::Host),
        };
        let hint = "wait until it has ended, or stop it";
        self.tell("switch-locked", Severity::Error, message, blame, hint);
        Ok(())
    }
}

/// Returns the service that a control group is of, such as that of `0::/system.slice/wiki.service`.
fn unit_of_group(line: &str) -> Option<String> {
    let unit = line.trim().rsplit('/').next()?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"@:_.\\-".contains(&b);
    (unit.ends_with(".service") && unit.len() <= 255 && unit.bytes().all(fits)).then(|| unit.to_owned())
}

/// Returns what is left to do as `start a.service and restart b.service, c.service`.
fn told(left: &[(String, String)]) -> String {
    let of = |verb: &str| words::names(left.iter().filter(|(v, _)| v == verb).map(|(_, unit)| unit.as_str()));
    let parts = ["start", "restart", "reload"].map(|verb| (verb, of(verb)));
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, units)| !units.is_empty())
        .map(|(verb, units)| format!("{verb} {units}"))
        .collect();
    parts.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_told_by_the_exit_code() {
        for (code, expected) in [
            (137, Some(9)),
            (129, Some(1)),
            (192, Some(64)),
            (128, None),
            (193, None),
            (4, None),
        ] {
            assert_eq!(signal(code), expected, "{code}");
        }
    }

    #[test]
    fn the_unit_of_a_control_group_is_its_last_part() {
        let check = |line: &str, expected: Option<&str>| assert_eq!(unit_of_group(line).as_deref(), expected, "{line}");
        check("0::/system.slice/wiki.service", Some("wiki.service"));
        check("0::/system.slice/system-a.slice/a@b.service\n", Some("a@b.service"));
        check("0::/user.slice/user-0.slice/session-1.scope", None);
        check("0::/", None);
        check("", None);
        check("0::/system.slice/\x1b[31m.service", None);
    }

    #[test]
    fn work_that_is_left_is_told_in_the_order_in_which_it_is_done() {
        let left = |pairs: &[(&str, &str)]| -> String {
            let pairs: Vec<(String, String)> = pairs.iter().map(|(v, u)| ((*v).into(), (*u).into())).collect();
            told(&pairs)
        };
        assert_eq!(left(&[("start", "a.service")]), "start a.service");
        assert_eq!(
            left(&[
                ("restart", "b.service"),
                ("start", "a.service"),
                ("restart", "c.service")
            ]),
            "start a.service and restart b.service, c.service"
        );
    }
}
