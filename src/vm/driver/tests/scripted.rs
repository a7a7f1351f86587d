//! A machine that does what a script says, in no time.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use store::StorePath;

use crate::generation::{Generation, Stage2};
use crate::guest::{Call, Down, Ended, Guest, GuestError, Start};

/// What a unit does: `active running`, and whether anybody knows it.
pub type Units = BTreeMap<String, &'static str>;

/// What a script does to a machine.
pub type Event = Box<dyn FnMut(&mut World)>;

/// What a switch or a boot comes to.
pub type Act = Box<dyn FnMut(&mut World) -> Result<(i32, String), GuestError>>;

/// The state of a machine.
pub struct World {
    pub now: Duration,
    pub on: bool,
    /// `base` or `head`.
    pub current: &'static str,
    /// What the boot loader starts.
    pub default: &'static str,
    pub units: Units,
    pub system: &'static str,
    pub reachable: bool,
    pub listening: Vec<u16>,
    pub files: BTreeMap<String, Vec<u8>>,
    pub console: Vec<u8>,
    /// The last line of each unit's journal.
    pub journal: BTreeMap<String, &'static str>,
    pub jobs: String,
    /// Answers of commands, by a part of them; the last one is repeated.
    pub answers: BTreeMap<&'static str, VecDeque<(i32, &'static str)>>,
    /// What happens when a time has come.
    pub later: Vec<(Duration, Event)>,
    /// What was done to the machine, in order.
    pub log: Vec<String>,
}

impl World {
    /// Does something when some time has gone by.
    pub fn later(&mut self, after: Duration, event: impl FnMut(&mut World) + 'static) {
        self.later.push((self.now + after, Box::new(event)));
    }

    /// Sets what a unit does.
    pub fn unit(&mut self, name: &str, state: &'static str) {
        self.units.insert(name.to_owned(), state);
    }
}

/// A machine with a script.
pub struct Scripted {
    pub world: World,
    /// What `switch-to-configuration` does, by the generation and the verb, such as `head test`.
    pub switches: BTreeMap<&'static str, Act>,
    /// What a start does, by the generation.
    pub boots: BTreeMap<&'static str, Act>,
    /// What stopping does; nothing special without it.
    pub stop: Option<GuestError>,
}

/// Returns a generation of a name.
pub fn generation(name: &'static str) -> Generation {
    let digest = [if name == "base" { 1 } else { 2 }; 20];
    let toplevel = StorePath::new(&digest, format!("nixos-system-{name}").as_bytes()).expect("the name is one");
    Generation {
        init: format!("{toplevel}/init"),
        toplevel,
        kernel: PathBuf::from("/store/kernel"),
        initrd: PathBuf::from("/store/initrd"),
        modules: None,
        parameters: "console=ttyS0".into(),
        stage2: Stage2::Init,
        specialisations: vec!["quiet".into(), "rescue".into()],
    }
}

impl Default for Scripted {
    /// Returns a machine on which all goes well.
    fn default() -> Scripted {
        let mut units = Units::new();
        units.insert("greeter.service".into(), "active running");
        units.insert("multi-user.target".into(), "active active");
        Scripted {
            world: World {
                now: Duration::ZERO,
                on: false,
                current: "base",
                default: "base",
                units,
                system: "running",
                reachable: true,
                listening: Vec::new(),
                files: BTreeMap::new(),
                console: b"Linux version 6.12\n".to_vec(),
                journal: BTreeMap::new(),
                jobs: String::new(),
                answers: BTreeMap::new(),
                later: Vec::new(),
                log: Vec::new(),
            },
            switches: BTreeMap::new(),
            boots: BTreeMap::new(),
            stop: None,
        }
    }
}

impl Scripted {
    /// Says what `switch-to-configuration` does.
    pub fn switch(
        mut self,
        what: &'static str,
        act: impl FnMut(&mut World) -> Result<(i32, String), GuestError> + 'static,
    ) -> Scripted {
        self.switches.insert(what, Box::new(act));
        self
    }

    /// Says that a verb exits with a code and an output; nothing is done.
    pub fn refuse(self, what: &'static str, code: i32, output: &'static str) -> Scripted {
        self.switch(what, move |_| Ok((code, output.to_owned())))
    }

    /// Says what a start does.
    pub fn booting(
        mut self,
        what: &'static str,
        mut act: impl FnMut(&mut World) -> Result<(), GuestError> + 'static,
    ) -> Scripted {
        let act = move |world: &mut World| act(world).map(|()| (0, String::new()));
        self.boots.insert(what, Box::new(act));
        self
    }

    fn pass(&mut self, time: Duration) {
        self.world.now += time;
        let (due, later) = std::mem::take(&mut self.world.later)
            .into_iter()
            .partition(|(at, _)| *at <= self.world.now);
        self.world.later = later;
        for (_, mut event) in due {
            event(&mut self.world);
        }
    }

    /// Runs `switch-to-configuration`.
    fn switched(&mut self, program: &str, verb: &str) -> Result<(i32, String), GuestError> {
        let name = if program.contains("system-base") {
            "base"
        } else {
            "head"
        };
        let special = program
            .split("/specialisation/")
            .nth(1)
            .and_then(|rest| rest.split('/').next());
        let what = match special {
            Some(special) => format!("{name} {verb} {special}"),
            None => format!("{name} {verb}"),
        };
        self.world.log.push(what.clone());
        let done = match self.switches.get_mut(what.as_str()) {
            Some(act) => act(&mut self.world),
            None => Ok((0, String::new())),
        }?;
        let switched = matches!(done.0, 0 | 2 | 4);
        if verb == "boot" && done.0 == 0 {
            self.world.default = name;
        }
        if (verb == "test" || verb == "switch") && switched {
            self.world.current = name;
        }
        Ok(done)
    }

    fn answer(&mut self, argv: &[&str]) -> Result<(i32, String), GuestError> {
        let whole = argv.join(" ");
        for (part, answers) in &mut self.world.answers {
            if whole.contains(part) {
                let next = if answers.len() > 1 {
                    answers.pop_front()
                } else {
                    answers.front().copied()
                };
                let (code, text) = next.expect("an answer is there");
                return Ok((code, text.to_owned()));
            }
        }
        let world = &self.world;
        let ok = |text: String| Ok((0, text));
        match argv {
            ["bash", "-c", script, "bash", program, verb] if script.starts_with("set -m") => {
                let (program, verb) = ((*program).to_owned(), (*verb).to_owned());
                self.switched(&program, &verb)
            }
            ["bash", "-c", script, "bash", _, program, verb] if script.starts_with("set -m") => {
                let (program, verb) = ((*program).to_owned(), (*verb).to_owned());
                self.switched(&program, &verb).map(|(_, _)| (0, "4711\n".to_owned()))
            }
            ["bash", "-c", script, "bash", _, "4711"] if script.contains("kill -0") => {
                ok("activating the configuration...\n".into())
            }
            [program, verb] if program.ends_with("/bin/switch-to-configuration") => {
                let (program, verb) = ((*program).to_owned(), (*verb).to_owned());
                self.switched(&program, &verb)
            }
            ["bash", "-c", script, "bash", toplevel] if script.starts_with("profile=") => {
                let name = if toplevel.contains("system-base") {
                    "base"
                } else {
                    "head"
                };
                self.world.log.push(format!("profile {name}"));
                ok(String::new())
            }
            ["bash", "-c", script, ..] if script.contains("is-system-running") => ok(world.system.into()),
            ["systemctl", "is-system-running"] => ok(world.system.into()),
            ["systemctl", "show", "--property=ActiveState", .., unit] => {
                let state = world.units.get(*unit).copied().unwrap_or("inactive dead");
                ok(state.split(' ').next().unwrap_or_default().into())
            }
            ["bash", "-c", script] if script.contains("list-units") => {
                let block = |(name, state): (&String, &&str)| {
                    let words: Vec<&str> = state.split(' ').collect();
                    let exit = i32::from(words[0] == "failed" || words[1].starts_with("auto"));
                    let loaded = if words.contains(&"gone") { "not-found" } else { "loaded" };
                    format!(
                        "Id={name}\nLoadState={loaded}\nActiveState={}\nSubState={}\nExecMainStatus={exit}\n\
                         WantedBy=multi-user.target\nInactiveExitTimestampMonotonic=1000000\n\
                         ActiveEnterTimestampMonotonic=4000000\n",
                        words[0], words[1]
                    )
                };
                let blocks: Vec<String> = world.units.iter().map(block).collect();
                ok(blocks.join("\n"))
            }
            ["systemctl", "show", "--property=FinishTimestampMonotonic"] => {
                ok("FinishTimestampMonotonic=20000000\n".into())
            }
            ["systemctl", "list-jobs", ..] => ok(world.jobs.clone()),
            ["journalctl", .., own] if own.starts_with("_SYSTEMD_UNIT=") => {
                let unit = own.trim_start_matches("_SYSTEMD_UNIT=");
                ok(world.journal.get(unit).copied().unwrap_or_default().into())
            }
            ["journalctl", ..] => ok("[1.0] the journal\n".into()),
            ["readlink", "-f", "/run/current-system"] => ok(generation(world.current).toplevel.to_path()),
            ["test", "-e", path] => Ok((i32::from(!world.files.contains_key(*path)), String::new())),
            _ => ok(String::new()),
        }
    }
}

impl Guest for Scripted {
    fn start(&mut self, start: &Start, _: Duration) -> Result<Generation, GuestError> {
        assert!(!self.world.on, "the machine is started twice");
        self.pass(Duration::from_secs(15));
        let name = match start {
            Start::Generation(asked) if asked.toplevel == generation("base").toplevel => "base",
            Start::Generation(_) => "head",
            Start::Default => self.world.default,
        };
        self.world.log.push(format!("start {name}"));
        self.world.current = name;
        // One that does not come up in time is on nevertheless.
        self.world.on = true;
        if let Some(act) = self.boots.get_mut(name)
            && let Err(error) = act(&mut self.world)
        {
            self.world.on = matches!(error, GuestError::TimedOut { .. });
            return Err(error);
        }
        Ok(generation(name))
    }

    fn stop(&mut self, how: Down, _: Duration) -> Result<(), GuestError> {
        self.world.log.push(format!("stop {how:?}"));
        if let (Down::Orderly, Some(error)) = (how, self.stop.take()) {
            return Err(error);
        }
        self.world.on = false;
        Ok(())
    }

    fn run(&mut self, call: &Call, limit: Duration, told: &mut dyn FnMut(&[u8])) -> Result<Ended, GuestError> {
        assert!(self.world.on, "a machine that is off is asked: {:?}", call.argv);
        self.pass(Duration::from_millis(50));
        let argv: Vec<&str> = call.argv.iter().map(String::as_str).collect();
        match self.answer(&argv) {
            Ok((code, text)) => {
                told(text.as_bytes());
                Ok(Ended {
                    code,
                    output: text.into_bytes(),
                    truncated: false,
                })
            }
            Err(error) => {
                if matches!(error, GuestError::TimedOut { .. }) {
                    self.pass(limit);
                }
                Err(error)
            }
        }
    }

    fn read(&mut self, path: &str, _: u64) -> Result<Vec<u8>, GuestError> {
        let file = self.world.files.get(path).cloned();
        file.ok_or_else(|| GuestError::Refused {
            why: format!("{path} is not there"),
        })
    }

    fn write(&mut self, path: &str, bytes: &[u8], _: bool) -> Result<(), GuestError> {
        self.world.files.insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn listens(&mut self, port: u16) -> Result<bool, GuestError> {
        Ok(self.world.listening.contains(&port))
    }

    fn reaches(&mut self, address: &str) -> Result<bool, GuestError> {
        assert_eq!(address, "10.0.2.2");
        Ok(self.world.reachable)
    }

    fn console(&mut self) -> Vec<u8> {
        self.world.console.clone()
    }

    fn screenshot(&mut self) -> Result<Vec<u8>, GuestError> {
        Ok(b"\x89PNG".to_vec())
    }

    fn plug(&mut self, plugged: bool) -> Result<(), GuestError> {
        self.world.reachable = plugged;
        Ok(())
    }

    fn pause(&mut self, time: Duration) {
        self.pass(time);
    }

    fn now(&self) -> Duration {
        self.world.now
    }
}

/// Returns what a machine says that does not answer in time.
pub fn timed_out() -> GuestError {
    GuestError::TimedOut {
        what: "the program".into(),
        limit: Duration::from_secs(1),
    }
}
