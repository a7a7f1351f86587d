//! The way out of a build machine: connections to a port of this guest are carried over a serial port of their own to the
//! host, which is the proxy and decides about each.

use super::kernel::Kernel;
use super::line::port;
use super::{CARRY, Fault, network, while_doing};
use agent::mux::{Mux, Stream};
use rustix::fs::OFlags;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// How often the port is looked for, and how long in between.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// Starts the carrier and waits until it listens.
pub fn start(kernel: &Kernel) -> Result<Child, Fault> {
    let name = port(kernel, agent::EGRESS).ok_or_else(|| format!("no virtio port is called {}", agent::EGRESS))?;
    let line = kernel.device(&name, OFlags::RDWR)?;
    // Relative to `/proc`, which the server is in.
    let mut command = Command::new("self/exe");
    command.arg(CARRY).env_clear().stdin(Stdio::from(line));
    command.stdout(kernel.device("null", OFlags::RDWR)?);
    command.stderr(kernel.device("null", OFlags::RDWR)?);
    let mut child = command.spawn().map_err(while_doing("start the carrier"))?;
    for _ in 0..TRIES {
        if network::listens(kernel, agent::PROXY) {
            return Ok(child);
        }
        if let Some(status) = child.try_wait().map_err(while_doing("look at the carrier"))? {
            return Err(format!("the carrier ends with {status}"));
        }
        std::thread::sleep(PAUSE);
    }
    // It is of no use, and it is gone with the machine at the latest.
    let _ = child.kill();
    Err("the carrier does not listen".into())
}

/// Carries connections; its standard input is the serial port.
pub fn carry() -> ExitCode {
    let line = std::os::fd::AsFd::as_fd(&std::io::stdin()).try_clone_to_owned();
    let line = line.and_then(|line| Ok((File::from(line.try_clone()?), File::from(line))));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, agent::PROXY));
    let (Ok((reader, writer)), Ok(listener)) = (line, listener) else {
        return ExitCode::FAILURE;
    };
    let mux = Mux::new(writer);
    let running = mux.clone();
    std::thread::spawn(move || {
        // When the host is gone nothing can be carried any more.
        let _ = running.run(reader);
        std::process::exit(1);
    });
    for connection in listener.incoming().flatten() {
        // With too many already it is closed: whoever made it tries again.
        if let Some(stream) = mux.open() {
            std::thread::spawn(move || both(connection, stream));
        }
    }
    ExitCode::SUCCESS
}

/// Carries a connection both ways until both have ended.
fn both(connection: TcpStream, stream: Stream<File>) {
    let stream = Arc::new(stream);
    let Ok(mut inward) = connection.try_clone() else {
        return;
    };
    let outward = stream.clone();
    let sender = std::thread::spawn(move || {
        let mut connection = connection;
        let mut piece = [0; agent::PIECE];
        loop {
            match connection.read(&mut piece) {
                Ok(0) | Err(_) => break,
                Ok(count) => {
                    if outward.write(&piece[..count]).is_err() {
                        break;
                    }
                }
            }
        }
        // The other direction finds out by itself if that cannot be said.
        let _ = outward.finish();
    });
    let mut piece = [0; agent::PIECE];
    while let Ok(count @ 1..) = stream.read(&mut piece) {
        if inward.write_all(&piece[..count]).is_err() {
            break;
        }
    }
    // What is closed already cannot be closed again.
    let _ = inward.shutdown(Shutdown::Both);
    let _ = sender.join();
}
