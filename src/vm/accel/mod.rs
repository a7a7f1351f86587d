//! Which accelerator a guest runs with, found out by running one: KVM's calls may all succeed on a machine where no
//! guest ever runs.

mod guest;

use crate::Processor;
use diag::clean_line;
use std::path::Path;
use std::time::Duration;
use sys::{Access, Clock, Command, Confined, Exec, ExecError, Exit, Fs, FsError, Guard, Handed, Limits, Mode, User};

/// The device that KVM is used through (Linux, Documentation/virt/kvm/api.rst).
pub const DEVICE: &str = "/dev/kvm";
/// Longest time that the probe's guest may take to its end. Emulated on a busy machine it takes a second.
const DEADLINE: Duration = Duration::from_secs(10);
/// What tells one start of this machine from another (proc_sys_kernel(5)).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// The most that the probe's QEMU may take.
const LIMITS: Limits = Limits {
    memory: 6 << 30,
    file: 1 << 20,
    files: 256,
};
/// The number under which QEMU finds the guest's program open.
const NUMBER: u32 = 100;
/// Rounds of the guest that is timed.
const ROUNDS: u32 = 100_000_000;
/// How many times longer an emulated guest takes to boot and to switch than one with KVM: a Debian with systemd takes
/// some fifteen seconds, and two.
const EMULATED: f64 = 8.0;

/// What executes a guest's instructions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accel {
    /// The processor itself.
    Kvm,
    /// QEMU's translator, for guests of any processor on any machine.
    Tcg,
}

impl Accel {
    /// Returns its name, as `--accel` and QEMU have it.
    pub fn name(self) -> &'static str {
        match self {
            Accel::Kvm => "kvm",
            Accel::Tcg => "tcg",
        }
    }

    /// Returns how long the rounds of the probe's guest take on a machine of today that does nothing else.
    fn usual(self, guest: Processor) -> Duration {
        Duration::from_millis(match (self, guest) {
            (Accel::Kvm, _) => 200,
            (Accel::Tcg, Processor::X86) => 300,
            (Accel::Tcg, Processor::Arm) => 110,
        })
    }

    /// Returns how many processors a guest may have. Emulated ones of x86 do not always see what another one has written into
    /// the kernel's code, which ends in an `Oops: int3` in some of a hundred boots (QEMU 7.2); one alone does.
    pub fn processors(self, guest: Processor) -> u32 {
        match (self, guest) {
            (Accel::Tcg, Processor::X86) => 1,
            (Accel::Tcg, Processor::Arm) | (Accel::Kvm, _) => 2,
        }
    }

    /// Returns QEMU's arguments for a guest.
    pub fn arguments(self, guest: Processor) -> [&'static str; 4] {
        match (self, guest) {
            (Accel::Kvm, _) => ["-accel", "kvm", "-cpu", "host"],
            // The largest processor of ARM has features whose emulation is slow.
            (Accel::Tcg, Processor::Arm) => ["-accel", "tcg,thread=multi", "-cpu", "cortex-a57"],
            (Accel::Tcg, Processor::X86) => ["-accel", "tcg,thread=multi", "-cpu", "max"],
        }
    }
}

/// Which accelerator is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// KVM if it runs guests, else TCG.
    Best,
    /// This one, or an error.
    Only(Accel),
}

/// The accelerator of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct Choice {
    /// The accelerator.
    pub accel: Accel,
    /// Why it is this one, in a few words for whoever reads the report.
    pub why: String,
    /// How many times longer a guest takes than one with KVM on a machine that does nothing else, at least 1: what
    /// deadlines are multiplied by.
    pub factor: f64,
}

/// Why there is no accelerator.
#[derive(Debug, thiserror::Error)]
pub enum AccelError {
    /// The guard cannot be started.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// QEMU is not installed, or cannot be confined.
    #[error("QEMU cannot be started: {why}")]
    NoQemu {
        /// Why not.
        why: String,
    },
    /// The probe's guest could not be written.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// KVM is asked for and does not run guests.
    #[error("KVM is asked for, but {why}")]
    NoKvm {
        /// Why not.
        why: String,
    },
    /// Not even the emulator runs guests.
    #[error("{program} cannot run a guest: {why}")]
    NoGuest {
        /// The QEMU.
        program: &'static str,
        /// What it said.
        why: String,
    },
}

/// The parts of the machine that a probe uses.
#[derive(Clone, Copy)]
pub struct Probe<'m> {
    /// Runs QEMU.
    pub exec: &'m dyn Exec,
    /// Has the device of KVM, and takes the guest's program.
    pub fs: &'m dyn Fs,
    /// Times the guest.
    pub clock: &'m dyn Clock,
    /// The search path, in which QEMU is looked up.
    pub path: &'m str,
    /// The processor of this machine.
    pub own: Option<Processor>,
    /// A folder of the run, for files that are gone with it.
    pub folder: &'m Path,
    /// Confines QEMU as machines are: KVM has to run guests for that user.
    pub guard: &'m Guard,
    /// Whom QEMU runs as, if not as whom this process does.
    pub user: Option<User>,
    /// A file that remembers, until this machine starts anew, that guests hang with KVM: finding that out takes long.
    pub memory: &'m Path,
}

/// How a guest that was tried did not come to its end.
struct Failed {
    why: String,
    /// Whether it hung.
    hung: bool,
}

impl Probe<'_> {
    /// Returns the accelerator for guests with a processor, after a guest has run with it.
    pub fn choose(&self, guest: Processor, wanted: Wanted) -> Result<Choice, AccelError> {
        let why = match wanted {
            Wanted::Only(Accel::Tcg) => "asked for".to_owned(),
            Wanted::Best | Wanted::Only(Accel::Kvm) => match self.kvm(guest, wanted)? {
                Ok(choice) => return Ok(choice),
                Err(why) if wanted == Wanted::Best => why,
                Err(why) => return Err(AccelError::NoKvm { why }),
            },
        };
        match self.timed(guest, Accel::Tcg)? {
            Ok(factor) => Ok(Choice {
                accel: Accel::Tcg,
                why,
                factor,
            }),
            Err(failed) => Err(AccelError::NoGuest {
                program: guest.qemu(),
                why: failed.why,
            }),
        }
    }

    /// Returns KVM for guests with a processor, or why it cannot be.
    fn kvm(&self, guest: Processor, wanted: Wanted) -> Result<Result<Choice, String>, AccelError> {
        if self.own != Some(guest) {
            let own = self.own.map_or("another processor", Processor::name);
            return Ok(Err(format!("the guest is {} and this machine {own}", guest.name())));
        }
        if self.fs.stat(Path::new(DEVICE))?.is_none() {
            return Ok(Err(format!("there is no {DEVICE}")));
        }
        let boot = self.fs.read(Path::new(BOOT_ID)).unwrap_or_default();
        // Who insists on KVM may have mended it.
        let remembered = self
            .fs
            .read(self.memory)
            .is_ok_and(|bytes| !boot.is_empty() && bytes == boot);
        if wanted == Wanted::Best && remembered {
            return Ok(Err(
                "KVM does not run a guest: one hung since this machine was started".into()
            ));
        }
        let factor = match self.timed(guest, Accel::Kvm)? {
            Ok(factor) => factor,
            Err(Failed { why, hung }) => {
                if hung {
                    self.fs.write_atomic(self.memory, &boot, Mode::Plain)?;
                }
                return Ok(Err(format!("KVM does not run a guest: {why}")));
            }
        };
        Ok(Ok(Choice {
            accel: Accel::Kvm,
            why: "a guest ran with it".into(),
            factor,
        }))
    }

    /// Runs a short guest and a long one, and returns the factor of deadlines by what the long one takes more; or why
    /// guests do not run.
    fn timed(&self, guest: Processor, accel: Accel) -> Result<Result<f64, Failed>, AccelError> {
        let mut times = [Duration::ZERO; 2];
        for (time, rounds) in times.iter_mut().zip([1, ROUNDS]) {
            let started = self.clock.monotonic();
            if let Err(why) = self.run(guest, accel, rounds)? {
                return Ok(Err(why));
            }
            *time = self.clock.monotonic().saturating_sub(started);
        }
        let [start, all] = times;
        let busy = all.saturating_sub(start).as_secs_f64() / accel.usual(guest).as_secs_f64();
        let of_accel = if accel == Accel::Tcg { EMULATED } else { 1.0 };
        Ok(Ok(of_accel * busy.max(1.0)))
    }

    /// Runs a guest to its end, or returns why it did not come there.
    fn run(&self, guest: Processor, accel: Accel, rounds: u32) -> Result<Result<(), Failed>, AccelError> {
        let file = self.folder.join("probe");
        self.fs.write(&file, &guest::image(guest, rounds), Mode::Sealed)?;
        let mut argv = vec![guest.qemu().into()];
        argv.extend(accel.arguments(guest).map(Into::into));
        let program = format!("/proc/self/fd/{NUMBER}");
        argv.extend(guest::arguments(guest, &program).into_iter().map(Into::into));
        let confined = Confined {
            user: self.user,
            limits: LIMITS,
            handed: vec![Handed {
                number: NUMBER,
                access: Access::Read,
                path: file.clone(),
            }],
            argv,
        };
        let enter = self.guard.enter(&confined).env("PATH", self.path);
        let mut command: Command = enter.cwd("/").timeout(DEADLINE);
        command.output_limit = 1 << 16;
        let output = self.exec.run(&command);
        self.fs.remove_file(&file)?;
        let output = output?;
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said
            .lines()
            .find(|line| !line.trim().is_empty())
            .map(|line| clean_line(line).into_owned());
        let how = match output.exit {
            Exit::Code(code) if code == guest::code(guest) => return Ok(Ok(())),
            Exit::Code(code) if code == i32::from(sys::GUARD_FAILED) => {
                let why = said.unwrap_or_else(|| "its guard does not work".into());
                return Err(AccelError::NoQemu { why });
            }
            Exit::Code(code) => format!("QEMU ended with code {code}"),
            Exit::Signal(signal) => format!("QEMU was ended by signal {signal}"),
            Exit::TimedOut => format!("it did not come to its end within {} seconds", DEADLINE.as_secs()),
        };
        Ok(Err(Failed {
            why: said.map_or(how.clone(), |said| format!("{how}: {said}")),
            // Who interrupts the run has seen nothing of the guest.
            hung: output.exit == Exit::TimedOut && !sys::interrupted(),
        }))
    }
}

#[cfg(test)]
mod tests;
