//! The steps of scenarios, as they stand in YAML.

use std::time::Duration;

use diag::Span;
use serde::Deserialize;

use super::values::{ArtifactName, GuestPath, Time, UnitName};

/// One step.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// Where it stands; without a place if the scenario is a shipped one.
    pub at: Span,
}

/// What a step does, named as NixOS's own tests name it.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Starts the machine and waits until it is up.
    Boot(Boot),
    /// Remembers the state of the machine, with which later steps compare theirs. The first boot does so, too.
    Record,
    /// Waits until a unit is in a state.
    WaitForUnit(WaitForUnit),
    /// Waits until something listens on a TCP port, or nothing does any more.
    WaitForPort(WaitForPort),
    /// Waits until a file is there, or gone.
    WaitForFile(WaitForFile),
    /// Waits until the console shows a text.
    WaitForConsole(WaitForConsole),
    /// Runs commands.
    Run(Run),
    /// Does steps until they succeed.
    Retry(Retry),
    /// Looks at the machine.
    Expect(Expect),
    /// Asks what a switch would do.
    DryActivate(DryActivate),
    /// Switches to another generation.
    SwitchTo(SwitchTo),
    /// Looks for a while whether units fail.
    Watch(Time),
    /// Switches back to what was recorded.
    Rollback(Rollback),
    /// Restarts the machine by its own means; the boot loader decides what comes up.
    Reboot(Reboot),
    /// Pulls the plug.
    Crash,
    /// Plugs the network cable in or out.
    Network(Network),
    /// Takes a picture of the screen.
    Screenshot(ArtifactName),
    /// Writes a file into the machine.
    Put(Put),
    /// Keeps a file of the machine.
    Get(Get),
    /// Keeps what the machine tells of itself.
    Collect(Vec<Collect>),
}

/// Which generation is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// What runs today.
    Base,
    /// What the change makes of it.
    Head,
    /// What the boot loader starts without being asked.
    Default,
}

/// Starts the machine.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "`base`, `head`, `default`, or a map with `generation`"
)]
pub struct Boot {
    /// What is started.
    pub generation: Which,
    /// How long it may take until the machine is up.
    #[serde(default)]
    pub within: Option<Time>,
}

/// What state a unit is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitState {
    /// It has started.
    #[default]
    Active,
    /// It does not run.
    Inactive,
    /// It has failed.
    Failed,
}

/// Waits for a unit.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "the name of a unit, or a map with `unit`")]
pub struct WaitForUnit {
    /// Its full name.
    pub unit: UnitName,
    /// The state that it has to reach; `active` without it.
    #[serde(default)]
    pub state: UnitState,
    /// How long that may take.
    #[serde(default)]
    pub within: Option<Time>,
}

/// Waits for a TCP port.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a port, or a map with `port`")]
pub struct WaitForPort {
    /// The port.
    pub port: u16,
    /// Whether something has to listen; `true` without it.
    #[serde(default = "yes")]
    pub open: bool,
    /// How long that may take.
    #[serde(default)]
    pub within: Option<Time>,
}

/// Waits for a file.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a path, or a map with `path`")]
pub struct WaitForFile {
    /// Its path.
    pub path: GuestPath,
    /// Whether it has to be there; `true` without it.
    #[serde(default = "yes")]
    pub there: bool,
    /// How long that may take.
    #[serde(default)]
    pub within: Option<Time>,
}

/// Waits for a text on the console.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a text, or a map with `text`")]
pub struct WaitForConsole {
    /// The text, as it stands in one line.
    pub text: String,
    /// How long that may take.
    #[serde(default)]
    pub within: Option<Time>,
}

/// Runs commands.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "commands, or a map with `command`")]
pub struct Run {
    /// What bash runs.
    pub command: String,
    /// The user who runs it; root without it.
    #[serde(default)]
    pub user: Option<String>,
    /// The exit code that it must have; 0 without it.
    #[serde(default)]
    pub exit: u8,
    /// A text that must be in what it prints.
    #[serde(default)]
    pub prints: Option<String>,
    /// How long it may take.
    #[serde(default)]
    pub within: Option<Time>,
}

/// Does steps until they succeed.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map with `steps`")]
pub struct Retry {
    /// How often at most; 3 without it.
    #[serde(default = "three")]
    pub times: u8,
    /// How long to wait in between; a second without it.
    #[serde(default)]
    pub every: Option<Time>,
    /// What is done: waiting, running and looking.
    pub steps: Vec<Step>,
}

/// What a machine is to be like.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a map of what is expected")]
pub struct Expect {
    /// The state of the system, as `systemctl is-system-running` tells it.
    pub system: Option<SystemState>,
    /// The units that have failed: these and no others.
    pub failed_units: Option<Vec<UnitName>>,
    /// States of units, by their names.
    pub units: std::collections::BTreeMap<UnitName, UnitState>,
    /// The generation that runs.
    pub generation: Option<Which>,
    /// That no unit has failed that had not before, and that what ran before runs.
    pub same_as_before: bool,
    /// Whether the machine has a neighbour in its network.
    pub reachable: Option<bool>,
    /// What a web server in the machine answers.
    pub http: Option<Http>,
}

/// The state of a system.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemState {
    /// All is up.
    Running,
    /// All is up, and a unit has failed.
    Degraded,
}

/// What a web server in the machine answers, without TLS.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map with `path`")]
pub struct Http {
    /// The path that is asked for, such as `/`.
    pub path: String,
    /// The port; 80 without it.
    #[serde(default = "port_80")]
    pub port: u16,
    /// The name of the server that is asked for; `localhost` without it.
    #[serde(default)]
    pub host: Option<String>,
    /// The status; 200 without it.
    #[serde(default = "status_200")]
    pub status: u16,
    /// A text that must be in the answer.
    #[serde(default)]
    pub prints: Option<String>,
}

/// Asks what a switch would do.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "`base`, `head`, or a map with `generation`")]
pub struct DryActivate {
    /// What would be switched to.
    pub generation: Which,
    /// The units that would be restarted, stopped and started included: these and no others.
    #[serde(default)]
    pub restarts: Option<Vec<UnitName>>,
    /// The units that would be reloaded: these and no others.
    #[serde(default)]
    pub reloads: Option<Vec<UnitName>>,
    /// The units that would be stopped and not started again: these and no others.
    #[serde(default)]
    pub stops: Option<Vec<UnitName>>,
    /// The units that would be left as they are although they have changed: these and no others.
    #[serde(default)]
    pub skips: Option<Vec<UnitName>>,
}

/// What a switch does, as `switch-to-configuration` has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchAction {
    /// Activates the configuration.
    #[default]
    Test,
    /// Makes it the boot default and activates it.
    Switch,
    /// Makes it the boot default.
    Boot,
}

/// Switches to another generation.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "`base`, `head`, or a map with `generation`")]
pub struct SwitchTo {
    /// What is switched to.
    pub generation: Which,
    /// What is done; `test` without it.
    #[serde(default)]
    pub action: SwitchAction,
    /// The specialisation of the generation that is meant, or `*` for each of them in turn.
    #[serde(default)]
    pub specialisation: Option<String>,
    /// The exit code that is wanted. Without it the switch is judged: see `docs/vm.md`.
    #[serde(default)]
    pub exit: Option<u8>,
    /// How long it may take.
    #[serde(default)]
    pub within: Option<Time>,
    /// Pulls the plug in the middle.
    #[serde(default)]
    pub power_loss_after: Option<Time>,
}

/// Switches back to what was recorded.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a map with `within`")]
pub struct Rollback {
    /// How long it may take.
    pub within: Option<Time>,
}

/// Restarts the machine.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a map with `into` and `within`")]
pub struct Reboot {
    /// The generation that has to come up; without it, the one that was made the default last.
    pub into: Option<Which>,
    /// How long it may take until the machine is up.
    pub within: Option<Time>,
}

/// What is done to the network cable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// It is unplugged.
    Cut,
    /// It is plugged in again.
    Restore,
}

/// Writes a file into the machine.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map with `to`, and `file` or `text`")]
pub struct Put {
    /// The file of the repository, seen from the scenario's folder.
    #[serde(default)]
    pub file: Option<String>,
    /// What is written, instead of a file.
    #[serde(default)]
    pub text: Option<String>,
    /// Where it goes.
    pub to: GuestPath,
    /// Whether it may be run.
    #[serde(default)]
    pub executable: bool,
}

/// Keeps a file of the machine.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map with `path` and `name`")]
pub struct Get {
    /// The file.
    pub path: GuestPath,
    /// The name under which it is kept.
    pub name: ArtifactName,
}

/// What a machine tells of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collect {
    /// The journal of this boot.
    Journal,
    /// The states of all units.
    Units,
    /// What was on the console.
    Console,
}

impl Step {
    /// Returns the step with a place.
    pub(super) fn placed(mut self, at: Span) -> Step {
        if let Action::Retry(retry) = &mut self.action {
            retry.steps = std::mem::take(&mut retry.steps)
                .into_iter()
                .map(|step| step.placed(at))
                .collect();
        }
        Step { at, ..self }
    }
}

fn yes() -> bool {
    true
}

fn three() -> u8 {
    3
}

fn port_80() -> u16 {
    80
}

fn status_200() -> u16 {
    200
}

/// Returns the time of a limit that a step may have.
pub fn limit(within: Option<Time>, or: Duration) -> Duration {
    within.map_or(or, |Time(time)| time)
}
