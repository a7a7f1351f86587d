//! What is said to a build VM that runs.

use super::machine::read_registration;
use super::registration::Registered;
use super::{BuildError, BuildLimits, LOG_LINES};
use crate::guest::{Call, Ended, GuestError};
use crate::link::{Link, Wait};
use crate::live::{told, well};
use crate::machine::{Console, Host, Machine, Spec};
use agent::Written;
use diag::clean_line;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;
use store::{OutputName, StorePath};

/// How long the machine may take to start, and each question beside builds; not scaled, and ample.
const PATIENCE: Duration = Duration::from_secs(600);
/// Most bytes of a list of paths.
const LIST: u64 = 32 << 20;
/// Most bytes of what is registered of paths.
const REGISTRATION: u64 = 512 << 20;
/// Most bytes of one line of a log.
const LINE: usize = 4096;

/// A build VM that runs.
pub(super) struct Session<'h> {
    host: Host<'h>,
    machine: Machine<'h>,
    link: Link,
    console: Console,
    limits: BuildLimits,
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
        };
        session.ask(PATIENCE, |link, wait| link.up(wait))?;
        Ok(session)
    }

    /// Tells Nix what its store has.
    pub fn load(&mut self) -> Result<(), BuildError> {
        self.succeed("nix-store --load-db < /nix/registration").map(drop)
    }

    /// Builds outputs; lines of the log are told as they come.
    pub fn realise(
        &mut self,
        wanted: &[(StorePath, OutputName)],
        told: &mut dyn FnMut(&str),
    ) -> Result<(), BuildError> {
        let list: String = wanted
            .iter()
            .map(|(drv, output)| format!("{}!{output}\n", drv.to_path()))
            .collect();
        self.write("/nix/wanted", &list)?;
        // Builders are no root, so that the limit is one for them.
        let script = format!(
            "ulimit -u {} && exec nix-store --realise $(cat /nix/wanted) > /nix/built",
            self.limits.processes
        );
        let mut log = Log::default();
        let whole = self.limits.whole;
        let call = Call::new(["sh", "-c", &script]);
        let ended = self.question(whole, |link, wait| {
            link.run(&call, wait, &mut |bytes| log.take(bytes, told))
        });
        log.finish(told);
        let (what, why) = match ended {
            Ok(Ended { code: 0, .. }) => return Ok(()),
            Ok(_) => log.verdict(),
            Err(error @ GuestError::TimedOut { .. }) => (None, error.to_string()),
            Err(error) => return Err(self.died(error, log)),
        };
        Err(BuildError::Failed {
            what,
            why,
            log: log.lines.into(),
        })
    }

    /// Returns paths with all that they refer to, as the machine's Nix has it.
    pub fn closure(&mut self, paths: &[StorePath]) -> Result<Vec<StorePath>, BuildError> {
        let list: String = paths.iter().map(|path| path.to_path() + "\n").collect();
        self.write("/nix/outputs", &list)?;
        self.succeed("nix-store --query --requisites $(cat /nix/outputs) > /nix/closure")?;
        let list = self.ask(PATIENCE, |link, wait| link.read("/nix/closure", LIST, wait))?;
        let text = String::from_utf8_lossy(&list);
        let paths = text.lines().map(StorePath::parse);
        paths.collect::<Result<_, _>>().map_err(broken)
    }

    /// Returns what the machine's Nix knows of paths.
    pub fn registered(&mut self, paths: &BTreeSet<StorePath>) -> Result<Vec<Registered>, BuildError> {
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
        answer.map_err(|error| self.died(error, Log::default()))
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
            watch: &mut || well(machine, console),
        };
        question(&mut self.link, &mut wait)
    }

    /// Returns the error of a machine that does not answer. One that a build has brought down is a verdict on the build,
    /// as far as anybody can tell, if it was building.
    fn died(&self, error: GuestError, log: Log) -> BuildError {
        let console = self.console.text();
        let text = String::from_utf8_lossy(&console);
        let out_of_memory = text.lines().rfind(|line| line.contains("Out of memory"));
        match (out_of_memory, log.lines.is_empty()) {
            (Some(_), false) => BuildError::Failed {
                what: None,
                why: format!("it takes more than {} MiB of memory", self.limits.memory),
                log: log.lines.into(),
            },
            _ => broken(error),
        }
    }
}

fn broken(why: impl std::fmt::Display) -> BuildError {
    BuildError::Engine {
        engine: "the build VM".into(),
        why: why.to_string(),
    }
}

/// The log of builds as it comes: its last lines, made harmless to print.
#[derive(Default)]
struct Log {
    lines: VecDeque<String>,
    // What has come after the last whole line.
    rest: Vec<u8>,
    // The first lines that say what failed.
    errors: Vec<String>,
    // The derivation whose building was told last.
    building: Option<StorePath>,
}

/// Most lines that say what failed.
const ERRORS: usize = 8;

impl Log {
    fn take(&mut self, bytes: &[u8], told: &mut dyn FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE.saturating_sub(self.rest.len());
            self.rest.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.line(told);
            }
        }
    }

    fn finish(&mut self, told: &mut dyn FnMut(&str)) {
        if !self.rest.is_empty() {
            self.line(told);
        }
    }

    fn line(&mut self, told: &mut dyn FnMut(&str)) {
        let bytes = std::mem::take(&mut self.rest);
        let text = String::from_utf8_lossy(&bytes);
        let line = clean_line(text.trim_end()).into_owned();
        if line.trim().is_empty() {
            return;
        }
        told(&line);
        if let Some(rest) = line.strip_prefix("building '")
            && let Some(Ok(path)) = rest.split('\'').next().map(StorePath::parse)
        {
            self.building = Some(path);
        }
        if line.contains("error:") && self.errors.len() < ERRORS {
            self.errors.push(line.clone());
        }
        if self.lines.len() == LOG_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// Returns which derivation failed and why, as far as Nix has said so.
    fn verdict(&self) -> (Option<StorePath>, String) {
        for line in &self.errors {
            let words = ["builder for '", "building '", "building of '", "Cannot build '"];
            let named = words.iter().find_map(|word| {
                let (_, rest) = line.split_once(word)?;
                let (path, why) = rest.split_once('\'')?;
                // With the output that was wanted, in newer words.
                let path = path.split('^').next()?;
                Some((StorePath::parse(path).ok()?, why))
            });
            if let Some((path, why)) = named {
                let why = why.trim_matches([':', ';', ',', '.', ' ']);
                return (Some(path), why.trim_start_matches("from .drv file ").to_owned());
            }
        }
        let why = self
            .errors
            .first()
            .map(|line| line.trim().trim_start_matches("error:").trim());
        // Nix itself fails where the disk is full: it was then building this.
        (
            self.building.clone(),
            why.unwrap_or("Nix failed without a word").to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "/nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-hello.drv";

    #[test]
    fn a_log_says_what_failed() {
        for (said, expected) in [
            (
                format!("working\nerror: builder for '{FIRST}' failed with exit code 7;\n"),
                (Some(FIRST), "failed with exit code 7"),
            ),
            (
                format!("error: building of '{FIRST}^out' from .drv file timed out after 5 seconds\nerror: 1 failed\n"),
                (Some(FIRST), "timed out after 5 seconds"),
            ),
            ("error: no space left".into(), (None, "no space left")),
            (String::new(), (None, "Nix failed without a word")),
        ] {
            let mut log = Log::default();
            // However it comes in pieces.
            for byte in said.as_bytes() {
                log.take(&[*byte], &mut |_| {});
            }
            log.finish(&mut |_| {});
            let (what, why) = log.verdict();
            let what = what.map(|path| path.to_path());
            assert_eq!((what.as_deref(), why.as_str()), expected, "{said}");
        }
    }

    #[test]
    fn a_log_is_bounded_and_harmless() {
        let mut log = Log::default();
        let mut told = Vec::new();
        for number in 0..100 {
            log.take(format!("\u{1b}[31m{number}\n").as_bytes(), &mut |line| {
                told.push(line.to_owned())
            });
        }
        log.take(&[b'x'; 100_000], &mut |_| {});
        log.finish(&mut |_| {});
        assert_eq!((told.len(), log.lines.len()), (100, LOG_LINES));
        assert!(
            log.lines
                .iter()
                .all(|line| line.len() <= LINE && !line.contains('\u{1b}'))
        );
    }
}
