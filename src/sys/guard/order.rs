//! What a guard is told on its command line, written and read back.

use super::User;
use crate::env::Env;
use crate::exec::Command;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// The hidden first argument of this program.
pub const GUARD: &str = "__guard";

/// What a program may do with a file that is handed to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Read it.
    Read,
    /// Write it.
    Write,
    /// Both.
    ReadWrite,
    /// Speak with whoever listens on the socket that it is.
    Connect,
}

impl Access {
    const ALL: [Access; 4] = [Access::Read, Access::Write, Access::ReadWrite, Access::Connect];

    /// Returns its name on the command line.
    fn name(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "write",
            Access::ReadWrite => "read-write",
            Access::Connect => "connect",
        }
    }
}

/// A file that is opened for a program, which finds it open under a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Handed {
    /// The number.
    pub number: u32,
    /// What it is opened for.
    pub access: Access,
    /// The file, which the program itself may be unable to reach.
    pub path: PathBuf,
}

/// The most that a program may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of address space.
    pub memory: u64,
    /// Bytes of the largest file that it writes.
    pub file: u64,
    /// Files that are open at once.
    pub files: u64,
}

/// A program to run, and what it may not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Confined {
    /// Whom it runs as; whom this process runs as if none.
    pub user: Option<User>,
    /// The most that it may take.
    pub limits: Limits,
    /// Files that are opened for it.
    pub handed: Vec<Handed>,
    /// The program and its arguments; a name without a slash is looked up in `PATH`.
    pub argv: Vec<OsString>,
}

/// Where this program lies, which is called again as a guard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guard {
    program: PathBuf,
}

impl Guard {
    /// Returns the guard that this program itself is.
    pub fn of(env: &dyn Env) -> io::Result<Guard> {
        Ok(Guard {
            program: env.current_exe()?,
        })
    }

    /// Returns a guard that is another program, for tests of rooms that are none.
    pub fn at(program: impl Into<PathBuf>) -> Guard {
        Guard {
            program: program.into(),
        }
    }

    /// Returns the command that runs a program confined, and ends it when the command's input ends.
    pub fn keep(&self, confined: &Confined) -> Command {
        self.command(&[OsStr::new("keep")]).args(confined.arguments())
    }

    /// Returns the command that runs a program confined to its end; the program dies with the thread that waits for it.
    pub fn enter(&self, confined: &Confined) -> Command {
        let parent = std::process::id().to_string();
        self.command(&[OsStr::new("enter"), OsStr::new(&parent)])
            .args(confined.arguments())
    }

    /// Returns the command that waits for the end of its input, and then ends what carries a run's token and removes the
    /// run's folder.
    pub(crate) fn sweep(&self, folder: &Path, token: &str) -> Command {
        self.command(&[OsStr::new("sweep"), folder.as_os_str(), OsStr::new(token)])
    }

    fn command(&self, arguments: &[&OsStr]) -> Command {
        Command::new(&self.program).arg(GUARD).args(arguments)
    }
}

/// What a guard does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// Starts a program and ends it with the input.
    Keep(Confined),
    /// Becomes a program that dies with this process.
    Enter {
        /// The id of the process.
        parent: u32,
        /// The program.
        confined: Confined,
    },
    /// Cleans up behind a run.
    Sweep {
        /// The run's folder.
        folder: PathBuf,
        /// The run's token.
        token: String,
    },
}

impl Confined {
    /// Returns its form on the command line.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let Limits { memory, file, files } = self.limits;
        let mut all: Vec<OsString> = vec![format!("{memory},{file},{files}").into()];
        if let Some(User { uid, gid }) = self.user {
            all.extend(["user".into(), format!("{uid},{gid}").into()]);
        }
        for Handed { number, access, path } in &self.handed {
            all.extend([access.name().into(), number.to_string().into(), path.into()]);
        }
        all.push("--".into());
        all.extend(self.argv.iter().cloned());
        all
    }

    /// Reads its form on the command line.
    fn read<'a>(mut arguments: impl Iterator<Item = &'a OsString>) -> Option<Confined> {
        let limits = numbers::<3>(arguments.next()?)?;
        let mut confined = Confined {
            user: None,
            limits: Limits {
                memory: limits[0],
                file: limits[1],
                files: limits[2],
            },
            handed: Vec::new(),
            argv: Vec::new(),
        };
        loop {
            let word = arguments.next()?.to_str()?;
            if word == "--" {
                confined.argv = arguments.cloned().collect();
                return (!confined.argv.is_empty()).then_some(confined);
            }
            if word == "user" {
                let [uid, gid] = numbers::<2>(arguments.next()?)?;
                confined.user = Some(User {
                    uid: uid.try_into().ok()?,
                    gid: gid.try_into().ok()?,
                });
                continue;
            }
            confined.handed.push(Handed {
                access: Access::ALL.into_iter().find(|access| access.name() == word)?,
                number: arguments.next()?.to_str()?.parse().ok()?,
                path: arguments.next()?.into(),
            });
        }
    }
}

/// Returns so many numbers, which commas separate.
fn numbers<const N: usize>(text: &OsStr) -> Option<[u64; N]> {
    let numbers: Option<Vec<u64>> = text.to_str()?.split(',').map(|number| number.parse().ok()).collect();
    numbers?.try_into().ok()
}

/// Reads what a guard is told.
pub(super) fn read(arguments: &[OsString]) -> Result<Role, String> {
    let mut arguments = arguments.iter();
    let role = (|| match arguments.next()?.to_str()? {
        "keep" => Some(Role::Keep(Confined::read(arguments)?)),
        "enter" => Some(Role::Enter {
            parent: arguments.next()?.to_str()?.parse().ok()?,
            confined: Confined::read(arguments)?,
        }),
        "sweep" => {
            let folder = arguments.next()?.into();
            let token = arguments.next()?.to_str()?.to_owned();
            arguments.next().is_none().then_some(Role::Sweep { folder, token })
        }
        _ => None,
    })();
    role.ok_or_else(|| "a guard is called by cfgcheck itself, and by nobody else".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confined() -> Confined {
        let handed = |number, access, path: &str| Handed {
            number,
            access,
            path: path.into(),
        };
        Confined {
            user: Some(User { uid: 65534, gid: 108 }),
            limits: Limits {
                memory: 1 << 32,
                file: 7,
                files: 64,
            },
            handed: vec![
                handed(100, Access::Read, "/k"),
                handed(101, Access::Write, "--"),
                handed(102, Access::ReadWrite, "/a b,c"),
                handed(103, Access::Connect, "user"),
            ],
            argv: ["qemu", "--", "read"].map(OsString::from).to_vec(),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let command = Guard::at("/cfgcheck").keep(&confined());
        assert_eq!(command.program, "/cfgcheck");
        assert_eq!(command.args[0], GUARD);
        assert_eq!(read(&command.args[1..]), Ok(Role::Keep(confined())));
        let bare = Confined {
            user: None,
            handed: Vec::new(),
            ..confined()
        };
        let command = Guard::at("/cfgcheck").keep(&bare);
        assert_eq!(read(&command.args[1..]), Ok(Role::Keep(bare)));
        let command = Guard::at("/cfgcheck").enter(&confined());
        let role = Role::Enter {
            parent: std::process::id(),
            confined: confined(),
        };
        assert_eq!(read(&command.args[1..]), Ok(role));
        let sweep = Guard::at("/cfgcheck").sweep(Path::new("/run"), "x");
        let role = Role::Sweep {
            folder: "/run".into(),
            token: "x".into(),
        };
        assert_eq!(read(&sweep.args[1..]), Ok(role));
    }

    #[test]
    fn what_nobody_says_is_refused() {
        let table: [&[&str]; 10] = [
            &[],
            &["other"],
            &["keep"],
            &["keep", "1,2,3"],
            &["keep", "1,2", "--", "qemu"],
            &["keep", "1,2,3", "--"],
            &["keep", "1,2,3", "user", "1", "--", "qemu"],
            &["keep", "1,2,3", "read", "x", "/k", "--", "qemu"],
            &["enter", "x", "1,2,3", "--", "qemu"],
            &["sweep", "/run", "x", "more"],
        ];
        for arguments in table {
            let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
            assert!(read(&arguments).is_err(), "{arguments:?}");
        }
    }
}
