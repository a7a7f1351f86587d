//! What `switch-to-configuration` says: its exit code and its output, read for what they mean; what home-manager says; and the
//! units of a machine.
//!
//! All of it comes from a machine that runs what is tested, so nothing here is believed more than a report needs: units are
//! compared with those of before ([`units`]), whatever is said of them here.

pub mod home;
pub mod units;

mod snippet;

pub use snippet::snippet_at;

/// Most names that are kept of one list.
const MOST_NAMES: usize = 1_000;

/// Most characters of a name or a remark.
const MOST_TEXT: usize = 300;

/// What an exit code of `switch-to-configuration` means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// 0: it is done.
    Done,
    /// 1: it did not begin, or the boot loader could not be installed.
    Refused,
    /// 2: a script of the activation has failed; it went on all the same.
    ActivationFailed,
    /// 3: the service manager could not read its units.
    ReloadFailed,
    /// 4: a unit has failed. It hides a 2 that came before.
    UnitFailed,
    /// 11: another switch holds the lock.
    Locked,
    /// 100: the interface of init differs, which only a restart brings about.
    RebootNeeded,
    /// Any other one, such as 128 and the number of a signal.
    Other(i32),
}

impl Exit {
    /// Returns what a code means.
    pub fn of(code: i32) -> Exit {
        match code {
            0 => Exit::Done,
            1 => Exit::Refused,
            2 => Exit::ActivationFailed,
            3 => Exit::ReloadFailed,
            4 => Exit::UnitFailed,
            11 => Exit::Locked,
            100 => Exit::RebootNeeded,
            other => Exit::Other(other),
        }
    }

    /// Whether the new configuration has been activated, as well as that went.
    pub fn has_switched(self) -> bool {
        matches!(
            self,
            Exit::Done | Exit::ActivationFailed | Exit::ReloadFailed | Exit::UnitFailed
        )
    }
}

/// What the output of `switch-to-configuration` tells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Said {
    /// The units that it stops.
    pub stops: Vec<String>,
    /// The units that have changed and are left as they are.
    pub skips: Vec<String>,
    /// The units that it reloads.
    pub reloads: Vec<String>,
    /// The units that it restarts in one go.
    pub restarts: Vec<String>,
    /// The units that it starts.
    pub starts: Vec<String>,
    /// The units that have failed.
    pub failed: Vec<String>,
    /// The scripts of the activation that have failed.
    pub snippets: Vec<String>,
    /// The check before the switch that has failed.
    pub check: Option<Check>,
    /// The inhibitors that forbid the switch.
    pub inhibitors: Vec<String>,
    /// Whether the boot loader could not be installed.
    pub boot_loader_failed: bool,
    /// The file for which a disk had no room; empty if that is not told.
    pub full: Option<String>,
    /// The last line that says something, for what is not understood otherwise.
    pub last: Option<String>,
}

/// A check before the switch that has failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// What it said last.
    pub said: Option<String>,
}

impl Said {
    /// Returns what an output tells, of a switch or of `dry-activate`.
    pub fn read(output: &[u8]) -> Said {
        let text = String::from_utf8_lossy(output);
        let mut said = Said::default();
        for line in text.lines() {
            said.line(line.trim_end());
        }
        said
    }

    /// Returns the units that it restarts: those in one go, and those that are stopped first and started afterwards.
    pub fn all_restarts(&self) -> Vec<&str> {
        let again = self.stops.iter().filter(|unit| self.starts.contains(unit));
        let mut all: Vec<&str> = self.restarts.iter().chain(again).map(String::as_str).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Returns the units that it stops for good.
    pub fn all_stops(&self) -> Vec<&str> {
        let gone = self.stops.iter().filter(|unit| !self.starts.contains(unit));
        let mut all: Vec<&str> = gone.map(String::as_str).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn line(&mut self, line: &str) {
        // The units of logged-in users come in lines of their own, with `user units`.
        if let Some((what, names)) = line.split_once(" the following units: ") {
            return self.list(what, names);
        }
        if let Some((what, names)) = line.split_once(" the following changed units: ") {
            return self.list(what, names);
        }
        if let Some(names) = line.strip_prefix("warning: the following units failed: ") {
            return add(&mut self.failed, names);
        }
        if let Some(name) = between(line, "Activation script snippet '", "' failed") {
            return push(&mut self.snippets, name);
        }
        if let Some(name) = between(line, "Pre-switch check '", "' failed") {
            // Only the first one counts: it ends the switch.
            let said = self.last.take();
            self.check.get_or_insert(Check {
                name: short(name),
                said,
            });
            return;
        }
        if line.starts_with("Failed to install bootloader") || line.starts_with("Failed to install boot loader") {
            self.boot_loader_failed = true;
            return;
        }
        if line.contains("No space left on device") {
            self.full.get_or_insert(file_in(line));
        }
        if let Some((name, values)) = line.split_once(" : ")
            && values.contains(" -> ")
        {
            push(&mut self.inhibitors, name.trim());
        }
        if !line.trim().is_empty() {
            self.last = Some(short(line.trim()));
        }
    }

    fn list(&mut self, what: &str, names: &str) {
        let list = match what {
            "stopping" | "would stop" => &mut self.stops,
            "NOT restarting" | "would NOT stop" | "would NOT restart" => &mut self.skips,
            "reloading" | "would reload" => &mut self.reloads,
            "restarting" | "would restart" => &mut self.restarts,
            "starting" | "would start" => &mut self.starts,
            _ => return,
        };
        add(list, names);
    }
}

/// Returns what stands between two texts, the first of which begins the line.
fn between<'l>(line: &'l str, before: &str, after: &str) -> Option<&'l str> {
    line.strip_prefix(before)?.split_once(after).map(|(name, _)| name)
}

fn short(text: &str) -> String {
    diag::clean_line(text).chars().take(MOST_TEXT).collect()
}

fn push(list: &mut Vec<String>, name: &str) {
    let name = short(name);
    if !name.is_empty() && list.len() < MOST_NAMES && !list.contains(&name) {
        list.push(name);
    }
}

fn add(list: &mut Vec<String>, names: &str) {
    for name in names.split(", ") {
        push(list, name.trim());
    }
}

/// Returns the file that a line about a full disk names, which is none of the store.
fn file_in(line: &str) -> String {
    let words = line.split([' ', '\'', '"', '`', '‘', '’']);
    let paths = words
        .map(|word| word.trim_end_matches([':', ',']))
        .filter(|word| word.starts_with('/'));
    let mut outside = paths.filter(|path| !path.starts_with("/nix/store/"));
    outside.next_back().map(short).unwrap_or_default()
}

#[cfg(test)]
mod tests;
