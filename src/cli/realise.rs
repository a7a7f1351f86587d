//! Import from derivation with an installed Nix (`--ifd nix`).
//!
//! The derivation, and all that it needs, exists only in this evaluation. It is put into the real
//! store in ways that every Nix since 2.3 knows and that need no trust of its daemon: sources by
//! `nix-store --add`, texts and derivations by an expression that calls `builtins.toFile` for each,
//! whose store path is the same as a derivation's. Then `nix-store --realise` builds it.

use crate::machine::Machine;
use eval::{Build, IoError};
use flake::world::{Realised, Realiser};
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::{Origin, StorePath, VirtualStore};
use sys::{Command, Exec, ExecError, Exit, Fs, Mode};

/// Longest time of one call of Nix, builds among them.
const TIMEOUT: Duration = Duration::from_secs(3600);
/// Lines of Nix's own words that a message repeats.
const TOLD_LINES: usize = 12;

/// What [`Nix`] adds to each text.
const ADD: &str = "let add = name: text: refs: builtins.toFile name (builtins.appendContext text \
     (builtins.listToAttrs (map (name: { inherit name; value = { path = true; }; }) refs))); in [\n";

/// Returns what builds derivations with the machine's Nix.
pub fn with_nix(machine: &Machine, exec: Arc<dyn Exec>) -> Realiser {
    let nix = Nix {
        fs: machine.fs.clone(),
        exec,
        env: environment(machine),
        temporary: machine.env.temp_dir(),
    };
    Box::new(move |build| nix.realise(build))
}

/// Returns the environment of an installed Nix: what it reads its settings from; nothing else of ours is its business.
pub fn environment(machine: &Machine) -> Vec<(OsString, OsString)> {
    let mut env = Vec::new();
    for (name, value) in machine.env.vars() {
        let text = name.to_string_lossy();
        let of_nix = text.starts_with("NIX_") && text != "NIX_PATH";
        if of_nix || ["PATH", "HOME", "USER", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"].contains(&&*text) {
            env.push((name, value));
        }
    }
    env
}

struct Nix {
    fs: Arc<dyn Fs>,
    exec: Arc<dyn Exec>,
    env: Vec<(OsString, OsString)>,
    temporary: PathBuf,
}

impl Nix {
    fn realise(&self, build: &Build<'_>) -> Result<Vec<Realised>, IoError> {
        let work = self.temporary.join(format!(
            "cfgcheck-build-{}-{}",
            std::process::id(),
            build.drv.digest_digits()
        ));
        let built = self
            .fs
            .create_dir_all(&work)
            .map_err(other)
            .and_then(|()| self.build_in(&work, build));
        let removed = self.fs.remove_dir_all(&work).map_err(other);
        let built = built.map_err(|error| {
            IoError::Other(format!(
                "cannot build '{}' during evaluation: {error}",
                build.drv.to_path()
            ))
        })?;
        removed?;
        Ok(built)
    }

    fn build_in(&self, work: &Path, build: &Build<'_>) -> Result<Vec<Realised>, IoError> {
        if !self.is_there(build.drv)? {
            for (path, nar) in build.sources {
                if !self.is_there(path)? {
                    self.add_source(work, path, nar)?;
                }
            }
            self.add_texts(work, build)?;
        }
        let mut realised = Vec::new();
        for output in build.outputs {
            let wanted = format!("{}!{output}", build.drv.to_path());
            for path in self.paths(Command::new("nix-store").args(["--realise", &wanted]))? {
                let references =
                    self.paths(Command::new("nix-store").args(["--query", "--references", &path.to_path()]))?;
                realised.push(Realised { path, references });
            }
        }
        Ok(realised)
    }

    fn is_there(&self, path: &StorePath) -> Result<bool, IoError> {
        Ok(self.fs.lstat(Path::new(&path.to_path())).map_err(other)?.is_some())
    }

    /// Adds a source; it is unpacked first, under the name that its store path shall have.
    fn add_source(&self, work: &Path, path: &StorePath, nar: &[u8]) -> Result<(), IoError> {
        let folder = work.join(path.digest_digits());
        self.fs.create_dir_all(&folder).map_err(other)?;
        let unpacked = folder.join(path.name());
        self.run(Command::new("nix-store").arg("--restore").arg(&unpacked).stdin(nar))?;
        let mut added = self.paths(Command::new("nix-store").arg("--add").arg(&unpacked))?;
        if added.first() != Some(path) {
            // A file that was fetched is known by the hash of its bytes alone.
            added = self.paths(Command::new("nix-store").args(["--add-fixed", "sha256"]).arg(&unpacked))?;
        }
        self.fs.remove_dir_all(&folder).map_err(other)?;
        if added.first() == Some(path) {
            return Ok(());
        }
        Err(IoError::Other(format!(
            "Nix puts the source '{}' elsewhere in its store",
            path.to_path()
        )))
    }

    /// Adds the derivation, its inputs, and the texts that they need.
    fn add_texts(&self, work: &Path, build: &Build<'_>) -> Result<(), IoError> {
        let texts = texts(build.store, build.drv);
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
        self.fs.write(&file, &expression, Mode::Private).map_err(other)?;
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
            Some(text) => Err(IoError::Other(format!(
                "Nix puts '{}' elsewhere in its store",
                text.path.to_path()
            ))),
        }
    }

    /// Runs a command that prints store paths.
    fn paths(&self, command: Command) -> Result<Vec<StorePath>, IoError> {
        let told = self.run(command)?;
        String::from_utf8_lossy(&told)
            .lines()
            .map(|line| StorePath::parse(line.trim()).map_err(other))
            .collect()
    }

    /// Runs a command of Nix and returns what it printed.
    fn run(&self, mut command: Command) -> Result<Vec<u8>, IoError> {
        command.env = self.env.clone();
        command.timeout = Some(TIMEOUT);
        let program = command.program.to_string_lossy().into_owned();
        let output = self.exec.run(&command).map_err(|error| match error {
            ExecError::NotFound { .. } => {
                IoError::Other(format!("--ifd nix needs an installed Nix, and there is no '{program}'"))
            }
            error => other(error),
        })?;
        if output.success() && !output.truncated {
            return Ok(output.stdout);
        }
        let why = match output.exit {
            Exit::Code(code) => format!("{program} failed with exit code {code}"),
            Exit::Signal(signal) => format!("{program} was ended by signal {signal}"),
            Exit::TimedOut => format!("{program} was interrupted, or took longer than {} s", TIMEOUT.as_secs()),
        };
        let told = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = told.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines[lines.len().saturating_sub(TOLD_LINES)..].join("\n  ");
        Err(IoError::Other(format!("{why}:\n  {last}")))
    }
}

fn other(error: impl std::fmt::Display) -> IoError {
    IoError::Other(error.to_string())
}

/// A file in the store that is known by its bytes and references: a text or a derivation.
struct Text {
    path: StorePath,
    bytes: Vec<u8>,
    references: Vec<StorePath>,
}

/// Returns a derivation with all derivations and texts that it needs, each after what it refers to.
fn texts(store: &VirtualStore, drv: &StorePath) -> Vec<Text> {
    let mut found = Vec::new();
    let mut seen: HashSet<StorePath> = HashSet::new();
    // A path comes up once to look at what it refers to, and again when all of that is done.
    let mut pending = vec![(drv.clone(), false)];
    while let Some((path, is_done)) = pending.pop() {
        if !is_done && !seen.insert(path.clone()) {
            continue;
        }
        let Some((bytes, references)) = text(store, &path) else {
            continue;
        };
        if is_done {
            found.push(Text {
                path,
                bytes,
                references,
            });
            continue;
        }
        pending.push((path, true));
        pending.extend(references.into_iter().map(|reference| (reference, false)));
    }
    found
}

fn text(store: &VirtualStore, path: &StorePath) -> Option<(Vec<u8>, Vec<StorePath>)> {
    if let Some(drv) = store.derivation(path) {
        return Some((store.aterm(path)?, drv.references().cloned().collect()));
    }
    let object = store.object(path)?;
    match &object.origin {
        Origin::Bytes(bytes) => Some((bytes.to_vec(), object.references.iter().cloned().collect())),
        Origin::Token(_) => None,
    }
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
