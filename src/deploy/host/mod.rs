//! The machine that is deployed to, as the engine that runs on it sees it: its files, its programs, its clock.

mod contract;
mod home;
mod loader;
mod observed;
mod profile;
mod realm;

pub use contract::{NotToplevel, Reboot, is_toplevel, reboot_needs};
pub use home::{Files, NotGeneration, is_generation, shown};
pub use observed::{Observed, link};
pub(crate) use observed::{boot_id, uptime};
pub use profile::{Place, Profile, ProfileError};
pub use realm::{Home, NoHome, Realm};

use activation::units::{self, Detail, Units};
use std::path::Path;
use std::time::Duration;
use sys::{Clock, Command, Exec, ExecError, Exit, Fs, FsError};

/// How long a question to the machine may take.
pub const QUESTION: Duration = Duration::from_secs(60);

/// Most bytes that are kept of what a program says.
const MOST_OUTPUT: usize = 1 << 20;

/// The machine.
#[derive(Clone, Copy)]
pub struct Host<'h> {
    /// Its files.
    pub fs: &'h dyn Fs,
    /// Runs its programs.
    pub exec: &'h dyn Exec,
    /// Its clock.
    pub clock: &'h dyn Clock,
    /// This program, which units that outlive a command start again.
    pub program: &'h Path,
    /// What of it is deployed.
    pub realm: Realm<'h>,
}

/// The machine does not do what it is asked to.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FsError),
    /// A program cannot be run.
    #[error(transparent)]
    Program(#[from] ExecError),
    /// A program failed that a deployment cannot do without.
    #[error("`{program}` fails ({ended}){}", colon(.said))]
    Failed {
        /// Its name and arguments.
        program: String,
        /// How it ended.
        ended: String,
        /// The last line that it said.
        said: String,
    },
    /// A profile cannot be read or set.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// What is asked of the machine has no answer.
    #[error("{0}")]
    Unknown(String),
}

fn colon(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    }
}

/// What a program did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ran {
    /// How it ended.
    pub exit: Exit,
    /// What it said on both of its outputs, the standard one first.
    pub output: Vec<u8>,
}

impl Ran {
    /// Returns the exit code; 128 and its number for a signal, `None` if its time was up.
    pub fn code(&self) -> Option<i32> {
        match self.exit {
            Exit::Code(code) => Some(code),
            Exit::Signal(signal) => Some(128 + signal),
            Exit::TimedOut => None,
        }
    }

    /// Returns how it ended in words.
    pub fn ended(&self) -> String {
        match self.exit {
            Exit::Code(code) => format!("it exits {code}"),
            Exit::Signal(signal) => format!("signal {signal} ended it"),
            Exit::TimedOut => "its time was up".to_owned(),
        }
    }

    /// Returns the last line that says something, harmless to print.
    pub fn last_line(&self) -> String {
        let text = String::from_utf8_lossy(&self.output);
        let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
        diag::clean_line(last.unwrap_or_default()).chars().take(300).collect()
    }
}

impl Host<'_> {
    /// Runs a program with these arguments, and with no other variables than the realm's own.
    pub fn run(&self, argv: &[impl AsRef<str>], limit: Duration) -> Result<Ran, HostError> {
        let mut words = argv.iter().map(AsRef::as_ref);
        let mut command = Command::new(words.next().unwrap_or_default())
            .args(words)
            .timeout(limit);
        for (name, value) in self.variables() {
            command = command.env(name, value);
        }
        command.output_limit = MOST_OUTPUT;
        let output = self.exec.run(&command)?;
        let mut said = output.stdout;
        said.extend(output.stderr);
        Ok(Ran {
            exit: output.exit,
            output: said,
        })
    }

    /// Runs a program that has to succeed, and returns what it said.
    pub fn succeed(&self, argv: &[impl AsRef<str>], limit: Duration) -> Result<Vec<u8>, HostError> {
        let ran = self.run(argv, limit)?;
        if ran.exit == Exit::Code(0) {
            return Ok(ran.output);
        }
        Err(HostError::Failed {
            program: argv.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" "),
            ended: ran.ended(),
            said: ran.last_line(),
        })
    }

    /// Returns the units of the machine as they are now.
    pub fn units(&self, detail: Detail) -> Result<Units, HostError> {
        Ok(Units::read(&self.told_units(detail)?))
    }

    /// Returns what the service manager tells of its units, of which there are some.
    pub fn told_units(&self, detail: Detail) -> Result<Vec<u8>, HostError> {
        let question = match self.realm {
            Realm::System => units::question(detail),
            Realm::Home(_) => units::question_of_user(detail),
        };
        let told = self.succeed(&question, QUESTION)?;
        if Units::read(&told).0.is_empty() {
            return Err(HostError::Unknown("the service manager names no units".into()));
        }
        Ok(told)
    }

    /// Returns the units of the machine once no job is left, or as they are after some time.
    pub fn settled_units(&self, detail: Detail, limit: Duration) -> Result<Units, HostError> {
        let deadline = self.clock.monotonic() + limit;
        loop {
            let list = self.of_manager("systemctl", &["list-jobs", "--no-legend", "--no-pager"]);
            let jobs = self.succeed(&list, QUESTION)?;
            let idle = jobs.iter().all(u8::is_ascii_whitespace) || jobs.starts_with(b"No jobs");
            if idle || self.clock.monotonic() >= deadline {
                return self.units(detail);
            }
            self.clock.sleep(Duration::from_millis(500));
        }
    }

    /// Returns whether a file or folder is there.
    pub fn has(&self, path: impl AsRef<Path>) -> Result<bool, HostError> {
        Ok(self.fs.stat(path.as_ref())?.is_some())
    }

    /// Returns a text file without white space around it.
    pub fn text(&self, path: impl AsRef<Path>) -> Result<String, HostError> {
        let bytes = self.fs.read(path.as_ref())?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    /// Returns this program as an argument.
    pub fn program(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }
}
