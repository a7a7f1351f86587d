//! Building with a Nix that is installed on this machine (`--build-with nix`).
//!
//! The derivations, and all that they need, exist only in an evaluation. They are put into the real store by
//! `nix-store --import`; where the daemon does not trust us, in ways that every Nix since 2.3 knows and that need no
//! trust: sources by `nix-store --add`, texts and derivations by an expression that calls `builtins.toFile` for each,
//! whose store path is the same as a derivation's. Then
//! `nix-store --realise` builds, and `nix-store --export` hands out what was built. Nothing of its store is read from
//! the disk: the programs may be those of another machine, or of a chroot.

use super::log::Log;
use super::needs::outputs_of;
use super::verdict::Verdicts;
use super::{BuildError, Engine, Forecast, Order, Outcomes, last_lines};
use crate::realised::{Limits, Realised};
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::StorePath;
use sys::{Command, Exec, Exit, Fs, FsError, FsOp, Mode};

/// Paths that are handed to one call of a program; the kernel limits the length of arguments.
const AT_ONCE: usize = 2000;
/// Most paths that a closure may have.
const MOST_PATHS: usize = 200_000;

/// What is added for each text.
const ADD: &str = "let add = name: text: refs: builtins.toFile name (builtins.appendContext text \
     (builtins.listToAttrs (map (name: { inherit name; value = { path = true; }; }) refs))); in [\n";

/// A Nix that is installed on this machine.
pub struct InstalledNix {
    /// Runs it.
    pub exec: Arc<dyn Exec>,
    /// Takes the files that are handed to it.
    pub fs: Arc<dyn Fs>,
    /// Its environment: `PATH`, in which `nix-store` and `nix-instantiate` are looked up, and its settings.
    pub env: Vec<(OsString, OsString)>,
    /// A folder that is made for files of one call and removed afterwards. Nix must see it under the same path.
    pub work: PathBuf,
    /// Remote builders, as Nix's option `builders` has them.
    pub builders: Option<String>,
    /// The longest that one call of it may take, builds among them.
    pub limit: Duration,
    /// Whether what it builds is brought into the store of the run, where something else than its own store is to have it.
    pub brings: bool,
}

impl Engine for InstalledNix {
    fn name(&self) -> &str {
        "the installed Nix"
    }

    fn forecast(
        &self,
        order: &Order<'_>,
        _into: &Realised,
        _told: &mut dyn FnMut(&str),
    ) -> Result<Forecast, BuildError> {
        self.instantiate(order)?;
        let wanted = order
            .wanted
            .iter()
            .map(|(drv, output)| format!("{}!{output}", drv.to_path()));
        let mut command = Command::new("nix-store").args(["--realise", "--dry-run"]).args(wanted);
        let output = self.call(&mut command)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.success() {
            true => Ok(Forecast::of_nix(&said)),
            false => {
                let last = last_lines(said.as_bytes()).pop().unwrap_or_default();
                Err(self.broken(&format!("nix-store {}: {last}", self.ended(output.exit))))
            }
        }
    }

    fn realise_each(
        &self,
        order: &Order<'_>,
        into: &Realised,
        told: &mut dyn FnMut(&str),
    ) -> Result<Outcomes, BuildError> {
        self.instantiate(order)?;
        let outcomes = self.build_each(order, told)?;
        if self.brings {
            let built: Vec<StorePath> = outcomes.iter().flatten().cloned().collect();
            self.fetch(&built, into)?;
        }
        Ok(outcomes)
    }
}

impl InstalledNix {
    /// Adds all that is ordered to the store of this Nix.
    pub fn instantiate(&self, order: &Order<'_>) -> Result<(), BuildError> {
        let drvs: Vec<StorePath> = order.wanted.iter().map(|(drv, _)| drv.clone()).collect();
        if self.invalid(&drvs)?.is_empty() {
            return Ok(());
        }
        let mut import = Command::new("nix-store").arg("--import").stdin(order.stream());
        if self.call(&mut import)?.success() {
            return Ok(());
        }
        let work = self
            .work
            .join(sys::random_token().map_err(|error| FsError::new(FsOp::Create, &self.work, error))?);
        self.fs.create_dir_all(&work)?;
        let added = self.add_all(&work, order);
        let removed = self.fs.remove_dir_all(&work);
        added?;
        Ok(removed?)
    }

    fn add_all(&self, work: &Path, order: &Order<'_>) -> Result<(), BuildError> {
        let sources: Vec<StorePath> = order.sources.iter().map(|(path, _)| path.clone()).collect();
        let missing = self.invalid(&sources)?;
        for (path, archive) in order.sources {
            if missing.contains(path) {
                self.add_source(work, path, archive)?;
            }
        }
        self.add_texts(work, order)
    }

    /// Adds a source; it is unpacked first, under the name that its store path shall have.
    fn add_source(&self, work: &Path, path: &StorePath, archive: &[u8]) -> Result<(), BuildError> {
        let folder = work.join(path.digest_digits());
        self.fs.create_dir_all(&folder)?;
        let unpacked = folder.join(path.name());
        self.run(Command::new("nix-store").arg("--restore").arg(&unpacked).stdin(archive))?;
        let mut added = self.paths(Command::new("nix-store").arg("--add").arg(&unpacked))?;
        if added.first() != Some(path) {
            // A file that was fetched is known by the hash of its bytes alone.
            added = self.paths(Command::new("nix-store").args(["--add-fixed", "sha256"]).arg(&unpacked))?;
        }
        self.fs.remove_dir_all(&folder)?;
        match added.first() {
            Some(found) if found == path => Ok(()),
            _ => Err(BuildError::Order(format!(
                "Nix puts the source '{}' elsewhere in its store",
                path.to_path()
            ))),
        }
    }

    /// Adds the derivations, their inputs, and the texts that they need.
    fn add_texts(&self, work: &Path, order: &Order<'_>) -> Result<(), BuildError> {
        let texts = order.texts();
        let mut expression = ADD.as_bytes().to_vec();
        for text in &texts {
            expression.extend_from_slice(b"(add ");
            push_string(&mut expression, text.path.name().as_bytes());
            expression.push(b' ');
            push_string(&mut expression, &text.bytes);
            expression.extend_from_slice(b" [");
            for reference in &text.references {
                push_string(&mut expression, reference.to_path().as_bytes());
            }
            expression.extend_from_slice(b"])\n");
        }
        expression.push(b']');
        let file = work.join("add.nix");
        self.fs.write(&file, &expression, Mode::Private)?;
        let arguments = [
            "--eval",
            "--strict",
            "--read-write-mode",
            "--option",
            "pure-eval",
            "false",
        ];
        let told = self.run(Command::new("nix-instantiate").args(arguments).arg(&file))?;
        let told = String::from_utf8_lossy(&told);
        let added: HashSet<&str> = told.split('"').collect();
        match texts.iter().find(|text| !added.contains(text.path.to_path().as_str())) {
            None => Ok(()),
            Some(text) => Err(BuildError::Order(format!(
                "Nix puts '{}' elsewhere in its store",
                text.path.to_path()
            ))),
        }
    }

    /// Builds what is ordered, which must have been added, and returns the path of each output; an error if one of them was
    /// not built.
    pub fn build(&self, order: &Order<'_>, told: &mut dyn FnMut(&str)) -> Result<Vec<StorePath>, BuildError> {
        self.build_each(order, told)?.into_iter().collect()
    }

    /// Builds all that can be built of what is ordered, which must have been added.
    fn build_each(&self, order: &Order<'_>, told: &mut dyn FnMut(&str)) -> Result<Outcomes, BuildError> {
        let wanted = order
            .wanted
            .iter()
            .map(|(drv, output)| format!("{}!{output}", drv.to_path()));
        let mut command = Command::new("nix-store")
            .args(["--realise", "--keep-going"])
            .args(wanted);
        if let Some(builders) = &self.builders {
            command = command.args(["--option", "builders", builders]);
        }
        let output = self.call(&mut command)?;
        let mut log = Log::default();
        log.take(&output.stderr, &mut |_| {});
        log.finish(&mut |_| {});
        log.last().iter().for_each(|line| told(line));
        if output.success() {
            let outputs = parse_paths(&output.stdout)?;
            return match outputs.len() == order.wanted.len() {
                true => Ok(outputs.into_iter().map(Ok).collect()),
                false => Err(self.broken("it does not say a path for each output")),
            };
        }
        let mut verdicts = Verdicts::default();
        let late = matches!(output.exit, Exit::TimedOut).then(|| self.ended(output.exit));
        verdicts.read(&log, late, &mut |drv| self.log_of(drv))?;
        let outputs = outputs_of(order)?;
        let invalid = self.invalid(&outputs)?;
        let wanted = order.wanted.iter().zip(outputs);
        Ok(wanted
            .map(|((drv, _), out)| match invalid.contains(&out) {
                false => Ok(out),
                true => Err(verdicts.of(order, drv, &|_| true)),
            })
            .collect())
    }

    /// Returns the end of what the builder of a derivation has said, if this Nix still knows it.
    fn log_of(&self, drv: &StorePath) -> Result<Vec<String>, BuildError> {
        let output = self.call(&mut Command::new("nix-store").args(["--read-log", &drv.to_path()]))?;
        Ok(match output.success() {
            true => last_lines(&output.stdout),
            false => Vec::new(),
        })
    }

    /// Copies paths, with all that they refer to, into the store of the run.
    pub fn fetch(&self, paths: &[StorePath], into: &Realised) -> Result<(), BuildError> {
        let arguments = paths.iter().map(StorePath::to_path);
        let closure = self.paths(
            Command::new("nix-store")
                .args(["--query", "--requisites"])
                .args(arguments),
        )?;
        let mut missing = Vec::new();
        for path in closure {
            if !into.has(&path)? {
                missing.push(path);
            }
        }
        for some in missing.chunks(AT_ONCE) {
            let mut imported = None;
            let mut command = Command::new("nix-store")
                .arg("--export")
                .args(some.iter().map(StorePath::to_path));
            self.prepare(&mut command);
            let output = self.exec.stream(&command, &mut |stream| {
                imported = Some(into.import(stream, self.name(), Limits::default(), MOST_PATHS));
            })?;
            if !output.success() {
                let said = last_lines(&output.stderr).pop().unwrap_or_default();
                return Err(self.broken(&format!("nix-store --export {}: {said}", self.ended(output.exit))));
            }
            if let Some(imported) = imported {
                imported?;
            }
        }
        Ok(())
    }

    /// Returns what paths refer to, as this Nix has it.
    pub fn references(&self, path: &StorePath) -> Result<Vec<StorePath>, BuildError> {
        self.paths(Command::new("nix-store").args(["--query", "--references", &path.to_path()]))
    }

    /// Returns those paths that this Nix does not have.
    fn invalid(&self, paths: &[StorePath]) -> Result<HashSet<StorePath>, BuildError> {
        let mut invalid = HashSet::new();
        for some in paths.chunks(AT_ONCE) {
            let arguments = some.iter().map(StorePath::to_path);
            let mut command = Command::new("nix-store").args(["--check-validity", "--print-invalid"]);
            command = command.args(arguments);
            invalid.extend(self.paths(command)?);
        }
        Ok(invalid)
    }

    /// Runs a command that prints store paths.
    fn paths(&self, command: Command) -> Result<Vec<StorePath>, BuildError> {
        parse_paths(&self.run(command)?)
    }

    /// Runs a command that has to succeed, and returns what it printed.
    fn run(&self, mut command: Command) -> Result<Vec<u8>, BuildError> {
        let output = self.call(&mut command)?;
        if output.success() && !output.truncated {
            return Ok(output.stdout);
        }
        let program = command.program.to_string_lossy();
        let said = last_lines(&output.stderr).pop().unwrap_or_default();
        Err(self.broken(&format!("{program} {}: {said}", self.ended(output.exit))))
    }

    fn call(&self, command: &mut Command) -> Result<sys::Output, BuildError> {
        self.prepare(command);
        Ok(self.exec.run(command)?)
    }

    fn prepare(&self, command: &mut Command) {
        command.env = self.env.clone();
        command.timeout = Some(self.limit);
    }

    fn ended(&self, exit: Exit) -> String {
        match exit {
            Exit::Code(code) => format!("ended with exit code {code}"),
            Exit::Signal(signal) => format!("was ended by signal {signal}"),
            Exit::TimedOut => format!("was interrupted, or took longer than {} s", self.limit.as_secs()),
        }
    }

    fn broken(&self, why: &str) -> BuildError {
        BuildError::Engine {
            engine: self.name().to_owned(),
            why: why.to_owned(),
        }
    }
}

fn parse_paths(text: &[u8]) -> Result<Vec<StorePath>, BuildError> {
    let text = String::from_utf8_lossy(text);
    let paths = text.lines().map(|line| StorePath::parse(line.trim()));
    paths
        .collect::<Result<_, _>>()
        .map_err(|error| BuildError::Order(error.to_string()))
}

/// Appends a text as a string of the Nix language.
fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' | b'$' => out.extend_from_slice(&[b'\\', byte]),
            // The language takes a carriage return in a text for the end of a line.
            b'\r' => out.extend_from_slice(b"\\r"),
            _ => out.push(byte),
        }
    }
    out.extend_from_slice(b"\" ");
}
