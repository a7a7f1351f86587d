//! The guard that becomes the program which it confines.

use super::order::{Access, Confined, Handed};
use rustix::fs::{Gid, Uid};
use rustix::io::FdFlags;
use rustix::process::{Resource, Rlimit, Signal};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;

/// Becomes a program; returns only if that cannot be, with the reason.
pub(super) fn enter(parent: u32, confined: &Confined) -> String {
    let ready = hand(&confined.handed).and_then(|files| {
        confine(parent, confined).map_err(|error| format!("cannot confine a program: {error}"))?;
        Ok(files)
    });
    let files = match ready {
        Ok(files) => files,
        Err(why) => return why,
    };
    let Some((program, arguments)) = confined.argv.split_first() else {
        return "there is no program".into();
    };
    let error = std::process::Command::new(program).args(arguments).exec();
    drop(files);
    if error.kind() == io::ErrorKind::NotFound {
        return format!("there is no program {program:?}");
    }
    format!("cannot run {program:?}: {error}")
}

/// Opens files under their numbers, so that the program finds them.
fn hand(handed: &[Handed]) -> Result<Vec<OwnedFd>, String> {
    let open = |Handed { number, access, path }: &Handed| -> io::Result<OwnedFd> {
        let mut options = OpenOptions::new();
        let opened: OwnedFd = match access {
            Access::Read => File::open(path)?.into(),
            Access::Write => options.write(true).open(path)?.into(),
            Access::ReadWrite => options.read(true).write(true).open(path)?.into(),
            Access::Connect => UnixStream::connect(path)?.into(),
        };
        let number = i32::try_from(*number).map_err(io::Error::other)?;
        let numbered = rustix::io::fcntl_dupfd_cloexec(&opened, number)?;
        // The lowest number that is free from there on, which is the wanted one unless something is open there.
        if numbered.as_raw_fd() != number {
            return Err(io::Error::other(format!("the number {number} is taken")));
        }
        rustix::io::fcntl_setfd(&numbered, FdFlags::empty())?;
        Ok(numbered)
    };
    let files = handed.iter().map(|file| {
        open(file).map_err(|error| {
            format!(
                "cannot open '{}': {error}",
                file.path.display().to_string().escape_debug()
            )
        })
    });
    files.collect()
}

/// Gives away for good what the program must not have.
fn confine(parent: u32, confined: &Confined) -> io::Result<()> {
    let limits = [
        (Resource::As, confined.limits.memory),
        (Resource::Fsize, confined.limits.file),
        (Resource::Nofile, confined.limits.files),
        (Resource::Core, 0),
    ];
    for (resource, most) in limits {
        // Nobody may raise a limit that is lower already.
        let had = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let most = Some(most.min(had));
        let limit = Rlimit {
            current: most,
            maximum: most,
        };
        rustix::process::setrlimit(resource, limit)?;
    }
    if let Some(user) = confined.user {
        // Of this thread, which is the only one and is all that is left of the process.
        rustix::thread::set_thread_groups(&[])?;
        rustix::thread::set_thread_gid(Gid::from_raw(user.gid))?;
        rustix::thread::set_thread_uid(Uid::from_raw(user.uid))?;
    }
    rustix::thread::set_no_new_privs(true)?;
    // After the change of the user, which takes it back (prctl(2)).
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // Whoever is the parent now was not there when the signal was set, if the one that called has died before.
    let now = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
    if i64::from(now) != i64::from(parent) {
        return Err(io::Error::other("the one that called it is gone"));
    }
    Ok(())
}
