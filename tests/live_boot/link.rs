//! A link that can be cut: a port that leads to another one.

use std::io::copy;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A link between two ports of this machine.
pub struct Link {
    port: u16,
    cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Link {
    /// Returns a link to a port; it lasts as long as the test's process.
    pub fn to(port: u16) -> Link {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let link = Link {
            port: listener.local_addr().expect("it has an address").port(),
            cut: Arc::default(),
            open: Arc::default(),
        };
        let (cut, open) = (Arc::clone(&link.cut), Arc::clone(&link.open));
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if cut.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(far) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                let both = || Some((near.try_clone().ok()?, far.try_clone().ok()?));
                let (Some((mut from, mut to)), Some((mut back, mut home)), Some((one, other))) =
                    (both(), both(), both())
                else {
                    continue;
                };
                open.lock().expect("nobody panics with it").extend([one, other]);
                std::thread::spawn(move || {
                    let _ = copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Write);
                });
                std::thread::spawn(move || {
                    let _ = copy(&mut home, &mut back);
                    let _ = back.shutdown(Shutdown::Write);
                });
            }
        });
        link
    }

    /// Returns the port of this end.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends all connections, and takes none until it is mended.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for end in self.open.lock().expect("nobody panics with it").drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

/// Returns a port that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}
