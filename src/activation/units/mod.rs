//! The units of a machine at one moment, as its service manager tells them, and what differs between two moments.
//!
//! States are always compared with those of *before*: a unit that had failed already does not blame the change.

mod compare;

pub use compare::{Before, Trouble, newly_failed, not_back, started};

use std::collections::BTreeMap;
use std::time::Duration;

/// What is asked of units; see [`question`].
const PROPERTIES: &str = "Id,LoadState,ActiveState,SubState,ExecMainStatus,NRestarts,InvocationID,WantedBy,RequiredBy,\
                          InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic";

/// Most units that are kept; a machine has hundreds.
const MOST_UNITS: usize = 20_000;

/// Most characters of a unit's name, which is systemd's own limit.
const MOST_NAME: usize = 255;

/// Of which units more is asked than what they do. The service manager takes its time for each of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// Of all that may be missed later: who wants them, and how long their start took.
    All,
    /// Of services that run, start or fail: how often they were restarted, and why they ended.
    Running,
}

/// Returns the program that asks for all units, whose output [`Units::read`] reads.
pub fn question(detail: Detail) -> Vec<String> {
    asked("systemctl", detail)
}

/// Returns the program that asks a user's service manager for all its units, as [`question`] does that of the machine.
pub fn question_of_user(detail: Detail) -> Vec<String> {
    asked("systemctl --user", detail)
}

fn asked(systemctl: &str, detail: Detail) -> Vec<String> {
    let which = match detail {
        Detail::All => "--type=service,socket,timer,path,mount,swap,target",
        Detail::Running => "--type=service --state=running,activating,deactivating,reloading,failed",
    };
    let script = format!(
        "{systemctl} list-units --all --full --plain --no-legend --no-pager && \
         {systemctl} show --no-pager {which} --property={PROPERTIES} -- '*'"
    );
    ["bash".to_owned(), "-c".to_owned(), script].to_vec()
}

/// What a unit does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum State {
    /// It has started, or is being reloaded.
    Active,
    /// It does not run.
    #[default]
    Inactive,
    /// It is being started.
    Activating,
    /// It is being stopped.
    Deactivating,
    /// It has failed.
    Failed,
}

impl State {
    /// Returns the state that systemd has a word for.
    fn of(word: &str) -> State {
        match word {
            "active" | "reloading" | "refreshing" | "maintenance" => State::Active,
            "activating" => State::Activating,
            "deactivating" => State::Deactivating,
            "failed" => State::Failed,
            _ => State::Inactive,
        }
    }
}

/// A unit at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Unit {
    /// Whether it was found on the disk.
    pub loaded: bool,
    /// What it does.
    pub state: State,
    /// The same in the words of its kind, such as `running` or `auto-restart`.
    pub sub_state: String,
    /// The exit code of its main process; 0 if none has ended.
    pub exit: i32,
    /// How often it was restarted by itself.
    pub restarts: u32,
    /// The id of its last start; empty if it was never started.
    pub invocation: String,
    /// Whether another unit wants it, so that it is no passing thing.
    pub wanted: bool,
    /// How long its last start took, if it has one.
    pub start: Option<Duration>,
}

impl Unit {
    /// Whether it has failed, or fails again and again.
    pub fn is_failing(&self) -> bool {
        self.state == State::Failed || self.is_restarting()
    }

    /// Whether it waits to be started again after it has failed.
    pub fn is_restarting(&self) -> bool {
        self.sub_state.starts_with("auto-restart") && self.exit != 0
    }
}

/// The units of a machine at one moment, by their names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Units(pub BTreeMap<String, Unit>);

impl Units {
    /// Returns the units that the answer to [`question`] tells. What it cannot be read as is left out.
    pub fn read(output: &[u8]) -> Units {
        let text = String::from_utf8_lossy(output);
        let mut units = Units::default();
        let mut block = BTreeMap::new();
        // An empty line ends a unit, and so does the end.
        for line in text.lines().chain([""]) {
            let mut words = line.split_whitespace();
            match (line.split_once('='), words.next()) {
                (Some((key, value)), Some(first)) if first.contains('=') => {
                    block.insert(key, value);
                }
                (_, Some(name)) => units.listed(name, words),
                (_, None) => {
                    units.add(&block);
                    block.clear();
                }
            }
        }
        units
    }

    /// Adds a unit of the list of all: whether it is loaded, and what it does.
    fn listed<'w>(&mut self, name: &str, mut words: impl Iterator<Item = &'w str>) {
        let (Some(load), Some(active), Some(sub)) = (words.next(), words.next(), words.next()) else {
            return;
        };
        let unit = Unit {
            loaded: load == "loaded",
            state: State::of(active),
            sub_state: sub.chars().take(40).collect(),
            ..Unit::default()
        };
        self.insert(name, unit);
    }

    /// Adds a unit of which more is told.
    fn add(&mut self, block: &BTreeMap<&str, &str>) {
        let value = |key: &str| block.get(key).copied().unwrap_or_default();
        let microseconds = |key: &str| value(key).parse::<u64>().ok().filter(|time| *time > 0);
        let start = match (
            microseconds("InactiveExitTimestampMonotonic"),
            microseconds("ActiveEnterTimestampMonotonic"),
        ) {
            (Some(begin), Some(end)) => end.checked_sub(begin).map(Duration::from_micros),
            _ => None,
        };
        let unit = Unit {
            loaded: value("LoadState") == "loaded",
            state: State::of(value("ActiveState")),
            sub_state: value("SubState").chars().take(40).collect(),
            exit: value("ExecMainStatus").parse().unwrap_or(0),
            restarts: value("NRestarts").parse().unwrap_or(0),
            invocation: value("InvocationID").chars().take(40).collect(),
            wanted: !value("WantedBy").is_empty() || !value("RequiredBy").is_empty(),
            start,
        };
        self.insert(value("Id"), unit);
    }

    fn insert(&mut self, name: &str, unit: Unit) {
        // Names are told in messages, so those that systemd would not have are none.
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"@:_.\\-".contains(&b);
        let is_name = !name.is_empty() && name.len() <= MOST_NAME && name.bytes().all(fits);
        if is_name && (self.0.len() < MOST_UNITS || self.0.contains_key(name)) {
            self.0.insert(name.to_owned(), unit);
        }
    }

    /// Returns the names of those that have failed, or fail again and again.
    pub fn failing(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|(_, unit)| unit.is_failing())
            .map(|(name, _)| name.as_str())
    }

    /// Returns the units that took longest to start, the slowest first.
    pub fn slowest(&self, most: usize) -> Vec<(&str, Duration)> {
        let services = self.0.iter().filter(|(name, _)| name.ends_with(".service"));
        let mut all: Vec<_> = services
            .filter_map(|(name, unit)| Some((name.as_str(), unit.start?)))
            .collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        all.truncate(most);
        all
    }

    /// Returns the units as a table for people.
    pub fn table(&self) -> String {
        let mut out = String::new();
        for (name, unit) in &self.0 {
            let state = match unit.state {
                State::Active => "active",
                State::Inactive => "inactive",
                State::Activating => "activating",
                State::Deactivating => "deactivating",
                State::Failed => "failed",
            };
            out.push_str(&format!("{name} {state} {}\n", unit.sub_state));
        }
        out
    }
}

#[cfg(test)]
mod tests;
