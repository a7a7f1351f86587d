//! The guard that stays: it lives as long as the one who called it, and what it keeps lives no longer.

use super::order::{Confined, GUARD};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};

/// Starts a program and returns its exit code (128 and the signal, if one ended it), or ends it when the standard input ends.
pub(super) fn keep(confined: &Confined) -> Result<u8, String> {
    // The file of this program may have been replaced since it started.
    let mut enter = Command::new("/proc/self/exe");
    enter
        .arg(GUARD)
        .arg("enter")
        .arg(std::process::id().to_string())
        .args(confined.arguments());
    let mut child = enter
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start itself: {error}"))?;
    let waited = until_either_ends(&mut child);
    if waited.is_err() {
        // Nobody would watch it any more; the first error is the one to tell.
        let _ = child.kill();
    }
    let status = waited.map_err(|error| format!("cannot wait for a program: {error}"))?;
    Ok(code(status))
}

/// Returns an exit code as a shell has it.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    u8::try_from(code).unwrap_or(u8::MAX)
}

/// Waits for the end of the child, and ends it if the input ends before.
fn until_either_ends(child: &mut Child) -> io::Result<ExitStatus> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    let mut input = io::stdin().lock();
    let mut buffer = [0; 64];
    loop {
        let stdin = io::stdin();
        let stdin = stdin.as_fd();
        let mut ends = [
            PollFd::from_borrowed_fd(stdin, PollFlags::IN),
            PollFd::new(&process, PollFlags::IN),
        ];
        match poll(&mut ends, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let [talks, ended] = ends.map(|end| !end.revents().is_empty());
        if ended {
            return child.wait();
        }
        if talks {
            match input.read(&mut buffer) {
                Ok(0) => {
                    child.kill()?;
                    return child.wait();
                }
                // What is said does not matter.
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
