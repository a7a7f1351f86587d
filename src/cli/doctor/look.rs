//! The machine that is looked at, and what its programs say of themselves.

use crate::machine::Machine;
use ::vm::Processor;
use diag::clean_line;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use sys::{Command, Exec, ExecError, Exit, Guard, Output};

/// Longest time that a program may take to say something.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a look at a machine needs.
pub struct Look<'l> {
    /// Its files, variables and clock.
    pub machine: &'l Machine,
    /// Runs its programs.
    pub exec: &'l dyn Exec,
    /// This program, which confines QEMU; or why it cannot be found.
    pub guard: Result<Guard, String>,
    /// A folder for files of this run; or why there is none.
    pub folder: Result<PathBuf, String>,
    /// The processors whose guests must run.
    pub processors: Vec<Processor>,
}

/// Why a program says nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Silent {
    /// It is not in the search path.
    Absent,
    /// It is, and does not work.
    Broken(String),
}

impl Silent {
    /// Returns what is missing, in a sentence.
    pub fn told(&self, program: &str, purpose: &str) -> String {
        match self {
            Silent::Absent => format!("`{program}` is not in the search path; {purpose}"),
            Silent::Broken(why) => format!("`{program}` does not work ({why}); {purpose}"),
        }
    }
}

impl Look<'_> {
    /// Returns the search path.
    pub fn path(&self) -> String {
        self.machine.env.text("PATH").unwrap_or_default()
    }

    /// Returns whom this runs as, for commands that name the user.
    pub fn user(&self) -> String {
        let user = self.machine.env.text("USER");
        let is_plain = |user: &String| user.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        user.filter(is_plain).unwrap_or_else(|| "NAME".into())
    }

    /// Returns the version that a program says it has. Some say so on standard error.
    pub fn version(&self, program: &str, arguments: &[&str]) -> Result<String, Silent> {
        // As `vm::image` looks for programs of disks, which are an administrator's.
        let path = format!("{}:/usr/sbin:/sbin", self.path());
        let env = vec![("PATH".into(), path.into()), ("LC_ALL".into(), "C".into())];
        let output = self.run(program, arguments, env)?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let first = said.lines().next().unwrap_or_default();
        let number = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
        let version = first.split_whitespace().find(number).unwrap_or(first);
        Ok(clean_line(version).into_owned())
    }

    /// Returns what a program leaves behind that has to succeed, in an environment.
    pub fn run(&self, program: &str, arguments: &[&str], env: Vec<(OsString, OsString)>) -> Result<Output, Silent> {
        let mut command = Command::new(program).args(arguments).cwd("/").timeout(PATIENCE);
        command.env = env;
        command.output_limit = 1 << 16;
        match self.exec.run(&command) {
            Ok(output) if output.success() => Ok(output),
            Ok(output) => Err(Silent::Broken(how(&output))),
            Err(ExecError::NotFound { .. }) => Err(Silent::Absent),
            Err(error) => Err(Silent::Broken(clean_line(&error.to_string()).into_owned())),
        }
    }

    /// Returns the processor of this machine, if guests can have it.
    pub fn own(&self) -> Option<Processor> {
        Processor::of_system(&self.machine.system())
    }

    /// Whether something is at a path.
    pub fn is_there(&self, path: &Path) -> bool {
        matches!(self.machine.fs.stat(path), Ok(Some(_)))
    }
}

/// Returns how a program failed: its last line, or how it ended.
fn how(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    let ended = match output.exit {
        Exit::Code(code) => format!("it ends with code {code}"),
        Exit::Signal(signal) => format!("it is ended by signal {signal}"),
        Exit::TimedOut => format!("it does not end within {} seconds", PATIENCE.as_secs()),
    };
    last.map_or(ended, |last| clean_line(last).into_owned())
}

/// Returns a number of bytes for people.
pub fn shown(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        // One digit behind the point says enough, and rounding is no matter here.
        Some((unit, name)) if bytes < 10 * unit => format!("{:.1} {name}", bytes as f64 / unit as f64),
        Some((unit, name)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn sizes_have_units() {
        let table = [
            (0, "0 bytes"),
            (1536, "1.5 KiB"),
            (20 << 20, "20 MiB"),
            ((5 << 30) + (1 << 29), "5.5 GiB"),
            (100 << 30, "100 GiB"),
        ];
        for (bytes, expected) in table {
            assert_eq!(shown(bytes), expected);
        }
    }
}
