//! The way out of a build VM whose builders fetch by themselves: a proxy at our end of a serial port, which decides about
//! each connection. The machine has no network card.
//!
//! It takes what HTTP proxies take: `CONNECT` and requests with a whole URL. A host must be one that is allowed, its port
//! one that files are fetched from, and each address that its name stands for must be allowed, too; the connection is then
//! made to these addresses and no others, so that a name that changes its mind gains nothing. All is counted and told.

mod head;
mod proxy;
mod rules;
#[cfg(test)]
mod tests;

pub use rules::{AddressRule, Rules};

use agent::mux::Mux;
use diag::clean_line;
use proxy::Proxy;
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most bytes that all connections of a machine may carry, both ways together.
const BYTES: u64 = 16 << 30;
/// Most connections of a machine.
const CONNECTIONS: u64 = 20_000;
/// Most lines that are kept until somebody reads them.
const NOTES: usize = 1000;

/// The way out of a machine. It is closed when this is dropped.
pub struct Egress {
    shared: Arc<Shared>,
    line: UnixStream,
}

/// What the connections of a machine share.
struct Shared {
    rules: Rules,
    left: AtomicU64,
    connections: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    notes: Vec<String>,
    refused: Vec<String>,
    // Connections to servers, which are cut at the end.
    open: Vec<TcpStream>,
    closed: bool,
}

impl Egress {
    /// Opens the way for what comes over a serial port.
    pub fn open(line: UnixStream, rules: Rules) -> std::io::Result<Egress> {
        let shared = Arc::new(Shared {
            rules,
            left: AtomicU64::new(BYTES),
            connections: AtomicU64::new(CONNECTIONS),
            state: Mutex::default(),
        });
        let mux = Mux::new(line.try_clone()?);
        let (running, reader, of_reader) = (mux.clone(), line.try_clone()?, shared.clone());
        std::thread::spawn(move || {
            if let Err(error) = running.run(reader)
                && !of_reader.state().closed
            {
                of_reader.note(format!("the way out of the machine is closed: {error}"));
            }
        });
        let of_proxy = shared.clone();
        std::thread::spawn(move || {
            while let Some(stream) = mux.accept() {
                let proxy = Proxy {
                    shared: of_proxy.clone(),
                };
                std::thread::spawn(move || proxy.serve(stream));
            }
        });
        Ok(Egress { shared, line })
    }

    /// Returns what has happened since it was asked last: a line for each connection, made harmless to print.
    pub fn notes(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().notes)
    }

    /// Returns what was refused so far.
    pub fn refused(&self) -> Vec<String> {
        self.shared.state().refused.clone()
    }
}

impl Drop for Egress {
    fn drop(&mut self) {
        let open = {
            let mut state = self.shared.state();
            state.closed = true;
            std::mem::take(&mut state.open)
        };
        // What is closed already cannot be closed again; threads that wait for it end by that.
        for server in open {
            let _ = server.shutdown(Shutdown::Both);
        }
        let _ = self.line.shutdown(Shutdown::Both);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, text: String) {
        let mut state = self.state();
        if state.notes.len() < NOTES {
            state.notes.push(clean_line(&text).into_owned());
        }
    }

    /// Notes that something was refused.
    fn refuse(&self, why: &str) {
        let line = clean_line(why).into_owned();
        let mut state = self.state();
        if state.refused.len() < NOTES && !state.refused.contains(&line) {
            state.refused.push(line.clone());
        }
        drop(state);
        self.note(line);
    }

    /// Takes bytes from what may still be carried; whether there are so many.
    fn carries(&self, count: usize) -> bool {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(count as u64)
        });
        taken.is_ok()
    }

    /// Keeps a connection to be cut at the end; none if that has come.
    fn keep(&self, server: &TcpStream) -> std::io::Result<bool> {
        let mut state = self.state();
        if state.closed {
            return Ok(false);
        }
        state.open.retain(|known| known.peer_addr().is_ok());
        state.open.push(server.try_clone()?);
        Ok(true)
    }
}
