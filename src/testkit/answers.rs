//! A web server on this machine that has some answers, and no others.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A server that answers requests for some paths with JSON, and all others with 404. It ends with this value.
#[derive(Debug)]
pub struct Answers {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Answers {
    /// Starts a server with an answer for each of these paths, whatever query stands behind them.
    pub fn start(answers: impl IntoIterator<Item = (String, String)>) -> Answers {
        let answers: HashMap<String, String> = answers.into_iter().collect();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = format!("http://{}", listener.local_addr().expect("it has an address"));
        let (asked, ended) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (log, end) = (asked.clone(), ended.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let stream = stream.expect("a connection comes");
                if let Some(path) = path(&stream) {
                    // Before the answer, after which the test goes on.
                    log.lock().expect("no panic while holding the log").push(path.clone());
                    // A client that goes away in the middle is no fault of the server.
                    let _gone = answer(&stream, answers.get(&path));
                }
            }
        });
        Answers {
            address,
            asked,
            ended,
            thread: Some(thread),
        }
    }

    /// Returns where it is, such as `http://127.0.0.1:4711`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns the paths that were asked for, in their order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic while holding the log").clone()
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let woken = TcpStream::connect(self.address.trim_start_matches("http://")).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| woken && !std::thread::panicking()) {
            thread.join().expect("the server does not panic");
        }
    }
}

/// Returns the path of a request, after its head was read.
fn path(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    while !lines.next()?.ok()?.is_empty() {}
    let target = first.split(' ').nth(1)?;
    Some(target.split('?').next()?.to_owned())
}

fn answer(mut stream: &TcpStream, body: Option<&String>) -> std::io::Result<()> {
    let (status, body) = match body {
        Some(body) => ("200 OK", body.as_str()),
        None => ("404 Not Found", "{\"message\": \"Not Found\"}"),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n");
    stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes())
}
