//! The guest's end of the line: a virtio serial port.

use super::Fault;
use super::kernel::Kernel;
use agent::{Answer, Frame, Frames, Request};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// How often the port is looked for, and how long in between: its driver finds it some time after it is loaded.
const TRIES: usize = 300;
const PAUSE: Duration = Duration::from_millis(100);
/// How long a host that has hung up is waited for before the next look.
const AWAY: Duration = Duration::from_millis(20);

/// The line to the host.
pub struct Line {
    port: OwnedFd,
    frames: Frames,
}

/// What has come.
pub enum Come {
    /// A request.
    Request(u32, Request),
    /// Nothing whole yet.
    Nothing,
    /// Nobody is at the other end.
    Away,
}

impl Line {
    /// Waits for the port and opens it.
    pub fn open(kernel: &Kernel) -> Result<Line, Fault> {
        for _ in 0..TRIES {
            if let Some(name) = port(kernel, agent::PORT) {
                return Ok(Line {
                    port: kernel.device(&name, OFlags::RDWR | OFlags::NONBLOCK)?,
                    frames: Frames::new(),
                });
            }
            std::thread::sleep(PAUSE);
        }
        Err(format!("no virtio port is called {}", agent::PORT))
    }

    /// Returns the next thing that has come, without waiting.
    pub fn take(&mut self) -> Come {
        loop {
            match self.frames.take() {
                Ok(Some(Frame { call, bytes })) => match Request::decode(&bytes) {
                    Ok(request) => return Come::Request(call, request),
                    Err(_) => self.frames.forget(),
                },
                Ok(None) => {}
                // The rest of a frame whose host has gone: the next one greets again.
                Err(_) => self.frames.forget(),
            }
            let mut piece = [0; 64 << 10];
            match rustix::io::read(&self.port, &mut piece) {
                // A port gives no bytes when nobody is at its other end.
                Ok(0) => {
                    self.frames.forget();
                    std::thread::sleep(AWAY);
                    return Come::Away;
                }
                Ok(count) => self.frames.push(&piece[..count]),
                Err(Errno::INTR) => {}
                Err(_) => return Come::Nothing,
            }
        }
    }

    /// Says something; drops it if the host hangs up.
    pub fn say(&mut self, call: u32, answer: &Answer) {
        let frame = Frame {
            call,
            bytes: answer.encode(),
        };
        let frame = frame.encode().or_else(|error| {
            let bytes = Answer::Refused(error.to_string()).encode();
            Frame { call, bytes }.encode()
        });
        let Ok(bytes) = frame else { return };
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            match rustix::io::write(&self.port, rest) {
                Ok(count) => rest = &rest[count..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let mut ports = [PollFd::new(&self.port, PollFlags::OUT)];
                    // The error of a poll shows again in the write.
                    let _ = poll(&mut ports, Some(&timespec(PAUSE)));
                    if ports[0].revents().contains(PollFlags::HUP) {
                        return;
                    }
                }
                Err(_) => return,
            }
        }
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.port.as_fd()
    }
}

/// Returns the name of the device of the port that is called so.
pub fn port(kernel: &Kernel, wanted: &str) -> Option<String> {
    let folder = openat(
        &kernel.sys,
        "class/virtio-ports",
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    );
    let folder = folder.ok()?;
    let names = rustix::fs::Dir::read_from(&folder).ok()?;
    names
        .filter_map(|entry| Some(entry.ok()?.file_name().to_str().ok()?.to_owned()))
        .find(|name| {
            let called = Kernel::text(&folder, &format!("{name}/name"));
            called.is_some_and(|called| called.trim() == wanted)
        })
}

pub fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: time.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}
