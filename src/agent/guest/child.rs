//! Between the server and a program: enters the system's root, becomes the user, and then the program.

use super::process::User;
use super::{Fault, while_doing};
use rustix::fs::{Gid, Mode, Uid};
use rustix::process::{chroot, setsid, umask};
use rustix::thread::{set_thread_gid, set_thread_groups, set_thread_uid};
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Where programs of a system are.
const PATH: &str = "/run/wrappers/bin:/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:\
                    /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Becomes the program; returns only if that cannot be, with the codes of a shell. What is wrong is written where the
/// program's output goes.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let user = arguments.next().and_then(|text| User::decode(text.to_str()?));
    let (Some(user), Some(program)) = (user, arguments.next()) else {
        return ExitCode::from(2);
    };
    let (fault, code) = match enter(&user) {
        Err(fault) => (fault, 126),
        Ok(()) => {
            let error = command(&program, &user).args(arguments).exec();
            let code = if error.kind() == ErrorKind::NotFound { 127 } else { 126 };
            (while_doing(format!("start '{}'", program.display()))(error), code)
        }
    };
    // The code says it too.
    let _ = std::io::stderr().write_all(format!("cfgcheck-agent: {fault}\n").as_bytes());
    ExitCode::from(code)
}

/// Enters the root of the init, whatever the server's own is, and becomes the user.
fn enter(user: &User) -> Result<(), Fault> {
    setsid().map_err(while_doing("have a session"))?;
    // The server is spared when memory is short, and what it starts is not.
    std::fs::write("self/oom_score_adj", "0").map_err(while_doing("be as others are"))?;
    chroot("1/root").map_err(while_doing("enter the system's root"))?;
    let home = std::env::set_current_dir(&user.home).or_else(|_| std::env::set_current_dir("/"));
    home.map_err(while_doing("enter a folder"))?;
    umask(Mode::from_raw_mode(0o022));
    let groups: Vec<Gid> = user.groups.iter().copied().map(Gid::from_raw).collect();
    let became = set_thread_groups(&groups)
        .and_then(|()| set_thread_gid(Gid::from_raw(user.gid)))
        .and_then(|()| set_thread_uid(Uid::from_raw(user.uid)));
    became.map_err(while_doing(format!("become {}", user.name)))
}

/// Returns the program's call, with the user's variables and then those that the host wants.
fn command(program: &OsString, user: &User) -> Command {
    let mut command = Command::new(program);
    let User {
        name, uid, home, shell, ..
    } = user;
    let path = if *uid == 0 {
        PATH.to_owned()
    } else {
        format!("{home}/.nix-profile/bin:/etc/profiles/per-user/{name}/bin:{PATH}")
    };
    command
        .env_clear()
        .env("PATH", path)
        .env("HOME", home)
        .env("LANG", "C.UTF-8");
    command.env("USER", name).env("LOGNAME", name).env("SHELL", shell);
    let runtime = format!("/run/user/{uid}");
    if *uid != 0 && Path::new(&runtime).is_dir() {
        command.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={runtime}/bus"));
        command.env("XDG_RUNTIME_DIR", runtime);
    }
    command.envs(std::env::vars_os());
    command
}
