//! One connection of a builder: what it wants, whether it may, and its bytes both ways.

use super::{Shared, head};
use agent::mux::Stream;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long a server may take to be connected to.
const CONNECT: Duration = Duration::from_secs(30);
/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(300);
/// Bytes that are carried at once.
const PIECE: usize = 32 << 10;

/// Serves one connection.
pub(super) struct Proxy {
    pub shared: Arc<Shared>,
}

/// Why a connection is not made, and what a proxy answers then.
struct No {
    status: &'static str,
    why: String,
}

impl Proxy {
    /// Serves a connection to its end.
    pub fn serve(&self, stream: Stream<UnixStream>) {
        match self.begin(&stream) {
            Ok((server, name, rest)) => self.relay(stream, server, &name, &rest),
            Err(None) => {}
            Err(Some(No { status, why })) => {
                self.shared.refuse(&why);
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{why}\n",
                    why.len() + 1
                );
                // Who has gone does not want to know it.
                if stream.write(answer.as_bytes()).is_ok() && stream.finish().is_ok() {
                    let mut piece = [0; 1024];
                    while let Ok(1..) = stream.read(&mut piece) {}
                }
            }
        }
    }

    /// Reads what is wanted and connects to it. Returns the server, what it is called, and what it is to be sent first;
    /// nothing to be told if the builder went away.
    fn begin(&self, stream: &Stream<UnixStream>) -> Result<(TcpStream, String, Vec<u8>), Option<No>> {
        let no = |status, why: String| Some(No { status, why });
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = head::end(&bytes) {
                break end;
            }
            if bytes.len() >= head::MOST {
                return Err(no(
                    "431 Request Header Fields Too Large",
                    "a request to the proxy is too long".into(),
                ));
            }
            let mut piece = [0; 4096];
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => return Err(None),
                Ok(count) => bytes.extend(&piece[..count]),
            }
        };
        let wish = head::read(&bytes[..end]).map_err(|why| no("400 Bad Request", why.to_owned()))?;
        let name = format!("{}:{}", wish.host, wish.port);
        let allowed = self.shared.rules.addresses(&wish.host, wish.port);
        let allowed =
            allowed.map_err(|why| no("403 Forbidden", format!("a connection to {name} is refused: {why}")))?;
        let count = self
            .shared
            .connections
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if count.is_err() {
            return Err(no(
                "403 Forbidden",
                format!("a connection to {name} is refused: there were too many"),
            ));
        }
        let server = connect(&allowed).map_err(|why| no("502 Bad Gateway", format!("{name}: {why}")))?;
        match self.shared.keep(&server) {
            Ok(true) => {}
            Ok(false) => return Err(None),
            Err(error) => return Err(no("502 Bad Gateway", format!("{name}: {error}"))),
        }
        let rest = match wish.forward {
            Some(mut forward) => {
                forward.extend(&bytes[end..]);
                forward
            }
            None => {
                let answer = stream.write(b"HTTP/1.1 200 Connection established\r\n\r\n");
                answer.map_err(|_| None)?;
                bytes[end..].to_vec()
            }
        };
        Ok((server, name, rest))
    }

    /// Carries bytes both ways until both ends are silent, and tells how many there were.
    fn relay(&self, stream: Stream<UnixStream>, server: TcpStream, name: &str, first: &[u8]) {
        let stream = Arc::new(stream);
        let sent = Arc::new(AtomicU64::new(0));
        let outward = {
            let (stream, shared, sent, first) = (stream.clone(), self.shared.clone(), sent.clone(), first.to_vec());
            let server = server.try_clone();
            std::thread::spawn(move || {
                let Ok(mut server) = server else { return };
                let mut write = |bytes: &[u8]| {
                    let is_sent = shared.carries(bytes.len()) && server.write_all(bytes).is_ok();
                    sent.fetch_add(if is_sent { bytes.len() as u64 } else { 0 }, Ordering::Relaxed);
                    is_sent
                };
                let mut piece = vec![0; PIECE];
                let mut goes_on = write(&first);
                while goes_on && let Ok(count @ 1..) = stream.read(&mut piece) {
                    goes_on = write(&piece[..count]);
                }
                // The other direction ends by itself, or is cut where too much was carried.
                let _ = server.shutdown(if goes_on { Shutdown::Write } else { Shutdown::Both });
            })
        };
        let mut server = server;
        let mut received = 0;
        let mut piece = vec![0; PIECE];
        while let Ok(count @ 1..) = server.read(&mut piece) {
            if !self.shared.carries(count) {
                self.shared.refuse(&format!("{name}: more is fetched than may be"));
                break;
            }
            received += count as u64;
            if stream.write(&piece[..count]).is_err() {
                break;
            }
        }
        // Who has gone does not want to know it.
        let _ = stream.finish();
        let _ = server.shutdown(Shutdown::Both);
        drop(stream);
        // Whether it panicked is told by its own end.
        let _ = outward.join();
        let sent = sent.load(Ordering::Relaxed);
        self.shared
            .note(format!("fetched from {name}: {received} bytes, sent {sent}"));
    }
}

/// Connects to the first address that answers, or says why none does.
fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let mut why = String::new();
    for address in addresses {
        match TcpStream::connect_timeout(address, CONNECT) {
            Ok(server) => {
                let set = server
                    .set_read_timeout(Some(SILENCE))
                    .and_then(|()| server.set_write_timeout(Some(SILENCE)));
                return set.map(|()| server).map_err(|error| error.to_string());
            }
            Err(error) => why = format!("{address}: {error}"),
        }
    }
    Err(why)
}
