//! What is said to a build VM that runs.

use super::log::Log;
use super::machine::{NAME, read_registration};
use super::registration::Registered;
use super::{BuildError, BuildLimits, LOG_LINES, last_lines};
use crate::egress::{Egress, Rules};
use crate::guest::{Call, GuestError};
use crate::link::{Link, Wait};
use crate::live::{answers, told};
use crate::machine::{Console, Host, Machine, Spec};
use agent::Written;
use diag::clean_line;
use std::collections::BTreeSet;
use std::time::Duration;
use store::{OutputName, StorePath};

/// How long the machine may take to start, and each question beside builds; not scaled, and ample.
const PATIENCE: Duration = Duration::from_secs(600);
/// Most bytes of a list of paths.
const LIST: u64 = 32 << 20;
/// Most bytes of what is registered of paths.
const REGISTRATION: u64 = 512 << 20;

/// What came of a run of builders.
pub(super) struct Said {
    /// What they and Nix have said.
    pub log: Log,
    /// That they were ended as they took too long, if they were.
    pub late: Option<String>,
}

/// A build VM that runs.
pub(super) struct Session<'h> {
    host: Host<'h>,
    machine: Machine<'h>,
    link: Link,
    console: Console,
    limits: BuildLimits,
    egress: Option<Egress>,
}

impl<'h> Session<'h> {
    /// Starts a machine and waits until its agent answers.
    pub fn start(host: Host<'h>, spec: &Spec, limits: BuildLimits) -> Result<Session<'h>, BuildError> {
        let console = Console::new(None);
        let mut machine = Machine::start(host, spec, &console, None).map_err(|error| broken(told(error)))?;
        let Some(port) = machine.take_port(0) else {
            return Err(broken("it has no line"));
        };
        let mut session = Session {
            host,
            machine,
            link: Link::new(port),
            console,
            limits,
            egress: None,
        };
        session.ask(PATIENCE, |link, wait| link.up(wait))?;
        Ok(session)
    }

    /// Opens the way out of the machine: what builds in it from here on may fetch, as the rules say.
    pub fn open(&mut self, rules: Rules) -> Result<(), BuildError> {
        let Some(port) = self.machine.take_port(1) else {
            return Err(broken("it has no line for what goes out"));
        };
        self.egress = Some(Egress::open(port, rules).map_err(broken)?);
        self.succeed("ip link set lo up")?;
        self.ask(PATIENCE, |link, wait| link.carry(wait))
    }

    /// Returns what was refused of what builders wanted to reach.
    pub fn refused(&self) -> Vec<String> {
        self.egress.as_ref().map(Egress::refused).unwrap_or_default()
    }

    /// Tells Nix what its store has.
    pub fn load(&mut self) -> Result<(), BuildError> {
        self.succeed("nix-store --load-db < /nix/registration").map(drop)
    }

    /// Builds outputs, as many as can be built, and returns what was said; lines of it are told as they come.
    pub fn realise(
        &mut self,
        wanted: &[(StorePath, OutputName)],
        told: &mut dyn FnMut(&str),
    ) -> Result<Said, BuildError> {
        let list: String = wanted
            .iter()
            .map(|(drv, output)| format!("{}!{output}\n", drv.to_path()))
            .collect();
        self.write("/nix/wanted", &list)?;
        // Builders are no root, so that the limit is one for them.
        let script = format!(
            "ulimit -u {} && exec nix-store --realise --keep-going $(cat /nix/wanted) > /nix/built",
            self.limits.processes
        );
        let mut log = Log::default();
        let whole = self.limits.whole;
        let mut call = Call::new(["sh", "-c", &script]);
        // Taken out, as the machine is asked at the same time.
        let egress = self.egress.take();
        if egress.is_some() {
            let proxy = format!("http://127.0.0.1:{}", agent::PROXY);
            let names = ["http_proxy", "https_proxy", "ftp_proxy", "all_proxy"];
            let names = names.iter().flat_map(|name| [name.to_string(), name.to_uppercase()]);
            call.env.extend(names.map(|name| (name, proxy.clone())));
        }
        let tell = |told: &mut dyn FnMut(&str)| {
            let notes = egress.as_ref().map(Egress::notes).unwrap_or_default();
            notes.iter().for_each(|note| told(note));
        };
        let ended = self.question(whole, |link, wait| {
            link.run(&call, wait, &mut |bytes| {
                tell(told);
                log.take(bytes, told);
            })
        });
        log.finish(told);
        tell(told);
        self.egress = egress;
        let late = match ended {
            Ok(_) => None,
            Err(error @ GuestError::TimedOut { .. }) => Some(error.to_string()),
            Err(error) => return Err(self.died(error, &log)),
        };
        Ok(Said { log, late })
    }

    /// Returns the end of what the builder of a derivation has said.
    pub fn log_of(&mut self, drv: &StorePath) -> Result<Vec<String>, BuildError> {
        let script = format!(
            "nix-store --read-log {} 2> /dev/null | tail -n {LOG_LINES}",
            drv.to_path()
        );
        let call = Call::new(["sh", "-c", &script]);
        // It is no error that a derivation has no log.
        let ended = self.ask(PATIENCE, |link, wait| link.run(&call, wait, &mut |_| {}))?;
        Ok(last_lines(&ended.output))
    }

    /// Returns those paths that the machine's Nix has.
    pub fn valid(&mut self, paths: &BTreeSet<StorePath>) -> Result<BTreeSet<StorePath>, BuildError> {
        let list: String = paths.iter().map(|path| path.to_path() + "\n").collect();
        self.write("/nix/outputs", &list)?;
        self.succeed("xargs nix-store --check-validity --print-invalid < /nix/outputs > /nix/invalid")?;
        let list = self.ask(PATIENCE, |link, wait| link.read("/nix/invalid", LIST, wait))?;
        let text = String::from_utf8_lossy(&list);
        let invalid: Result<BTreeSet<_>, _> = text.lines().map(StorePath::parse).collect();
        let invalid = invalid.map_err(broken)?;
        Ok(paths.difference(&invalid).cloned().collect())
    }

    /// Returns what the machine's Nix knows of paths.
    pub fn registered(&mut self, paths: &BTreeSet<StorePath>) -> Result<Vec<Registered>, BuildError> {
        // Without a name it would tell all that it has.
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let list: String = paths.iter().map(|path| path.to_path() + "\n").collect();
        self.write("/nix/new", &list)?;
        self.succeed("xargs nix-store --dump-db < /nix/new > /nix/new.db")?;
        let text = self.ask(PATIENCE, |link, wait| link.read("/nix/new.db", REGISTRATION, wait))?;
        read_registration(&text).map_err(broken)
    }

    /// Has the archives of paths written on a disk.
    pub fn export(&mut self, device: &str, paths: &[StorePath]) -> Result<Vec<Written>, BuildError> {
        let paths: Vec<String> = paths.iter().map(StorePath::to_path).collect();
        let limit = self.limits.whole.max(PATIENCE);
        self.ask(limit, |link, wait| link.export(device, &paths, wait))
    }

    /// Switches the machine off; its disks have all that it has written.
    pub fn off(mut self) -> Result<(), BuildError> {
        self.ask(PATIENCE, |link, wait| link.off(wait))?;
        match self.machine.wait(PATIENCE).map_err(|error| broken(told(error)))? {
            Some(_) => Ok(()),
            None => Err(broken("it does not go off")),
        }
    }

    /// Runs commands that have to succeed, and returns the end of what they said.
    fn succeed(&mut self, script: &str) -> Result<String, BuildError> {
        let call = Call::new(["sh", "-c", script]);
        let ended = self.ask(PATIENCE, |link, wait| link.run(&call, wait, &mut |_| {}))?;
        let said = String::from_utf8_lossy(&ended.output).into_owned();
        match ended.code {
            0 => Ok(said),
            code => {
                let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
                Err(broken(format!(
                    "`{script}` ends with code {code}: {}",
                    clean_line(last)
                )))
            }
        }
    }

    fn write(&mut self, path: &str, text: &str) -> Result<(), BuildError> {
        self.ask(PATIENCE, |link, wait| link.write(path, text.as_bytes(), false, wait))
    }

    fn ask<T>(
        &mut self,
        limit: Duration,
        question: impl FnOnce(&mut Link, &mut Wait<'_>) -> Result<T, GuestError>,
    ) -> Result<T, BuildError> {
        let answer = self.question(limit, question);
        answer.map_err(|error| self.died(error, &Log::default()))
    }

    fn question<T>(
        &mut self,
        limit: Duration,
        question: impl FnOnce(&mut Link, &mut Wait<'_>) -> Result<T, GuestError>,
    ) -> Result<T, GuestError> {
        let Session { machine, console, .. } = self;
        let mut wait = Wait {
            clock: self.host.clock,
            limit,
            silence: limit,
            watch: &mut || answers(machine, console),
        };
        question(&mut self.link, &mut wait)
    }

    /// Returns the error of a machine that does not answer. One that a build has brought down is a verdict on the build,
    /// as far as anybody can tell, if it was building.
    fn died(&self, error: GuestError, log: &Log) -> BuildError {
        let console = self.console.text();
        let text = String::from_utf8_lossy(&console);
        let out_of_memory = text.lines().rfind(|line| line.contains("Out of memory"));
        match (out_of_memory, log.is_empty()) {
            (Some(_), false) => BuildError::Failed {
                what: None,
                why: format!("it takes more than {} MiB of memory", self.limits.memory),
                log: log.last(),
            },
            _ => match error {
                GuestError::Panicked { .. } | GuestError::Off { .. } => BuildError::Crashed {
                    engine: NAME.into(),
                    why: error.to_string(),
                },
                error => broken(error),
            },
        }
    }
}

fn broken(why: impl std::fmt::Display) -> BuildError {
    BuildError::Engine {
        engine: NAME.into(),
        why: why.to_string(),
    }
}
