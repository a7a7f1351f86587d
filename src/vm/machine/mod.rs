//! A machine that runs: a confined QEMU, its console, its monitor, and its lines.

mod console;
mod plan;
mod qmp;
mod snapshot;
mod spec;

pub use console::{Console, KEPT, Told};
pub use plan::{Plan, SpecError};
pub use qmp::{Event, QmpError};
pub use snapshot::{Facts, Key, MOMENT, Moments};
pub use spec::{Cable, Drive, Medium, Network, Spec};

use crate::Processor;
use diag::clean_line;
use qmp::Qmp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use sys::{Clock, Command, Confined, ExecError, Exit, Fs, FsError, Guard, Mode, RunFolder, Running, Spawn, User};

/// How long QEMU may take to come up, before the guest's first instruction.
const COMES_UP: Duration = Duration::from_secs(60);
/// How long QEMU may take to do what it is told.
const COMMAND: Duration = Duration::from_secs(60);
/// How long QEMU may take to end once it is told to; then it is killed.
const QUIT: Duration = Duration::from_secs(10);
/// Time between two looks at whether QEMU has come up.
const PAUSE: Duration = Duration::from_millis(5);
/// Most bytes of a picture of a screen.
const PICTURE: u64 = 16 << 20;
/// How a PNG begins.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The parts of this machine that guests are run with.
#[derive(Clone, Copy)]
pub struct Host<'h> {
    /// Starts QEMU.
    pub spawn: &'h dyn Spawn,
    /// Takes the files of machines.
    pub fs: &'h dyn Fs,
    /// Measures limits.
    pub clock: &'h dyn Clock,
    /// This program, which confines QEMU.
    pub guard: &'h Guard,
    /// Whom QEMU runs as, if not as whom this process does.
    pub user: Option<User>,
    /// The search path, in which QEMU is looked up.
    pub path: &'h str,
    /// The run's folder.
    pub run: &'h RunFolder,
}

impl Host<'_> {
    /// Returns what the QEMU for a processor says of its version.
    pub fn version(&self, processor: Processor) -> Result<String, MachineError> {
        let command = Command::new(processor.qemu())
            .arg("--version")
            .env("PATH", self.path)
            .cwd("/");
        let mut qemu = self.spawn.spawn(&self.run.marked(command))?;
        let exit = qemu.wait(COMES_UP)?;
        let said = qemu.said();
        match exit {
            Some(Exit::Code(0)) => Ok(clean_line(&String::from_utf8_lossy(&said)).into_owned()),
            Some(exit) => Err(MachineError::Ended(broken(exit, &said))),
            None if sys::interrupted() => Err(MachineError::Interrupted),
            None => Err(MachineError::Silent),
        }
    }
}

/// Why a machine did not start, or did not do as it was told.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// There cannot be such a machine.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The guard could not be started.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// A file of the machine could not be made or read.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// A socket could not be made or spoken through.
    #[error("cannot speak with QEMU: {0}")]
    Socket(#[from] std::io::Error),
    /// The monitor did not do as it was told.
    #[error(transparent)]
    Qmp(#[from] QmpError),
    /// QEMU has ended.
    #[error("{0}")]
    Ended(End),
    /// QEMU did not come up.
    #[error("QEMU does not come up within {} s", COMES_UP.as_secs())]
    Silent,
    /// The user wants the run to end.
    #[error("the run was interrupted")]
    Interrupted,
    /// A picture that is none.
    #[error("QEMU gave a picture that is none; it takes QEMU 7.1 with support for PNG")]
    Picture,
}

/// How a machine went off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// The guest powered it off.
    PoweredOff,
    /// The guest reset it, and it does not start again by itself.
    Reset,
    /// It was switched off from this side.
    SwitchedOff,
    /// QEMU ended without having been told to; what it said, harmless to print.
    Broken(String),
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::PoweredOff => f.write_str("the guest powered the machine off"),
            End::Reset => f.write_str("the guest reset the machine"),
            End::SwitchedOff => f.write_str("the machine was switched off"),
            End::Broken(why) => f.write_str(why),
        }
    }
}

/// A machine that runs. Dropped, it is off.
pub struct Machine<'h> {
    host: Host<'h>,
    qemu: Box<dyn Running>,
    qmp: Qmp<'h>,
    listening: Option<std::thread::JoinHandle<()>>,
    ports: Vec<Option<UnixStream>>,
    plan: Plan,
    folder: PathBuf,
    /// Where in its file the next picture begins.
    picture: u64,
    /// What the guest did last that ends a machine.
    shutdown: Option<End>,
    /// Why it has stopped, if a disk did it.
    full: bool,
    /// The lines whose other end in the guest was closed.
    closed: BTreeSet<usize>,
    end: Option<End>,
}

impl<'h> Machine<'h> {
    /// Starts a machine, at its first instruction or where a snapshot of this name was taken.
    pub fn start(host: Host<'h>, spec: &Spec, console: &Console, snapshot: Option<&str>) -> Result<Self, MachineError> {
        let token = sys::random_token()?;
        let folder = host.run.path().join(format!("m-{}", &token[..8]));
        host.fs.create_dir_all(&folder)?;
        let started = Self::start_in(host, spec, console, snapshot, &folder);
        if started.is_err() {
            // The first error is the one to tell; the folder goes with the run.
            let _ = host.fs.remove_dir_all(&folder);
        }
        started
    }

    fn start_in(
        host: Host<'h>,
        spec: &Spec,
        console: &Console,
        snapshot: Option<&str>,
        folder: &Path,
    ) -> Result<Self, MachineError> {
        let plan = spec.plan(folder, snapshot)?;
        let listen = |name: &str| {
            let listener = UnixListener::bind(folder.join(name))?;
            listener.set_nonblocking(true)?;
            Ok::<_, std::io::Error>(listener)
        };
        let monitor = listen(plan::MONITOR)?;
        let serial = listen(plan::CONSOLE)?;
        let ports: Vec<_> = (0..spec.ports.len())
            .map(|number| listen(&plan::port(number)))
            .collect::<Result<_, _>>()?;
        if spec.screen {
            host.fs.write(&folder.join(plan::SCREEN), b"", Mode::Private)?;
        }
        let mut argv = vec![plan.program.into()];
        argv.extend(plan.arguments.iter().map(Into::into));
        let confined = Confined {
            user: host.user,
            limits: plan.limits,
            handed: plan.handed.clone(),
            argv,
        };
        let mut command = host
            .run
            .marked(host.guard.keep(&confined))
            .env("PATH", host.path)
            .cwd("/");
        command.output_limit = 1 << 16;
        let mut qemu = host.spawn.spawn(&command)?;
        let deadline = host.clock.monotonic() + COMES_UP;
        let mut accept = |listener: &UnixListener| accept(host.clock, qemu.as_mut(), listener, deadline);
        // In any order, as a connection waits until it is accepted.
        let monitor = accept(&monitor)?;
        let serial = accept(&serial)?;
        let ports = ports
            .iter()
            .map(|port| accept(port).map(Some))
            .collect::<Result<_, _>>()?;
        let qmp = match Qmp::greet(monitor, host.clock, COMES_UP) {
            Ok(qmp) => qmp,
            // A machine that cannot be ends QEMU before it answers, and its last words say why.
            Err(error) => return Err(last_words(qemu.as_mut()).map_or(error.into(), MachineError::Ended)),
        };
        console.start();
        Ok(Machine {
            host,
            qemu,
            qmp,
            listening: Some(console.listen(serial)),
            ports,
            plan,
            folder: folder.to_path_buf(),
            picture: 0,
            shutdown: None,
            full: false,
            closed: BTreeSet::new(),
            end: None,
        })
    }

    /// Returns this side's end of a line, once.
    pub fn take_port(&mut self, number: usize) -> Option<UnixStream> {
        self.ports.get_mut(number)?.take()
    }

    /// Returns the process of QEMU's guard.
    pub fn id(&self) -> u32 {
        self.qemu.id()
    }

    /// Returns how the machine went off, or `None` while it runs.
    pub fn end(&mut self) -> Result<Option<End>, MachineError> {
        if self.end.is_none() {
            self.look();
            if let Some(exit) = self.qemu.poll()? {
                self.ended(exit);
            }
        }
        Ok(self.end.clone())
    }

    /// Whether the machine stands still because a disk of this machine is full.
    pub fn disk_full(&mut self) -> bool {
        self.look();
        self.full
    }

    /// Whether whoever had the other end of a line in the guest has closed it, or was ended. Whoever opens it then is
    /// somebody else.
    pub fn is_closed(&mut self, number: usize) -> bool {
        self.look();
        self.closed.contains(&number)
    }

    /// Waits until the machine is off and returns how; `None` if it still runs after this time.
    pub fn wait(&mut self, limit: Duration) -> Result<Option<End>, MachineError> {
        let deadline = self.host.clock.monotonic() + limit;
        loop {
            if let Some(end) = self.end()? {
                return Ok(Some(end));
            }
            if sys::interrupted() {
                return Err(MachineError::Interrupted);
            }
            let left = deadline.saturating_sub(self.host.clock.monotonic());
            if left.is_zero() {
                return Ok(None);
            }
            self.host.clock.sleep(left.min(PAUSE * 4));
        }
    }

    /// Pulls the plug: the guest writes nothing any more.
    pub fn pull_plug(&mut self) -> Result<(), MachineError> {
        self.shutdown = Some(End::SwitchedOff);
        self.qemu.kill()?;
        if let Some(exit) = self.qemu.poll()? {
            self.ended(exit);
        }
        Ok(())
    }

    /// Switches the machine off; its disks have all that the guest has written.
    pub fn quit(&mut self) -> Result<(), MachineError> {
        if self.end()?.is_some() {
            return Ok(());
        }
        self.shutdown = Some(End::SwitchedOff);
        // Whether it answers or not: it has to end now.
        let told = self.qmp.execute("quit", json!({}), QUIT);
        if told.is_err() || self.wait(QUIT)?.is_none() {
            self.pull_plug()?;
        }
        Ok(())
    }

    /// Plugs the network cable in or out.
    pub fn plug(&mut self, plugged: bool) -> Result<(), MachineError> {
        self.command("set_link", json!({ "name": plan::CARD, "up": plugged }))?;
        Ok(())
    }

    /// Returns a picture of the screen as PNG.
    pub fn screenshot(&mut self) -> Result<Vec<u8>, MachineError> {
        let file = self.folder.join(plan::SCREEN);
        let Some(name) = self.plan.in_set(&file) else {
            return Err(MachineError::Picture);
        };
        self.command("screendump", json!({ "filename": name, "format": "png" }))?;
        // QEMU empties the file that it has open, and goes on writing where it was.
        let length = self.host.fs.stat(&file)?.map_or(0, |stat| stat.len);
        let size = length.saturating_sub(self.picture);
        if size > PICTURE || length > sys::READ_LIMIT {
            return Err(MachineError::Picture);
        }
        let bytes = self.host.fs.read(&file)?;
        let begin = usize::try_from(self.picture).unwrap_or(usize::MAX);
        let picture = bytes.get(begin..).unwrap_or_default();
        self.picture = length;
        if !picture.starts_with(PNG) {
            return Err(MachineError::Picture);
        }
        Ok(picture.to_vec())
    }

    /// Keeps this moment under a name, on the machine's own disks. The guest stands still meanwhile.
    pub fn save(&mut self, name: &str) -> Result<(), MachineError> {
        self.snapshot("savevm", name)
    }

    /// Goes back to the moment that is kept under a name.
    pub fn load(&mut self, name: &str) -> Result<(), MachineError> {
        self.snapshot("loadvm", name)?;
        // The machine was reset on the way.
        self.look();
        self.closed.clear();
        Ok(())
    }

    /// Keeps this moment under a name as [`Machine::save`] does, and leaves the guest standing, so that the files of its
    /// disks can be copied until it goes on.
    pub fn save_still(&mut self, name: &str) -> Result<(), MachineError> {
        self.command("stop", json!({}))?;
        self.save(name)
    }

    /// Lets a guest that stands still go on.
    pub fn go_on(&mut self) -> Result<(), MachineError> {
        self.command("cont", json!({}))?;
        Ok(())
    }

    fn snapshot(&mut self, verb: &str, name: &str) -> Result<(), MachineError> {
        let said = self.qmp.tell(&format!("{verb} {name}"), COMMAND);
        let said = said.map_err(|error| self.instead(error))?;
        if said.trim().is_empty() {
            return Ok(());
        }
        let why = clean_line(said.lines().next().unwrap_or_default()).into_owned();
        Err(QmpError::Refused {
            command: format!("{verb} {name}"),
            why,
        }
        .into())
    }

    fn command(&mut self, name: &str, arguments: Value) -> Result<Value, MachineError> {
        let answer = self.qmp.execute(name, arguments, COMMAND);
        answer.map_err(|error| self.instead(error))
    }

    /// Returns that the machine is off in place of the error that comes of it.
    fn instead(&mut self, error: QmpError) -> MachineError {
        if matches!(error, QmpError::Broken(_))
            && let Ok(Some(end)) = self.wait(Duration::from_secs(1))
        {
            return MachineError::Ended(end);
        }
        error.into()
    }

    /// Looks at what QEMU has told.
    fn look(&mut self) {
        // A monitor that is gone has nothing to tell; the process tells the rest.
        for event in self.qmp.events().unwrap_or_default() {
            match (&*event.name, event.data["reason"].as_str()) {
                ("SHUTDOWN", Some("guest-reset")) => self.shutdown = Some(End::Reset),
                ("SHUTDOWN", Some("guest-shutdown" | "guest-panic")) => self.shutdown = Some(End::PoweredOff),
                ("BLOCK_IO_ERROR", _) if event.data["nospace"] == true => self.full = true,
                ("VSERPORT_CHANGE", _) => self.changed(&event.data),
                _ => {}
            }
        }
    }

    /// Notes that somebody in the guest has closed a line.
    fn changed(&mut self, data: &Value) {
        if data["open"] == false {
            let closed = (0..self.ports.len()).find(|number| data["id"] == plan::port(*number).as_str());
            self.closed.extend(closed);
        }
    }

    /// Notes how QEMU has ended.
    fn ended(&mut self, exit: Exit) {
        self.look();
        if let Some(listening) = self.listening.take() {
            // The line ends with QEMU; a reader that panicked has kept what it had.
            let _ = listening.join();
        }
        let end = self.shutdown.clone();
        let good = exit == Exit::Code(0) || end == Some(End::SwitchedOff);
        self.end = Some(match end {
            Some(end) if good => end,
            _ => broken(exit, &self.qemu.said()),
        });
    }
}

impl Drop for Machine<'_> {
    fn drop(&mut self) {
        // What cannot be ended or removed here goes with the run.
        let _ = self.qemu.kill();
        let _ = self.host.fs.remove_dir_all(&self.folder);
    }
}

/// Accepts QEMU's connection.
fn accept(
    clock: &dyn Clock,
    qemu: &mut dyn Running,
    listener: &UnixListener,
    deadline: Duration,
) -> Result<UnixStream, MachineError> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(exit) = qemu.poll()? {
            return Err(MachineError::Ended(broken(exit, &qemu.said())));
        }
        if sys::interrupted() {
            return Err(MachineError::Interrupted);
        }
        if clock.monotonic() > deadline {
            return Err(MachineError::Silent);
        }
        clock.sleep(PAUSE);
    }
}

/// Returns how a QEMU ended that has just hung up; `None` if it runs on.
fn last_words(qemu: &mut dyn Running) -> Option<End> {
    let exit = qemu.wait(Duration::from_secs(1)).ok()??;
    Some(broken(exit, &qemu.said()))
}

/// Returns the end of a QEMU that nobody has told to end.
fn broken(exit: Exit, said: &[u8]) -> End {
    let said = String::from_utf8_lossy(said);
    // The first line is the error; what follows explains options.
    let said = said.lines().map(str::trim).find(|line| !line.is_empty());
    let how = match exit {
        Exit::Code(code) if code == i32::from(sys::GUARD_FAILED) => "QEMU cannot be started".to_owned(),
        Exit::Code(code) => format!("QEMU ended with code {code}"),
        Exit::Signal(signal) => format!("QEMU's guard was ended by signal {signal}"),
        Exit::TimedOut => "QEMU was killed".to_owned(),
    };
    End::Broken(match said {
        Some(said) => format!("{how}: {}", clean_line(said)),
        None => how,
    })
}

#[cfg(test)]
mod tests;
