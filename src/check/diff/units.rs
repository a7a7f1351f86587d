//! What a switch does with the units that differ, told from their files alone.
//!
//! `switch-to-configuration` looks at the units that run. From evaluation it is known what is started at
//! boot: what a target wants, and what that wants in turn. A unit that nothing starts at boot (a timer
//! or a socket does, or a person) is acted on only if it runs at the time, which is told as such.
//!
//! Not known are units in packages (`systemd.packages`, systemd's own): their files exist only once they
//! are built. They are the same as long as the package is.

use super::unit_file::{Comparison, UnitFile};
use super::value::without_hashes;
use report::diff::{Action, Change, Manager, Presence, UnitChange};
use std::collections::{BTreeMap, BTreeSet};

/// A unit as a configuration has it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Unit {
    /// Its settings; of a drop-in, those that it adds.
    pub(super) file: UnitFile,
    /// What it is started by: targets and other units.
    pub(super) wanted_by: Vec<String>,
}

/// The units of a manager, by name; those that are disabled are not among them.
pub(super) type Units = BTreeMap<String, Unit>;

/// What the system's manager starts at boot.
const BOOT: [&str; 3] = ["default.target", "multi-user.target", "graphical.target"];
/// What a user's manager starts at login.
const LOGIN: [&str; 1] = ["default.target"];
/// Targets that those need, of which the files are systemd's own.
const BASIC: [&str; 12] = [
    "sysinit.target",
    "basic.target",
    "local-fs.target",
    "remote-fs.target",
    "network.target",
    "timers.target",
    "sockets.target",
    "paths.target",
    "slices.target",
    "swap.target",
    "getty.target",
    "cryptsetup.target",
];

/// Returns the units that are started at boot, or at login.
fn started(units: &Units, manager: &Manager) -> BTreeSet<String> {
    let first: &[&str] = match manager {
        Manager::System => &BOOT,
        Manager::Users | Manager::Home(_) => &LOGIN,
    };
    let mut wants: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, unit) in units {
        for by in &unit.wanted_by {
            wants.entry(by).or_default().push(name);
        }
        for key in ["Wants", "Requires", "BindsTo", "Upholds"] {
            wants.entry(name).or_default().extend(unit.file.words("Unit", key));
        }
    }
    let mut todo: Vec<&str> = first.iter().chain(&BASIC).copied().collect();
    let mut found = BTreeSet::new();
    while let Some(name) = todo.pop() {
        if found.insert(name.to_owned()) {
            todo.extend(wants.get(name).into_iter().flatten());
        }
    }
    found
}

/// Returns what differs between the units of two configurations, and what a switch does about it.
pub(super) fn compare(old: &Units, new: &Units, manager: &Manager) -> Vec<UnitChange> {
    let (ran, runs) = (started(old, manager), started(new, manager));
    let mut changes = Vec::new();
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let change = |action, presence, if_running, settings| UnitChange {
            action,
            manager: manager.clone(),
            unit: name.clone(),
            presence,
            if_running,
            settings,
        };
        match (old.get(name), new.get(name)) {
            (None, None) => {}
            (None, Some(_)) => {
                let action = if runs.contains(name) {
                    Action::Start
                } else {
                    Action::Nothing
                };
                changes.push(change(action, Presence::Added, false, Vec::new()));
            }
            (Some(unit), None) => {
                let action = match unit.file.flag("Unit", "X-StopOnRemoval", true) {
                    true => Action::Stop,
                    false => Action::Keep,
                };
                let stays = ran.contains(name) && stays(name, &unit.file);
                changes.push(change(action, Presence::Removed, !stays, Vec::new()));
            }
            (Some(before), Some(after)) => {
                let settings = settings(&before.file, &after.file);
                if settings.is_empty() {
                    continue;
                }
                let (action, if_running) = planned(name, before, after, ran.contains(name), new, manager);
                changes.push(change(action, Presence::Changed, if_running, settings));
            }
        }
    }
    changes
}

/// Whether a unit that was started runs on: a job that ends does not.
fn stays(name: &str, file: &UnitFile) -> bool {
    let is_job = file
        .values("Service", "Type")
        .last()
        .is_some_and(|kind| kind == "oneshot");
    !(name.ends_with(".service") && is_job && !file.flag("Service", "RemainAfterExit", false))
}

/// Returns what is done with a unit that differs, and whether only if it runs.
fn planned(name: &str, before: &Unit, after: &Unit, ran: bool, new: &Units, manager: &Manager) -> (Action, bool) {
    if name.ends_with(".target") {
        // All targets that are active are started again.
        return (Action::Nothing, false);
    }
    if ran && !stays(name, &before.file) {
        // It has ended, and the target that wants it starts it again with each switch.
        return (Action::Start, false);
    }
    match before.file.compare(&after.file) {
        Comparison::Equal => (Action::Nothing, false),
        Comparison::Reload => (Action::Reload, !ran),
        Comparison::Restart => (modified(name, &after.file, new, manager), !ran),
    }
}

/// Returns what is done with a running unit that is to be restarted.
fn modified(name: &str, file: &UnitFile, new: &Units, manager: &Manager) -> Action {
    match name.rsplit('.').next() {
        // These follow a daemon-reload, and the service follows its socket.
        Some("path" | "slice" | "socket") => return Action::Nothing,
        Some("mount") if matches!(name, "-.mount" | "nix.mount") => return Action::Reload,
        Some("mount") => return Action::Restart,
        _ => {}
    }
    // home-manager's own word for it.
    if let (Manager::Home(_), Some(method)) = (manager, file.values("Unit", "X-SwitchMethod").last()) {
        match method.as_str() {
            "reload" => return Action::Reload,
            "restart" => return Action::Restart,
            "stop-start" => return Action::StopStart,
            "keep-old" => return Action::Keep,
            _ => {}
        }
    }
    if file.flag("Service", "X-ReloadIfChanged", false) {
        return Action::Reload;
    }
    if !file.flag("Service", "X-RestartIfChanged", true)
        || file.flag("Unit", "RefuseManualStop", false)
        || file.flag("Unit", "X-OnlyManualStart", false)
    {
        return Action::Keep;
    }
    if !file.flag("Service", "X-StopIfChanged", true) || !name.ends_with(".service") {
        return Action::Restart;
    }
    let by_socket = !file.flag("Service", "X-NotSocketActivated", false) && has_socket(name, file, new);
    match by_socket {
        // Its socket is stopped and started with it, and starts it when it is needed.
        true => Action::Stop,
        false => Action::StopStart,
    }
}

/// Whether a socket starts a service.
fn has_socket(name: &str, file: &UnitFile, new: &Units) -> bool {
    let mut sockets: Vec<String> = file.words("Service", "Sockets").map(str::to_owned).collect();
    if sockets.is_empty() {
        let base = name.strip_suffix(".service").unwrap_or(name);
        // An instance of a template belongs to the socket of the template's name.
        let base = base.split_once('@').map_or(base, |(template, _)| template);
        sockets.push(format!("{base}.socket"));
    }
    sockets.iter().any(|socket| new.contains_key(socket))
}

/// Returns the settings that differ, without the hashes of the store in them.
fn settings(before: &UnitFile, after: &UnitFile) -> Vec<Change> {
    let mut changes = Vec::new();
    for (section, key) in before.differing(after) {
        let name = format!("{section} {key}");
        let shown = |file: &UnitFile| -> Vec<String> {
            let values = file.values(section, key).iter();
            values.map(|value| without_hashes(value).into_owned()).collect()
        };
        let (old, new) = (shown(before), shown(after));
        changes.push(match (old.as_slice(), new.as_slice()) {
            (old, new) if old == new => Change::rebuilt(name),
            // Triggers are only there to differ.
            _ if key.starts_with("X-Re") && key.ends_with("-Triggers") => Change::rebuilt(name),
            ([] | [_], [] | [_]) => Change::value(name, old.first().cloned(), new.first().cloned()),
            _ => {
                let gone = old.iter().filter(|value| !new.contains(value)).cloned().collect();
                let come = new.iter().filter(|value| !old.contains(value)).cloned().collect();
                Change::elements(name, gone, come)
            }
        });
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Units written as `name: wanted by | settings`.
    fn units(list: &[(&str, &str, &str)]) -> Units {
        let unit = |wanted_by: &str, text: &str| Unit {
            file: UnitFile::parse(text),
            wanted_by: wanted_by.split_whitespace().map(str::to_owned).collect(),
        };
        list.iter()
            .map(|(name, by, text)| ((*name).to_owned(), unit(by, text)))
            .collect()
    }

    #[track_caller]
    fn check(name: &str, by: &str, old: &str, new: &str, expected: &str) {
        let sockets = [("sock.socket", "sockets.target", "[Socket]\nListenStream=1\n")];
        let with = |text: &str| {
            let mut list = sockets.to_vec();
            if text != "-" {
                list.push((name, by, text));
            }
            units(&list)
        };
        let changes = compare(&with(old), &with(new), &Manager::System);
        let told: Vec<String> = changes
            .iter()
            .map(|c| {
                let running = if c.if_running { " if running" } else { "" };
                format!("{}{running}", c.action.words())
            })
            .collect();
        assert_eq!(told.join("; "), expected, "{name} {old} {new}");
    }

    #[test]
    fn a_switch_acts_on_units_by_their_own_words() {
        let (a, b) = ("[Service]\nExecStart=/a\n", "[Service]\nExecStart=/b\n");
        let with = |word: &str| format!("{b}{word}\n");
        let boot = "multi-user.target";
        check("x.service", boot, a, a, "");
        check("x.service", boot, a, b, "stopped, started");
        check("x.service", boot, a, &with("X-StopIfChanged=false"), "restarted");
        check("x.service", boot, a, &with("X-RestartIfChanged=false"), "not restarted");
        check("x.service", boot, a, &with("X-ReloadIfChanged=true"), "reloaded");
        check(
            "x.service",
            boot,
            a,
            &with("[Unit]\nRefuseManualStop=true"),
            "not restarted",
        );
        check(
            "x.service",
            boot,
            a,
            &with("[Unit]\nX-OnlyManualStart=true"),
            "not restarted",
        );
        check("x.service", boot, a, &format!("{a}ExecReload=/r\n"), "reloaded");
        check(
            "x.service",
            boot,
            a,
            &format!("[Unit]\nDescription=d\n{a}"),
            "changed only",
        );
        check("sock.service", "", a, b, "stopped if running");
        check(
            "sock.service",
            boot,
            a,
            &with("X-NotSocketActivated=true"),
            "stopped, started",
        );
        check("sock@1.service", boot, a, b, "stopped");
        check("x.service", "", a, b, "stopped, started if running");
        check(
            "x.timer",
            "timers.target",
            "[Timer]\nOnCalendar=a\n",
            "[Timer]\nOnCalendar=b\n",
            "restarted",
        );
        check(
            "x.path",
            "paths.target",
            "[Path]\nA=a\n",
            "[Path]\nA=b\n",
            "changed only",
        );
        check(
            "x.slice",
            "slices.target",
            "[Slice]\nA=a\n",
            "[Slice]\nA=b\n",
            "changed only",
        );
        check(
            "x.target",
            boot,
            "[Unit]\nAfter=a\n",
            "[Unit]\nAfter=b\n",
            "changed only",
        );
        check(
            "data.mount",
            "local-fs.target",
            "[Mount]\nWhat=a\n",
            "[Mount]\nWhat=b\n",
            "restarted",
        );
        check(
            "-.mount",
            "local-fs.target",
            "[Mount]\nWhat=a\n",
            "[Mount]\nWhat=b\n",
            "reloaded",
        );
    }

    #[test]
    fn jobs_that_ended_are_started_again() {
        let job = |more: &str| format!("[Service]\nType=oneshot\n{more}ExecStart=/a\n");
        let changed = |more: &str| format!("[Service]\nType=oneshot\n{more}ExecStart=/b\n");
        check("x.service", "multi-user.target", &job(""), &changed(""), "started");
        check(
            "x.service",
            "multi-user.target",
            &job("RemainAfterExit=true\n"),
            &changed("RemainAfterExit=true\n"),
            "stopped, started",
        );
        check("x.service", "", &job(""), &changed(""), "stopped, started if running");
    }

    #[test]
    fn units_come_and_go() {
        let a = "[Service]\nExecStart=/a\n";
        check("x.service", "multi-user.target", "-", a, "started");
        check("x.service", "", "-", a, "changed only");
        check("x.service", "multi-user.target", a, "-", "stopped");
        check("x.service", "", a, "-", "stopped if running");
        check(
            "x.service",
            "multi-user.target",
            "[Unit]\nX-StopOnRemoval=false\n",
            "-",
            "not restarted",
        );
    }

    #[test]
    fn what_a_started_unit_wants_is_started_too() {
        let list = units(&[
            ("a.service", "multi-user.target", "[Unit]\nWants=b.service c.service\n"),
            ("b.service", "", "[Unit]\nRequires=d.service\n"),
            ("e.service", "c.service", ""),
            ("f.service", "shutdown.target", ""),
        ]);
        let runs = started(&list, &Manager::System);
        for name in ["a.service", "b.service", "c.service", "d.service", "e.service"] {
            assert!(runs.contains(name), "{name}");
        }
        assert!(!runs.contains("f.service"));
        assert!(!started(&list, &Manager::Users).contains("a.service"));
    }

    #[test]
    fn settings_are_told_without_hashes() {
        let path = |digit: &str, rest: &str| format!("[Service]\nExecStart=/nix/store/{}-{rest}\n", digit.repeat(32));
        let parse = |text: String| UnitFile::parse(&text);
        let (a, b, c) = (path("1", "x-1/bin/x"), path("2", "x-1/bin/x"), path("3", "x-2/bin/x"));
        assert_eq!(
            settings(&parse(a.clone()), &parse(b)),
            [Change::rebuilt("Service ExecStart")]
        );
        let told = [Change::value(
            "Service ExecStart",
            Some("x-1/bin/x".into()),
            Some("x-2/bin/x".into()),
        )];
        assert_eq!(settings(&parse(a), &parse(c)), told);
    }
}
