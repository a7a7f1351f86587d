//! The first process: mounts what it needs, loads modules, starts the server, and then is what the plan says.

use super::mounts::mount_below;
use super::{Fault, SERVE, while_doing};
use agent::{Mount, Plan, Role};
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_move, unmount};
use rustix::process::{WaitOptions, chroot, wait};
use rustix::system::{RebootCommand, finit_module, reboot};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::time::Duration;

/// The kernel's file systems: name, folder, type and flags.
const KERNELS: [(&str, &str, MountFlags); 3] = [
    ("proc", "/proc", MOUNTED),
    ("sysfs", "/sys", MOUNTED),
    ("devtmpfs", "/dev", MountFlags::NOSUID),
];
const MOUNTED: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV).union(MountFlags::NOEXEC);
/// Where the system's root is mounted.
const ROOT: &str = "/sysroot";

/// Is the init. It returns only if the kernel is to panic.
pub fn init() -> ExitCode {
    match begin() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            say(&fault);
            ExitCode::FAILURE
        }
    }
}

fn begin() -> Result<(), Fault> {
    let mut mounted = Vec::new();
    for (kind, folder, flags) in KERNELS {
        if !Path::new(folder).is_dir() {
            std::fs::create_dir(folder).map_err(while_doing(format!("make {folder}")))?;
        }
        match mount(kind, folder, kind, flags, None) {
            Ok(()) => mounted.push(folder),
            Err(Errno::BUSY) => {}
            Err(error) => return Err(while_doing(format!("mount {folder}"))(error)),
        }
    }
    let text = std::fs::read_to_string(agent::PLAN).map_err(while_doing(format!("read {}", agent::PLAN)))?;
    let plan = Plan::read(&text).map_err(|error| error.to_string())?;
    for module in &plan.modules {
        // What cannot be loaded may not be needed, such as a driver for another processor.
        if let Err(fault) = load(module) {
            say(&fault);
        }
    }
    let server = start_server(&plan.role)?;
    match plan.role {
        Role::PassThrough { init } => {
            for folder in mounted.into_iter().rev() {
                unmount(folder, UnmountFlags::DETACH).map_err(while_doing(format!("unmount {folder}")))?;
            }
            // What the kernel does not know of its command line is the init's, with the environment.
            Err(become_init(&init, std::env::args_os().skip(1)))
        }
        Role::Stage1 { mounts, init, prepare } => {
            let begun = stage_1(&mounts, prepare.as_deref());
            let fault = match begun {
                Ok(()) => become_init(&init, std::iter::empty::<&str>()),
                Err(fault) => fault,
            };
            stay(server, Some(fault))
        }
        Role::BootDefault { mounts } => {
            let fault = mounts_below_root(&mounts, true).and_then(|()| enter());
            stay(server, fault.err())
        }
        Role::Build { mounts } => {
            let ready = mounts_below_root(&mounts, false).and_then(|()| move_kernels());
            let ready = ready.and_then(|()| furnish()).and_then(|()| enter());
            stay(server, ready.err())
        }
    }
}

/// Writes a line on the console.
fn say(what: &str) {
    // Where it cannot be written there is nobody to read it.
    let _ = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/console")
        .and_then(|mut console| console.write_all(format!("cfgcheck-agent: {what}\n").as_bytes()));
}

fn load(module: &str) -> Result<(), Fault> {
    let file = File::open(module).map_err(while_doing(format!("open {module}")))?;
    match finit_module(&file, c"", 0) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(while_doing(format!("load {module}"))(error)),
    }
}

/// Starts the server, waits until it hears the host, and returns the way to tell it what goes wrong here.
fn start_server(role: &Role) -> Result<ChildStdin, Fault> {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("@cfgcheck-agent").arg(SERVE).arg(role.name());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut server = command.spawn().map_err(while_doing("start the server"))?;
    let (stdin, stdout) = (server.stdin.take(), server.stdout.take());
    let (Some(stdin), Some(mut stdout)) = (stdin, stdout) else {
        return Err("the server has no pipes".into());
    };
    let mut ready = String::new();
    stdout
        .read_to_string(&mut ready)
        .map_err(while_doing("hear the server"))?;
    if !ready.is_empty() {
        // Without a line to the host the system is started all the same, as the host has its console.
        say(&ready);
    }
    Ok(stdin)
}

/// Does what stage 1 of a system does, up to the point where its init can be started.
fn stage_1(mounts: &[Mount], prepare: Option<&str>) -> Result<(), Fault> {
    mounts_below_root(mounts, false)?;
    move_kernels()?;
    furnish()?;
    enter()?;
    let Some(prepare) = prepare else { return Ok(()) };
    // As the unit `initrd-nixos-activation` of NixOS does.
    let status = Command::new(prepare).env("IN_NIXOS_SYSTEMD_STAGE1", "true").status();
    let status = status.map_err(while_doing(format!("start {prepare}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{prepare} ends with {status}"))
    }
}

fn mounts_below_root(mounts: &[Mount], read_only: bool) -> Result<(), Fault> {
    std::fs::create_dir_all(ROOT).map_err(while_doing(format!("make {ROOT}")))?;
    mounts.iter().try_for_each(|mount| mount_below(ROOT, mount, read_only))
}

/// Takes the kernel's file systems along into the system's root.
fn move_kernels() -> Result<(), Fault> {
    for (_, folder, _) in KERNELS {
        let target = format!("{ROOT}{folder}");
        std::fs::create_dir_all(&target).map_err(while_doing(format!("make {target}")))?;
        mount_move(folder, &target).map_err(while_doing(format!("move {folder}")))?;
    }
    Ok(())
}

/// Mounts what a system expects beside them, and makes the names that shells want.
fn furnish() -> Result<(), Fault> {
    let more = [
        ("tmpfs", "/run", "mode=755"),
        ("tmpfs", "/dev/shm", "mode=1777"),
        ("devpts", "/dev/pts", "mode=620,gid=3,ptmxmode=666"),
    ];
    for (kind, target, options) in more {
        let mount = Mount {
            source: kind.into(),
            target: target.into(),
            kind: kind.into(),
            options: format!("nosuid,{options}"),
        };
        mount_below(ROOT, &mount, false)?;
    }
    for (name, target) in [("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")] {
        let link = format!("{ROOT}/dev/{name}");
        match std::os::unix::fs::symlink(format!("/proc/self/{target}"), &link) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(while_doing(format!("make {link}"))(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes the system's root the root.
fn enter() -> Result<(), Fault> {
    let entered = std::env::set_current_dir(ROOT).map_err(|error| error.to_string());
    let entered = entered.and_then(|()| mount_move(".", "/").map_err(|error| error.to_string()));
    let entered = entered.and_then(|()| chroot(".").map_err(|error| error.to_string()));
    entered.map_err(while_doing("enter the system's root"))?;
    std::env::set_current_dir("/").map_err(while_doing("enter the system's root"))
}

/// Becomes a system's init, or returns why not.
fn become_init(init: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Fault {
    while_doing(format!("start {init}"))(Command::new(init).args(arguments).exec())
}

/// Stays the init: tells the server what went wrong, and takes the exit codes of all that end, until switched off.
fn stay(mut server: ChildStdin, fault: Option<Fault>) -> ! {
    if let Some(fault) = fault {
        say(&fault);
        // A server that is gone leaves the console.
        let _ = server.write_all(fault.as_bytes());
    }
    // The server reads to the end.
    drop(server);
    loop {
        if matches!(wait(WaitOptions::empty()), Err(Errno::CHILD)) {
            say("the server is gone");
            // It is back only if that cannot be done, and then it is tried again.
            let _ = reboot(RebootCommand::PowerOff);
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}
