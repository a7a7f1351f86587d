//! A machine under test, for real: a QEMU, the line to the agent in it, and limits scaled for the accelerator.

mod boot;
mod line;
mod moment;

use crate::Processor;
use crate::accel::Choice;
use crate::generation::Generation;
use crate::guest::{Call, Down, Ended, Guest, GuestError, Start};
use crate::initrd;
use crate::link::Wait;
use crate::machine::{Console, Drive, Host, Machine, MachineError, Moments, Network};
use agent::{Mount, Reached};
use diag::clean_line;
use std::net::Ipv4Addr;
use std::time::Duration;

use line::Line;
pub use line::Speaker;

/// How long a short question may take.
const QUESTION: Duration = Duration::from_secs(30);
/// How long a file may take on the line.
const FILE: Duration = Duration::from_secs(120);
/// How long an agent may say nothing while a program runs. It says something every two seconds.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a machine may take to end after its agent has.
const BEHIND: Duration = Duration::from_secs(2);
/// How long an agent that is alone in its machine may take to switch it off.
const OFF: Duration = Duration::from_secs(30);
/// Most time that passes before somebody looks at whether the run is to end.
const GLANCE: Duration = Duration::from_millis(200);

/// Which stage 1 mounts the root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stage1 {
    /// The generation's own.
    Theirs,
    /// Our agent, which mounts [`Setup::mounts`].
    Ours,
}

/// All that is known of a machine under test before it starts.
pub struct Setup<'s> {
    /// What tells its files from those of other machines in the run's folder.
    pub name: String,
    /// Its processor.
    pub processor: Processor,
    /// What executes its instructions, and how much slower that is.
    pub choice: Choice,
    /// Its memory in MiB.
    pub memory: u32,
    /// How many processors it has.
    pub cpus: u32,
    /// Its disks.
    pub drives: Vec<Drive>,
    /// Its network card.
    pub network: Network,
    /// Whether it has a screen.
    pub screen: bool,
    /// The most bytes that a file of a disk may grow to.
    pub most_disk: u64,
    /// Who speaks for it.
    pub speaker: Speaker<'s>,
    /// The store that the generations' kernel modules are in.
    pub store: initrd::Store<'s>,
    /// Who mounts the root.
    pub stage1: Stage1,
    /// The file systems of the generations on the disks, the root first: what our own stage 1 mounts, and where the boot
    /// loader's files are read.
    pub mounts: Vec<Mount>,
    /// The generations that a boot loader may start; the first is there from the beginning.
    pub generations: Vec<Generation>,
    /// The serial number of the disk whose store paths a machine takes over once it has started, if there is one.
    pub delta: Option<String>,
    /// Where moments after a first start are kept, and what the disks hold: all that the moments depend on beside the machine.
    pub moments: Option<(Moments<'s>, Vec<u8>)>,
}

/// A machine under test, which is off at first.
pub struct Live<'h> {
    host: Host<'h>,
    setup: Setup<'h>,
    console: Console,
    running: Option<Up<'h>>,
    /// Whether nothing has been written on the disks yet.
    fresh: bool,
    /// Starts so far, which name files.
    starts: u32,
    /// What the boot loader starts next, as a machine that can be asked only while it runs has said before it went down.
    next: Option<(String, String)>,
    /// What the last start did about moments, for whoever wants to know.
    moment: Moment,
    /// How long it has waited for others so far, which is no time of its own.
    waited: Duration,
    /// Whether the paths that came with it are on its own disks.
    adopted: bool,
}

/// What the first start of a machine had to do with moments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// Nothing.
    Unused,
    /// It was kept for later runs.
    Kept,
    /// The machine went on from there.
    Restored,
}

/// A machine that is on.
struct Up<'h> {
    machine: Machine<'h>,
    line: Line,
}

impl<'h> Live<'h> {
    /// Returns a machine that is off, and whose console is given.
    pub fn new(host: Host<'h>, setup: Setup<'h>, console: Console) -> Live<'h> {
        Live {
            host,
            setup,
            console,
            running: None,
            fresh: true,
            starts: 0,
            next: None,
            moment: Moment::Unused,
            waited: Duration::ZERO,
            adopted: false,
        }
    }

    /// Returns what the first start had to do with moments.
    pub fn moment(&self) -> Moment {
        self.moment
    }

    /// Returns a limit for this accelerator.
    fn scaled(&self, limit: Duration) -> Duration {
        limit
            .mul_f64(self.setup.choice.factor.clamp(1.0, 1e6))
            .min(Duration::from_secs(1 << 24))
    }

    /// Says something over the line while the machine is well.
    fn ask<T>(
        &mut self,
        limit: Duration,
        question: impl FnOnce(&mut Line, &mut Wait<'_>) -> Result<T, GuestError>,
    ) -> Result<T, GuestError> {
        let limit = self.scaled(limit);
        self.ask_unscaled(limit, question)
    }

    /// Says something over the line with a limit that is scaled already.
    fn ask_unscaled<T>(
        &mut self,
        limit: Duration,
        question: impl FnOnce(&mut Line, &mut Wait<'_>) -> Result<T, GuestError>,
    ) -> Result<T, GuestError> {
        let silence = self.scaled(SILENCE);
        let Some(Up { machine, line }) = &mut self.running else {
            return Err(off());
        };
        let (console, has_agent) = (&self.console, matches!(line, Line::Agent(_)));
        let mut watch = || match has_agent {
            true => answers(machine, console),
            // A shell opens its end anew.
            false => well(machine, console),
        };
        let mut wait = Wait {
            clock: self.host.clock,
            limit,
            silence,
            watch: &mut watch,
        };
        question(line, &mut wait)
    }

    /// Returns the machine that is on.
    fn machine(&mut self) -> Result<&mut Machine<'h>, GuestError> {
        self.running.as_mut().map(|up| &mut up.machine).ok_or_else(off)
    }

    /// Waits until the machine is off.
    fn wait_off(&mut self, limit: Duration) -> Result<(), GuestError> {
        let (console, clock) = (self.console.clone(), self.host.clock);
        let deadline = clock.monotonic().saturating_add(limit);
        let machine = self.machine()?;
        loop {
            let left = deadline.saturating_sub(clock.monotonic());
            match well(machine, &console) {
                Err(GuestError::Off { .. }) => return Ok(()),
                Err(error) => return Err(error),
                Ok(()) if left.is_zero() => {
                    return Err(GuestError::TimedOut {
                        what: "powering off".into(),
                        limit,
                    });
                }
                Ok(()) => {}
            }
            machine.wait(left.min(GLANCE)).map_err(told)?;
        }
    }
}

/// Returns the error of a machine that nobody has started.
fn off() -> GuestError {
    GuestError::Off {
        why: "it was not started".into(),
    }
}

/// Returns why a machine is not well, if it is not.
pub(crate) fn well(machine: &mut Machine<'_>, console: &Console) -> Result<(), GuestError> {
    if sys::interrupted() {
        return Err(told(MachineError::Interrupted));
    }
    if let Some(end) = machine.end().map_err(told)? {
        // A kernel that panics and then resets the machine has panicked.
        return Err(match console.panic() {
            Some(line) => GuestError::Panicked { line },
            None => GuestError::Off { why: end.to_string() },
        });
    }
    if let Some(line) = console.panic() {
        return Err(GuestError::Panicked { line });
    }
    if machine.disk_full() {
        return Err(GuestError::Host {
            why: "the disk that holds the machine's own is full".into(),
        });
    }
    Ok(())
}

/// Returns why the agent of a machine cannot answer, if nobody has its end of the line any more.
pub(crate) fn answers(machine: &mut Machine<'_>, console: &Console) -> Result<(), GuestError> {
    well(machine, console)?;
    if !machine.is_closed(0) {
        return Ok(());
    }
    // A machine that goes off ends its agent too.
    machine.wait(BEHIND).map_err(told)?;
    well(machine, console)?;
    Err(GuestError::Agent {
        why: "it has ended, or was killed".into(),
    })
}

/// Returns what a fault of a machine is to whoever uses it.
pub(crate) fn told(error: MachineError) -> GuestError {
    match error {
        MachineError::Ended(end) => GuestError::Off { why: end.to_string() },
        other => GuestError::Host { why: other.to_string() },
    }
}

impl Guest for Live<'_> {
    fn start(&mut self, start: &Start, limit: Duration) -> Result<Generation, GuestError> {
        if self.running.is_some() {
            return Err(GuestError::Host {
                why: "the machine is on already".into(),
            });
        }
        let limit = self.scaled(limit);
        let deadline = self.host.clock.monotonic().saturating_add(limit);
        let generation = match start {
            Start::Generation(generation) => generation.clone(),
            Start::Default => self.default_of_loader(limit)?,
        };
        let left = deadline.saturating_sub(self.host.clock.monotonic());
        self.boot(&generation, left)?;
        Ok(generation)
    }

    fn stop(&mut self, how: Down, limit: Duration) -> Result<(), GuestError> {
        let scaled = self.scaled(limit);
        match how {
            Down::PowerLoss => {
                // What was written last may be lost, and nobody is there to tell.
                self.next = None;
                self.machine()?.pull_plug().map_err(told)?;
            }
            Down::Orderly => {
                self.next = match self.setup.speaker {
                    Speaker::Agent(_) => None,
                    Speaker::Shell => Some(self.ask(QUESTION, |line, wait| line.boot_default(wait))?),
                };
                // The end of the machine may be faster than the end of the program, and is what counts.
                for program in ["systemctl", "poweroff"] {
                    let call = Call::new(if program == "systemctl" {
                        vec![program, "poweroff"]
                    } else {
                        vec![program]
                    });
                    match self.run(&call, limit, &mut |_| {}) {
                        Ok(Ended { code: 0, .. }) | Err(GuestError::Off { .. }) => break,
                        Ok(_) | Err(GuestError::Refused { .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
                self.wait_off(scaled)?;
            }
        }
        self.running = None;
        Ok(())
    }

    fn run(&mut self, call: &Call, limit: Duration, told: &mut dyn FnMut(&[u8])) -> Result<Ended, GuestError> {
        self.ask(limit, |line, wait| line.run(call, wait, told))
    }

    fn read(&mut self, path: &str, most: u64) -> Result<Vec<u8>, GuestError> {
        self.ask(FILE, |line, wait| line.read(path, most, wait))
    }

    fn write(&mut self, path: &str, bytes: &[u8], executable: bool) -> Result<(), GuestError> {
        self.ask(FILE, |line, wait| line.write(path, bytes, executable, wait))
    }

    fn listens(&mut self, port: u16) -> Result<bool, GuestError> {
        self.ask(QUESTION, |line, wait| line.listens(port, wait))
    }

    fn reaches(&mut self, address: &str) -> Result<bool, GuestError> {
        let Ok(address) = address.parse::<Ipv4Addr>() else {
            return Err(GuestError::Refused {
                why: format!("'{}' is no IPv4 address", clean_line(address)),
            });
        };
        let reached = self.ask(QUESTION, |line, wait| line.reaches(address.octets(), wait))?;
        Ok(reached == Reached::Yes)
    }

    fn console(&mut self) -> Vec<u8> {
        self.console.text()
    }

    fn screenshot(&mut self) -> Result<Vec<u8>, GuestError> {
        self.machine()?.screenshot().map_err(told)
    }

    fn plug(&mut self, plugged: bool) -> Result<(), GuestError> {
        self.machine()?.plug(plugged).map_err(told)
    }

    fn pause(&mut self, time: Duration) {
        let clock = self.host.clock;
        let deadline = clock.monotonic().saturating_add(time);
        while !sys::interrupted() {
            let left = deadline.saturating_sub(clock.monotonic());
            if left.is_zero() {
                break;
            }
            clock.sleep(left.min(GLANCE));
        }
    }

    fn now(&self) -> Duration {
        self.host.clock.monotonic().saturating_sub(self.waited)
    }
}

#[cfg(test)]
mod tests;
