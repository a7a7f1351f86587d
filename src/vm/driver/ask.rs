//! Questions to a machine, and their answers as far as they can be trusted: bounded, and harmless to tell.

use std::time::Duration;

use super::session::{Done, Session};
use super::{Told, words};
use crate::guest::{Call, Ended, GuestError};
use crate::scenario::Which;
use activation::units::{self, Detail, Units};

/// How long a question may take on a machine with KVM.
const QUESTION: Duration = Duration::from_secs(20);

/// Most bytes of a line that is told while a program runs.
const MOST_LINE: usize = 2_000;

/// Most jobs that are looked at.
const MOST_JOBS: usize = 500;

/// A job of the service manager.
pub(super) struct Job {
    pub(super) unit: String,
    pub(super) runs: bool,
}

impl Session<'_> {
    /// Runs a program and tells what it writes, line by line, as it comes.
    pub(super) fn call(&mut self, call: &Call, limit: Duration) -> Result<Ended, GuestError> {
        let told = &mut self.told;
        let mut line: Vec<u8> = Vec::new();
        let mut tell = |line: &mut Vec<u8>| {
            if !line.is_empty() {
                told(Told::Line(&diag::clean_line(&String::from_utf8_lossy(line))));
                line.clear();
            }
        };
        let ended = self.guest.run(call, limit, &mut |bytes| {
            for &byte in bytes {
                match byte {
                    b'\n' => tell(&mut line),
                    byte => line.push(byte),
                }
                if line.len() >= MOST_LINE {
                    tell(&mut line);
                }
            }
        });
        tell(&mut line);
        ended
    }

    /// Asks a question; that the machine does not answer ends the play.
    pub(super) fn ask(&mut self, call: &Call) -> Done<Ended> {
        self.guest
            .run(call, QUESTION, &mut |_| {})
            .map_err(|error| self.broken(error))
    }

    /// Asks a question whose answer is only worth a remark; returns nothing if there is none.
    pub(super) fn ask_anyway(&mut self, call: &Call) -> Option<Vec<u8>> {
        let ended = self.guest.run(call, QUESTION, &mut |_| {}).ok()?;
        (ended.code == 0).then_some(ended.output)
    }

    /// Returns the units of the machine as they are now.
    pub(super) fn units(&mut self) -> Done<Units> {
        self.units_in(Detail::Running)
    }

    /// Returns the units of the machine, with more of some of them.
    pub(super) fn units_in(&mut self, detail: Detail) -> Done<Units> {
        let ended = self.ask(&Call::new(units::question(detail)))?;
        let units = Units::read(&ended.output);
        if ended.code != 0 || units.0.is_empty() {
            let said = words::last_line(&ended.output).unwrap_or_default();
            return Err(self.unjudged(&format!("the machine does not tell its units: {said}")));
        }
        Ok(units)
    }

    /// Returns the jobs that the service manager has; none if it does not tell.
    pub(super) fn jobs(&mut self) -> Vec<Job> {
        let call = Call::new(["systemctl", "list-jobs", "--no-legend", "--no-pager", "--full"]);
        let output = self.ask_anyway(&call).unwrap_or_default();
        let text = String::from_utf8_lossy(&output);
        let job = |line: &str| {
            let mut words = line.split_whitespace().skip(1);
            let unit = words.next()?;
            let state = words.nth(1)?;
            Some(Job {
                unit: words::line_of(unit),
                runs: state == "running",
            })
        };
        text.lines().filter_map(job).take(MOST_JOBS).collect()
    }

    /// Returns the last line of its own that a unit wrote into the journal.
    pub(super) fn journal_end(&mut self, unit: &str) -> Option<String> {
        // Entries of the unit's own processes, not those of the service manager about it.
        let own = format!("_SYSTEMD_UNIT={unit}");
        let call = Call::new([
            "journalctl",
            "--quiet",
            "--no-pager",
            "--boot",
            "--output=cat",
            "--lines=5",
            &own,
        ]);
        let output = self.ask_anyway(&call)?;
        words::last_line(&output).map(|line| without_script(&line).to_owned())
    }

    /// Whether a generation has a unit.
    pub(super) fn has_unit(&mut self, which: Which, unit: &str) -> bool {
        let folder = format!("{}/etc/systemd/system", self.generation(which).toplevel);
        let mut names = vec![format!("{folder}/{unit}")];
        if let Some((template, instance)) = unit.split_once('@')
            && let Some((_, kind)) = instance.rsplit_once('.')
        {
            names.push(format!("{folder}/{template}@.{kind}"));
        }
        names.iter().any(|name| {
            let call = Call::new(["test", "-e", name]);
            self.ask_anyway(&call).is_some()
        })
    }

    /// Returns where a link leads in the end.
    pub(super) fn link(&mut self, path: &str) -> Done<String> {
        let ended = self.ask(&Call::new(["readlink", "-f", path]))?;
        Ok(words::last_line(&ended.output).unwrap_or_default())
    }

    /// Whether the machine has its neighbour; that it has addresses may take a while.
    pub(super) fn reaches(&mut self, within: Duration) -> Done<bool> {
        let gateway = self.play.settings.gateway.clone();
        let deadline = self.guest.now() + within;
        loop {
            if self.guest.reaches(&gateway).map_err(|error| self.broken(error))? {
                return Ok(true);
            }
            if self.guest.now() >= deadline {
                return Ok(false);
            }
            self.guest.pause(Duration::from_secs(1));
        }
    }
}

/// Returns what a shell says without the script and the line that it says it of.
fn without_script(line: &str) -> &str {
    let is_script = |text: &str| text.starts_with('/') && !text.contains(' ');
    match line.split_once(": line ") {
        Some((script, rest)) if is_script(script) => match rest.split_once(": ") {
            Some((number, said)) if number.bytes().all(|b| b.is_ascii_digit()) => said,
            _ => line,
        },
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_of_a_message_is_left_out() {
        let check = |line: &str, expected: &str| assert_eq!(without_script(line), expected);
        check(
            "/nix/store/x-start/bin/x: line 3: cd: /srv/wiki: No such file",
            "cd: /srv/wiki: No such file",
        );
        check("the database does not answer", "the database does not answer");
        check("error: line 3: x", "error: line 3: x");
        check("/a: line x: y", "/a: line x: y");
    }
}
