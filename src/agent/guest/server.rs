//! The server: answers the host, one request at a time, beside the program that it may have running.

use super::kernel::Kernel;
use super::line::{Come, Line, timespec};
use super::process::{Running, User};
use super::{Fault, adopt, carry, export, files, network};
use agent::loader::{self, Disk};
use agent::{Answer, Hello, PIECE, Request};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Dir, Mode, OFlags, readlinkat};
use rustix::system::{RebootCommand, reboot, uname};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitCode};
use std::time::{Duration, Instant};

/// How long nothing may happen before the server looks around again.
const LOOK: Duration = Duration::from_secs(1);
/// How often a program that runs is said to run, which is the sign that somebody is here.
const SIGN: Duration = Duration::from_secs(2);
/// Most letters of the init's complaint.
const WORDS: u64 = 4096;
/// Most bytes of a boot loader's file.
const FILE: u64 = 1 << 20;
/// Where systemd listens when it is at work, below the folder that the server is in: `/proc`.
const SYSTEMD: &str = "1/root/run/systemd/private";

/// Is the server. On its standard output it says what goes wrong before it can be reached, and closes it when it is ready.
pub fn serve(role: String) -> ExitCode {
    let server = Kernel::open().and_then(|kernel| {
        // Its own root is emptied and covered: from here on it finds everything below `/proc`.
        rustix::process::fchdir(&kernel.proc).map_err(super::while_doing("enter /proc"))?;
        let line = Line::open(&kernel)?;
        Ok(Server {
            role,
            kernel,
            line,
            running: None,
            sign: Instant::now(),
            carrier: None,
            trouble: String::new(),
        })
    });
    match server {
        Ok(mut server) => match prepare(&server.kernel) {
            Ok(()) => server.work(),
            Err(fault) => fail(&fault),
        },
        Err(fault) => fail(&fault),
    }
}

fn fail(fault: &str) -> ExitCode {
    // The init reads it, and writes it on the console.
    let _ = std::io::stdout().write_all(fault.as_bytes());
    ExitCode::FAILURE
}

/// Makes itself a process that outlives the others, and says that it is ready.
fn prepare(kernel: &Kernel) -> Result<(), Fault> {
    rustix::process::setsid().map_err(super::while_doing("have a session"))?;
    kernel.set("self/oom_score_adj", "-1000")?;
    let null = kernel.device("null", OFlags::RDWR)?;
    rustix::stdio::dup2_stdout(&null).map_err(super::while_doing("close the output"))
}

struct Server {
    role: String,
    kernel: Kernel,
    line: Line,
    // The program that runs, and the call that wanted it.
    running: Option<(u32, Running)>,
    // When that was said last.
    sign: Instant,
    // What carries connections out, if there is a way.
    carrier: Option<Child>,
    trouble: String,
}

impl Server {
    fn work(&mut self) -> ! {
        let mut init = Some(std::io::stdin());
        loop {
            match self.line.take() {
                Come::Request(call, request) => {
                    self.answer(call, request);
                    continue;
                }
                Come::Away => {
                    // Whoever asked for it does not wait any more.
                    if let Some((_, running)) = &mut self.running {
                        running.kill();
                    }
                }
                Come::Nothing => {}
            }
            let (output, ended, complains) = self.wait(init.as_ref().map(AsFd::as_fd));
            if complains && let Some(stdin) = init.take() {
                let mut words = String::new();
                // It complains once and then closes its end, or becomes another program and so closes it.
                let _ = stdin.take(WORDS).read_to_string(&mut words);
                self.trouble = words;
            }
            if output {
                self.pass_on();
            }
            if ended {
                self.end();
            }
            self.give_a_sign();
        }
    }

    /// Says from time to time that the program still runs.
    fn give_a_sign(&mut self) {
        if let Some((call, _)) = &self.running
            && self.sign.elapsed() >= SIGN
        {
            self.line.say(*call, &Answer::Runs);
            self.sign = Instant::now();
        }
    }

    /// Waits until something happens: whether the program has written, whether it has ended, whether the init complains.
    fn wait(&self, init: Option<std::os::fd::BorrowedFd<'_>>) -> (bool, bool, bool) {
        let mut fds = vec![PollFd::new(&self.line, PollFlags::IN)];
        let mut add = |fd| {
            fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
            fds.len() - 1
        };
        let running = self.running.as_ref().map(|(_, running)| running);
        let output = running
            .and_then(|running| running.output.as_ref())
            .map(|fd| add(fd.as_fd()));
        let ended = running.map(|running| add(running.handle.as_fd()));
        let init = init.map(add);
        // An interrupted poll is a look like any other.
        let _ = poll(&mut fds, Some(&timespec(LOOK)));
        let happened = |at: Option<usize>| at.is_some_and(|at| !fds[at].revents().is_empty());
        (happened(output), happened(ended), happened(init))
    }
}

/// What is asked.
impl Server {
    fn answer(&mut self, call: u32, request: Request) {
        let answer = match request {
            Request::Hello { nonce } => Ok(Answer::Hello(self.hello(nonce))),
            Request::Run { argv, env, user } => match self.start(call, &argv, &env, user.as_deref()) {
                Ok(()) => return,
                Err(fault) => Err(fault),
            },
            Request::Kill => {
                if let Some((of, running)) = &mut self.running
                    && *of == call
                {
                    running.kill();
                }
                return;
            }
            Request::Read { path, most } => self.kernel.root().and_then(|root| {
                files::read(&root, &path, most, |piece| self.line.say(call, &Answer::Output(piece)))?;
                Ok(Answer::Done)
            }),
            Request::Write {
                path,
                executable,
                more,
                bytes,
            } => self.kernel.root().and_then(|root| {
                files::write(&root, &path, executable, more, &bytes)?;
                Ok(Answer::Done)
            }),
            Request::Listens { port } => Ok(Answer::Truth(network::listens(&self.kernel, port))),
            Request::Reaches { address } => network::reaches(&self.kernel, address).map(Answer::Reached),
            Request::Default => self.kernel.root().and_then(|root| {
                let found = loader::default(&Root(root))?;
                Ok(Answer::Default {
                    init: found.init,
                    from: found.from,
                })
            }),
            Request::Export { device, paths } => export::export(&self.kernel, &device, &paths).map(Answer::Exported),
            Request::Adopt { serial } => adopt::adopt(&self.kernel, &serial).map(|paths| Answer::Adopted { paths }),
            Request::Carry => match self.carrier {
                Some(_) => Ok(Answer::Done),
                None => carry::start(&self.kernel).map(|child| {
                    self.carrier = Some(child);
                    Answer::Done
                }),
            },
            Request::Off => {
                rustix::fs::sync();
                reboot(RebootCommand::PowerOff)
                    .map(|()| Answer::Done)
                    .map_err(super::while_doing("switch the machine off"))
            }
        };
        self.line.say(call, &answer.unwrap_or_else(Answer::Refused));
    }

    fn hello(&self, nonce: u64) -> Hello {
        let system = uname();
        let own_init = matches!(self.role.as_str(), "build" | "boot-default");
        let switched = self.kernel.has_switched();
        Hello {
            nonce,
            version: agent::VERSION,
            role: self.role.clone(),
            processor: system.machine().to_string_lossy().into_owned(),
            kernel: system.release().to_string_lossy().into_owned(),
            boot: Kernel::text(&self.kernel.proc, "sys/kernel/random/boot_id")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            // It listens: a socket alone may be that of the systemd in the initial RAM disk.
            up: switched && (own_init || UnixStream::connect(SYSTEMD).is_ok()),
            trouble: self.trouble.clone(),
        }
    }

    fn start(&mut self, call: u32, argv: &[String], env: &[(String, String)], user: Option<&str>) -> Result<(), Fault> {
        if self.running.is_some() {
            return Err("another program still runs".into());
        }
        let user = User::find(&self.kernel.root()?, user.unwrap_or("root"))?;
        let running = Running::start(&self.kernel, argv, env, &user, None)?;
        self.running = Some((call, running));
        Ok(())
    }

    /// Hands on what the program has written, at most a piece.
    fn pass_on(&mut self) {
        let Some((call, running)) = &mut self.running else {
            return;
        };
        if let Some(piece) = running.piece(PIECE) {
            self.line.say(*call, &Answer::Output(piece));
        }
    }

    /// Says that the program has ended. What it left in its output is handed on, and not awaited: what it has started may
    /// hold the output open.
    fn end(&mut self) {
        let Some((call, mut running)) = self.running.take() else {
            return;
        };
        let Some(code) = running.code() else {
            self.running = Some((call, running));
            return;
        };
        for piece in running.rest() {
            self.line.say(call, &Answer::Output(piece));
        }
        self.line.say(call, &Answer::Ended { code });
    }
}

/// A root as the reader of boot loaders sees it.
struct Root(OwnedFd);

impl Disk for Root {
    fn read(&self, path: &str) -> Option<String> {
        let mut bytes = Vec::new();
        files::read(&self.0, path, FILE, |piece| bytes.extend(piece)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn list(&self, path: &str) -> Vec<String> {
        let folder = super::kernel::open_in(&self.0, path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty());
        let names = folder.and_then(Dir::read_from).into_iter().flatten();
        names
            .filter_map(|entry| Some(entry.ok()?.file_name().to_str().ok()?.to_owned()))
            .collect()
    }

    fn link(&self, path: &str) -> Option<String> {
        let (folder, name) = path.rsplit_once('/')?;
        let folder = super::kernel::open_in(&self.0, folder, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).ok()?;
        readlinkat(&folder, name, Vec::new()).ok()?.into_string().ok()
    }
}
