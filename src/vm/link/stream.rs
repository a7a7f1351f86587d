//! The bytes of a line: sent and received with deadlines, whoever is at the other end.

use super::wait::Until;
use crate::guest::GuestError;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long one look at the line takes, so that other things are looked at in between.
pub(crate) const LOOK: Duration = Duration::from_millis(100);

/// A stream that QEMU has at its other end, until it breaks.
pub(crate) struct Stream {
    stream: UnixStream,
    // Why nothing more can be said over it.
    broken: Option<GuestError>,
}

impl Stream {
    /// Returns a stream over which nothing was said yet.
    pub(crate) fn new(stream: UnixStream) -> Stream {
        Stream { stream, broken: None }
    }

    /// Returns why nothing more can be said, if that is so.
    pub(crate) fn whole(&self) -> Result<(), GuestError> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// Hands on what has come, after waiting for it for a moment.
    pub(crate) fn receive(&mut self, until: &mut Until<'_, '_>, came: impl FnOnce(&[u8])) -> Result<(), GuestError> {
        let mut piece = [0; 64 << 10];
        let read = self
            .stream
            .set_read_timeout(Some(LOOK))
            .and_then(|()| self.stream.read(&mut piece));
        match read {
            Ok(0) => Err(self.closed(until, "QEMU has closed the line")),
            Ok(count) => {
                came(&piece[..count]);
                Ok(())
            }
            Err(error) if passes(error.kind()) => Ok(()),
            Err(error) => Err(self.closed(until, &error.to_string())),
        }
    }

    /// Sends bytes, which a guest that does not listen can hold up until the deadline only. Half of them are nothing that
    /// others may follow.
    pub(crate) fn send(&mut self, bytes: &[u8], until: &mut Until<'_, '_>) -> Result<(), GuestError> {
        self.whole()?;
        let mut sent = 0;
        while sent < bytes.len() {
            let write = self
                .stream
                .set_write_timeout(Some(LOOK))
                .and_then(|()| self.stream.write(&bytes[sent..]));
            match write {
                Ok(count) => sent += count,
                Err(error) if passes(error.kind()) => {
                    if let Err(error) = until.look() {
                        if sent > 0 {
                            self.fault("it does not listen".into());
                        }
                        return Err(error);
                    }
                }
                Err(error) => return Err(self.closed(until, &error.to_string())),
            }
        }
        Ok(())
    }

    /// Returns the error of a guest that breaks the rules, to which nothing more is said.
    pub(crate) fn fault(&mut self, why: String) -> GuestError {
        let error = GuestError::Agent { why };
        self.broken = Some(error.clone());
        error
    }

    /// Returns why the stream has ended: what is known of the machine, which may take a moment to end behind its line.
    fn closed(&mut self, until: &mut Until<'_, '_>, why: &str) -> GuestError {
        let off = GuestError::Off { why: why.to_owned() };
        self.broken = Some(off.clone());
        until.end_of_machine().unwrap_or(off)
    }
}

/// Whether a failed read or write is tried again.
fn passes(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
