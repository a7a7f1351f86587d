//! A server that has files, on this machine.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a path has: the status line behind the version, more headers, and the bytes.
pub type Reply = (&'static str, String, Vec<u8>);

/// A server; it goes with the test's process.
pub struct Server {
    /// Its address, such as `http://127.0.0.1:4711`.
    pub address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Returns a server with these replies by path; all other paths are not found.
    pub fn with(replies: BTreeMap<String, Reply>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
        let address = format!("http://{}", listener.local_addr().expect("it has an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection can be taken");
                if let Some(path) = path(&stream) {
                    let missing = ("404 Not Found", String::new(), b"Not Found".to_vec());
                    let (status, headers, body) = replies.get(&path).unwrap_or(&missing);
                    noted.lock().expect("nobody panics").push(path);
                    let head = format!(
                        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
                        body.len()
                    );
                    // Who asked may be gone already: that is its own matter.
                    let _ = stream.write_all(&[head.as_bytes(), body].concat());
                }
            }
        });
        Server { address, asked }
    }

    /// Returns the paths that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics").clone()
    }
}

/// Reads the head of a request and returns its path.
fn path(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    for line in lines {
        if line.ok()?.is_empty() {
            break;
        }
    }
    first.split(' ').nth(1).map(str::to_owned)
}
