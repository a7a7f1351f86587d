//! A machine that is simulated as far as an engine sees it, and that can lose its power or kill the engine at any call.

mod disk;
mod home;

pub(super) use home::{HOME, NEW_HOME, OLD_HOME};

use crate::host::{Home, Host, QUESTION, Realm};
use crate::order::{Action, Approval, Confirm, Limits, Order, Origin, VERSION};
use crate::state::{Deployment, Phase};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;
use sys::{Clock, Command, Exec, ExecError, Exit, Fs, MemoryFs, Mode, Output};

pub(super) const OLD: &str = "/nix/store/0c0i1jmm8dahaah5sm4pxgz9xdgxsz4l-nixos-system-old";
pub(super) const NEW: &str = "/nix/store/1c0i1jmm8dahaah5sm4pxgz9xdgxsz4l-nixos-system-new";

/// What is wrong with the new system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    None,
    UnitFails,
    ActivationFails,
    ActivationHangs,
    NetworkLost,
    BootLoaderFails,
    BootLoaderLies,
    OtherKernel,
    DoesNotBootWell,
    SwitchLocked,
    /// The service manager starts no units.
    NoUnits,
    /// Somebody else starts the engine at the same moment.
    StartedMeanwhile,
    /// Its program is of a release before 25.05.
    KnowsNoCheck,
    /// A unit fails, and so does the way back.
    WayBackFails,
    /// It is a home of a form that sets the profile itself, whoever calls it.
    OlderForm,
}

/// What happens to the engine at a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Blow {
    /// It is killed, before or after the call has done its work.
    Killed { done: bool },
    /// The machine loses its power, before or after.
    PowerLost { done: bool },
}

/// The payload of the panic that ends an engine.
pub(super) struct Ended;

#[derive(Default)]
struct State {
    boots: u32,
    now: Duration,
    calls: u32,
    units: BTreeMap<String, &'static str>,
    timers: BTreeSet<String>,
    in_reach: bool,
    down: bool,
    engine_runs: bool,
    rooms: BTreeMap<PathBuf, u64>,
    /// What a user's service manager and its surroundings answer, where that is not that all is well.
    answers: BTreeMap<&'static str, (i32, String)>,
}

/// The machine.
pub(super) struct Machine {
    files: MemoryFs,
    pub(super) fault: Fault,
    blow: Option<(u32, Blow)>,
    state: Mutex<State>,
    /// The home that is deployed to, if it is not the system.
    home: Option<Home>,
}

fn text(system: &str) -> &'static str {
    if system == NEW { "new" } else { "old" }
}

impl Machine {
    pub(super) fn new(fault: Fault, blow: Option<(u32, Blow)>) -> Machine {
        Machine::with(fault, blow, MemoryFs::new(), None)
    }

    /// Returns a machine with these files, on which its system or a home is deployed to.
    fn with(fault: Fault, blow: Option<(u32, Blow)>, files: MemoryFs, home: Option<Home>) -> Machine {
        let mut files = files
            .directory("/var/lib")
            .directory("/run")
            .directory("/boot/loader/entries")
            .directory("/nix/var/nix/gcroots")
            .file("/proc/sys/kernel/hostname", "web\n")
            .link("/nix/var/nix/profiles/system-1-link", OLD)
            .link("/nix/var/nix/profiles/system", "system-1-link");
        for system in [OLD, NEW] {
            let kernel = if system == NEW && fault == Fault::OtherKernel {
                "k2"
            } else {
                "k1"
            };
            files = files
                .file(format!("{system}/nixos-version"), "26.11")
                .file(format!("{system}/system"), "x86_64-linux")
                .file(format!("{system}/init-interface-version"), "systemd-1")
                .file(format!("{system}/etc/hostname"), "web\n")
                .file(format!("{system}/activate"), "")
                .executable(format!("{system}/bin/switch-to-configuration"), "")
                .file(format!("/nix/store/{kernel}/image"), "")
                .link(format!("{system}/kernel"), format!("/nix/store/{kernel}/image"));
        }
        let machine = Machine {
            files,
            fault,
            blow,
            state: Mutex::default(),
            home,
        };
        machine.install(OLD);
        machine.boot();
        machine
    }

    pub(super) fn host(&self) -> Host<'_> {
        Host {
            fs: self,
            exec: self,
            clock: self,
            program: Path::new("/nix/store/2c0i1jmm8dahaah5sm4pxgz9xdgxsz4l-cfgcheck/bin/cfgcheck"),
            realm: self.home.as_ref().map_or(Realm::System, Realm::Home),
        }
    }

    /// Returns an order of what is new for this machine.
    pub(super) fn wanted(&self, action: Action) -> Order {
        let mut order = Machine::order(action);
        if self.home.is_some() {
            order.system = NEW_HOME.into();
        }
        order
    }

    /// Returns an order of the new system.
    pub(super) fn order(action: Action) -> Order {
        Order {
            version: VERSION,
            id: "one".into(),
            system: NEW.into(),
            origin: Origin::default(),
            approval: Approval::overridden("a test"),
            action,
            confirm: Confirm::Connection,
            health: crate::health::Health::default(),
            limits: Limits::default(),
        }
    }

    fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().expect("no panic while holding the state"))
    }

    /// Says how many bytes a disk has left.
    pub(super) fn has_room(&self, disk: &str, bytes: u64) {
        self.state(|state| state.rooms.insert(disk.into(), bytes));
    }

    pub(super) fn is_down(&self) -> bool {
        self.state(|state| state.down)
    }

    pub(super) fn boots(&self) -> u32 {
        self.state(|state| state.boots)
    }

    pub(super) fn calls(&self) -> u32 {
        self.state(|state| state.calls)
    }

    pub(super) fn timers(&self) -> BTreeSet<String> {
        self.state(|state| state.timers.clone())
    }

    pub(super) fn units(&self) -> BTreeMap<String, &'static str> {
        self.state(|state| state.units.clone())
    }

    pub(super) fn link(&self, path: &str) -> String {
        self.files
            .canonicalize(Path::new(path))
            .expect("it leads somewhere")
            .display()
            .to_string()
    }

    /// Comes up with what the boot loader names.
    pub(super) fn boot(&self) {
        let machine = Host {
            realm: Realm::System,
            ..self.bare()
        };
        let now = crate::host::Observed::of(&machine);
        let default = now.map_or(OLD.to_owned(), |now| now.default.expect("a default"));
        self.files.remove_dir_all(Path::new("/run")).expect("it is there");
        self.files.create_dir_all(Path::new("/run")).expect("it can be made");
        let write = |path: &str, text: String| self.files.write(Path::new(path), text.as_bytes(), Mode::Plain);
        for link in ["/run/current-system", "/run/booted-system"] {
            self.files
                .symlink(Path::new(&default), Path::new(link))
                .expect("it can be made");
        }
        self.state(|state| {
            state.boots += 1;
            state.down = false;
            state.timers.clear();
            let fails = matches!(
                self.fault,
                Fault::UnitFails | Fault::DoesNotBootWell | Fault::WayBackFails
            );
            state.units = match &self.home {
                None => units(default == NEW, fails),
                Some(home) => self.home_units(home, fails),
            };
            state.in_reach = default != NEW || self.fault != Fault::NetworkLost;
            write("/proc/sys/kernel/random/boot_id", format!("boot-{}\n", state.boots)).expect("it can be written");
        });
        self.files.create_dir_all(Path::new("/proc")).expect("it can be made");
        write("/proc/uptime", "0.00 0.00\n".into()).expect("it can be written");
    }

    /// The same machine without blows, for what is no engine's work.
    fn bare(&self) -> Host<'_> {
        Host {
            fs: &self.files,
            ..self.host()
        }
    }

    fn install(&self, system: &str) {
        let write = |path: &str, text: String| {
            self.files
                .create_dir_all(Path::new(path).parent().expect("a folder"))
                .expect("it can be made");
            self.files
                .write(Path::new(path), text.as_bytes(), Mode::Plain)
                .expect("it can be written");
        };
        for random in ["/proc/sys/kernel/random/boot_id", "/proc/uptime"] {
            if self.files.stat(Path::new(random)).expect("it can be asked").is_none() {
                write(random, "0\n".into());
            }
        }
        let name = text(system);
        write(
            &format!("/boot/loader/entries/{name}.conf"),
            format!("title NixOS\noptions init={system}/init quiet\n"),
        );
        write("/boot/loader/loader.conf", format!("default {name}.conf\n"));
        for link in ["/run/current-system", "/run/booted-system"] {
            if self.files.lstat(Path::new(link)).expect("it can be asked").is_none() {
                self.files
                    .symlink(Path::new(system), Path::new(link))
                    .expect("it can be made");
            }
        }
    }

    /// Ends the engine if this is the call at which that is to happen.
    fn strike(&self, done: bool) {
        let is_now = self.state(|state| {
            state.calls += u32::from(!done);
            let at = self.blow.filter(|(call, _)| *call == state.calls);
            at.map(|(_, blow)| blow).filter(
                |blow| matches!(blow, Blow::Killed { done: when } | Blow::PowerLost { done: when } if *when == done),
            )
        });
        if let Some(blow) = is_now {
            self.state(|state| {
                state.calls += 1_000_000;
                state.down = matches!(blow, Blow::PowerLost { .. });
            });
            std::panic::panic_any(Ended);
        }
    }

    fn switch(&self, system: &str, action: &str) -> (Option<i32>, String) {
        let is_new = system == NEW;
        let fault = if is_new { self.fault } else { Fault::None };
        match action {
            "check" if fault == Fault::KnowsNoCheck => (
                Some(1),
                "Usage: x [switch|boot|test|dry-activate]\n\ndry-activate: show what would be done\n".into(),
            ),
            "check" | "dry-activate" => (Some(0), String::new()),
            "test" if !is_new && self.fault == Fault::WayBackFails => (Some(1), "it does not go back".into()),
            "test" if fault == Fault::SwitchLocked => (Some(11), "Could not acquire lock".into()),
            "test" => {
                let current = Path::new("/run/current-system");
                self.files.remove_file(current).expect("it is there");
                self.files.symlink(Path::new(system), current).expect("it can be made");
                self.state(|state| {
                    state.units = units(is_new, matches!(fault, Fault::UnitFails | Fault::WayBackFails));
                    state.in_reach = fault != Fault::NetworkLost;
                });
                match fault {
                    Fault::UnitFails => (Some(4), "warning: the following units failed: web.service".into()),
                    Fault::ActivationFails => (Some(2), "Activation script snippet 'etc' failed (1)".into()),
                    Fault::ActivationHangs => (None, String::new()),
                    _ => (Some(0), String::new()),
                }
            }
            "boot" if fault == Fault::BootLoaderFails => (Some(1), "Failed to install bootloader".into()),
            "boot" if fault == Fault::BootLoaderLies => (Some(0), String::new()),
            "boot" => {
                self.install(system);
                (Some(0), String::new())
            }
            other => panic!("nobody switches by `{other}`"),
        }
    }

    fn answer(&self, words: &[&str]) -> (Option<i32>, String) {
        match words {
            ["bash", "-c", script, ..] if script.contains("list-units") => {
                assert_eq!(script.contains("systemctl --user"), self.home.is_some(), "{script}");
                (Some(0), self.told_units())
            }
            ["bash", "-c", script, ..] if script.contains("/dev/tcp") => {
                let reached = self.state(|state| state.in_reach);
                (Some(i32::from(!reached)), "Network is unreachable\n".into())
            }
            ["systemctl", "list-jobs", ..] => (Some(0), "No jobs running.\n".into()),
            ["systemctl", "is-active", "--quiet", timer] => (
                Some(i32::from(!self.state(|state| state.timers.contains(*timer))) * 3),
                String::new(),
            ),
            ["systemctl", "stop", timer] => {
                self.state(|state| state.timers.remove(*timer));
                (Some(0), String::new())
            }
            ["systemctl", "reset-failed" | "start", ..] => (Some(0), String::new()),
            ["systemctl", "reboot", ..] => {
                self.state(|state| state.down = true);
                std::panic::panic_any(Ended);
            }
            ["systemd-run", ..] if self.fault == Fault::StartedMeanwhile => {
                self.state(|state| state.engine_runs = true);
                (Some(1), "Unit cfgcheck-switch.service was already loaded\n".into())
            }
            ["systemctl", "is-active", "cfgcheck-switch.service"] => match self.state(|state| state.engine_runs) {
                true => (Some(0), "active\n".into()),
                false => (Some(3), "inactive\n".into()),
            },
            ["systemd-run", ..] if self.fault == Fault::NoUnits => (Some(1), "Failed to start transient unit\n".into()),
            ["systemd-run", rest @ ..] => {
                let unit = rest
                    .iter()
                    .find_map(|word| word.strip_prefix("--unit="))
                    .expect("units have names");
                if rest.iter().any(|word| word.starts_with("--on-active=")) {
                    self.state(|state| state.timers.insert(format!("{unit}.timer")));
                }
                (Some(0), String::new())
            }
            ["sync"] => (Some(0), String::new()),
            [program, action] if self.home.is_none() => {
                let system = program.strip_suffix("/bin/switch-to-configuration");
                self.switch(system.unwrap_or_else(|| panic!("nobody runs {program}")), action)
            }
            other => match &self.home {
                Some(home) => self.answer_of_home(home, other),
                None => panic!("nobody runs {other:?}"),
            },
        }
    }

    fn told_units(&self) -> String {
        let mut out = String::new();
        for (name, state) in self.units() {
            let sub = if state == "active" { "running" } else { "failed" };
            out.push_str(&format!("{name} loaded {state} {sub} words\n"));
        }
        out.push('\n');
        for (name, state) in self.units() {
            let sub = if state == "active" { "running" } else { "failed" };
            out.push_str(&format!(
                "Id={name}\nLoadState=loaded\nActiveState={state}\nSubState={sub}\nWantedBy=multi-user.target\n\n"
            ));
        }
        out
    }
}

fn units(is_new: bool, fails: bool) -> BTreeMap<String, &'static str> {
    let web = if is_new && fails { "failed" } else { "active" };
    let mut units = BTreeMap::from([("web.service".to_owned(), web), ("always.service".to_owned(), "active")]);
    if !is_new {
        units.insert("removed.service".to_owned(), "active");
    }
    units
}

impl Exec for Machine {
    fn run(&self, command: &Command) -> Result<Output, ExecError> {
        self.strike(false);
        let words: Vec<String> = std::iter::once(&command.program)
            .chain(&command.args)
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        if self.home.is_some() && words[0].starts_with("system") {
            // The user's own, and never the machine's.
            assert_eq!(words.remove(1), "--user", "{words:?}");
        }
        let (code, stdout) = self.answer(&words);
        if code.is_none() {
            self.sleep(command.timeout.expect("what may hang has a limit"));
        }
        self.strike(true);
        Ok(Output {
            exit: code.map_or(Exit::TimedOut, Exit::Code),
            stdout: stdout.into_bytes(),
            stderr: Vec::new(),
            truncated: false,
        })
    }
}

impl Clock for Machine {
    fn unix_time(&self) -> Duration {
        Duration::from_secs(1_795_000_000) + self.state(|state| state.now)
    }

    fn monotonic(&self) -> Duration {
        self.state(|state| state.now)
    }

    fn sleep(&self, time: Duration) {
        let now = self.state(|state| {
            state.now += time;
            state.now
        });
        let uptime = format!("{:.2} 0.00\n", now.as_secs_f64());
        self.files
            .write(Path::new("/proc/uptime"), uptime.as_bytes(), Mode::Plain)
            .expect("it can be written");
        // Whoever deploys connects anew, as soon as that is asked for.
        let bare = self.bare();
        let now = Deployment::current(&bare).ok().flatten();
        let asked = now.filter(|now| now.phase == Phase::Confirming && now.order.confirm == Confirm::Connection);
        if let Some(asked) = asked
            && self.state(|state| state.in_reach)
            && time < QUESTION
        {
            super::super::confirm(&bare, &asked.order.id).expect("it is asked for");
        }
    }
}
