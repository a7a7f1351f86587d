//! Programs that the host wants run: who runs them, how they are started, and how they end.

use super::kernel::{Kernel, open_in};
use super::{Fault, RUN, while_doing};
use agent::PIECE;
use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

/// Most bytes of the files that name users and groups.
const MOST: u64 = 4 << 20;
/// Most bytes that are left in an output, which is what a pipe holds.
const REST: usize = 1 << 20;

/// Somebody in whose name a program runs.
#[derive(Debug)]
pub struct User {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
    pub home: String,
    pub shell: String,
}

impl User {
    /// Looks somebody up in the system's files. Root is there in every system.
    pub fn find(root: &OwnedFd, name: &str) -> Result<User, Fault> {
        let users = text(root, "/etc/passwd");
        let line = users.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            match fields[..] {
                [of, _, uid, gid, _, home, shell] if of == name => {
                    Some((uid.parse().ok()?, gid.parse().ok()?, home.to_owned(), shell.to_owned()))
                }
                _ => None,
            }
        });
        let root_itself = || (name == "root").then(|| (0, 0, "/root".to_owned(), "/bin/sh".to_owned()));
        let Some((uid, gid, home, shell)) = line.or_else(root_itself) else {
            return Err(format!("there is no user '{name}' in the machine"));
        };
        let groups = text(root, "/etc/group");
        let of_user = groups.lines().filter_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            match fields[..] {
                [_, _, gid, members] if members.split(',').any(|member| member == name) => gid.parse().ok(),
                _ => None,
            }
        });
        Ok(User {
            name: name.to_owned(),
            uid,
            gid,
            groups: std::iter::once(gid).chain(of_user).collect(),
            home,
            shell,
        })
    }

    /// Returns it as one argument.
    pub fn encode(&self) -> String {
        let groups: Vec<String> = self.groups.iter().map(u32::to_string).collect();
        let User {
            name,
            uid,
            gid,
            home,
            shell,
            ..
        } = self;
        [name, &uid.to_string(), &gid.to_string(), &groups.join(","), home, shell]
            .map(String::as_str)
            .join(":")
    }

    /// Returns whom an argument stands for.
    pub fn decode(text: &str) -> Option<User> {
        let fields: Vec<&str> = text.split(':').collect();
        let [name, uid, gid, groups, home, shell] = fields[..] else {
            return None;
        };
        Some(User {
            name: name.to_owned(),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            groups: groups.split(',').map(str::parse).collect::<Result<_, _>>().ok()?,
            home: home.to_owned(),
            shell: shell.to_owned(),
        })
    }
}

fn text(root: &OwnedFd, path: &str) -> String {
    let file = open_in(root, path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty());
    let mut bytes = Vec::new();
    // A system without the file has no such users.
    let _ = file.map(|file| File::from(file).take(MOST).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A program that runs.
pub struct Running {
    child: Child,
    pid: Pid,
    /// Tells when it has ended.
    pub handle: OwnedFd,
    /// Both of its outputs, until they are closed.
    pub output: Option<OwnedFd>,
}

impl Running {
    /// Starts a program in the system's root, with a session of its own and nothing, or a file, to read.
    pub fn start(
        kernel: &Kernel,
        argv: &[String],
        env: &[(String, String)],
        user: &User,
        input: Option<OwnedFd>,
    ) -> Result<Running, Fault> {
        let Some(program) = argv.first() else {
            return Err("no program is named".into());
        };
        let doing = format!("start '{program}'");
        let (output, other) = std::io::pipe().map_err(while_doing(&doing))?;
        let input = match input {
            Some(input) => input,
            None => kernel.device("null", OFlags::RDONLY)?,
        };
        // Relative to `/proc`, which the server is in.
        let mut command = Command::new("self/exe");
        command.arg(RUN).arg(user.encode()).args(argv).env_clear();
        command.envs(env.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::from(input))
            .stderr(other.try_clone().map_err(while_doing(&doing))?)
            .stdout(other);
        let mut child = command.spawn().map_err(while_doing(&doing))?;
        let pid = Pid::from_child(&child);
        let output = OwnedFd::from(output);
        let handle = pidfd_open(pid, PidfdFlags::empty()).and_then(|handle| {
            fcntl_setfl(&output, fcntl_getfl(&output)? | OFlags::NONBLOCK)?;
            Ok(handle)
        });
        match handle {
            Ok(handle) => Ok(Running {
                child,
                pid,
                handle,
                output: Some(output),
            }),
            Err(error) => {
                // Nobody could tell when it ends.
                let _ = child.kill();
                let _ = child.wait();
                Err(while_doing(doing)(error))
            }
        }
    }

    /// Ends it, and all that is in its session's first group.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = kill_process_group(self.pid, Signal::KILL);
        let _ = self.child.kill();
    }

    /// Returns its exit code once it has ended.
    pub fn code(&mut self) -> Option<i32> {
        match self.child.try_wait() {
            Ok(Some(status)) => Some(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))),
            Ok(None) => None,
            // Somebody else has taken its code, which is then not known.
            Err(_) => Some(255),
        }
    }

    /// Returns what it has written, at most so much; `None` if nothing is there.
    pub fn piece(&mut self, most: usize) -> Option<Vec<u8>> {
        let mut piece = vec![0; most];
        match rustix::io::read(self.output.as_ref()?, &mut piece) {
            Ok(0) => {
                self.output = None;
                None
            }
            Ok(count) => {
                piece.truncate(count);
                Some(piece)
            }
            Err(_) => None,
        }
    }

    /// Returns what is left in its output, in pieces.
    pub fn rest(&mut self) -> Vec<Vec<u8>> {
        let (mut pieces, mut all) = (Vec::new(), 0);
        while all < REST
            && let Some(piece) = self.piece(PIECE)
        {
            all += piece.len();
            pieces.push(piece);
        }
        pieces
    }
}
