//! A server of HTTP/1.1 on this machine: one request a connection, and all the ways in which an answer can fail to come.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Incoming {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What is sent back.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) manner: Manner,
}

/// How it is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    /// Whole.
    Whole,
    /// Only the first half of the body.
    CutOff,
    /// Not at all: the connection is closed.
    Nothing,
    /// Not at all: the connection stays open until the client gives up.
    Never,
    /// The body again and again, until the client gives up.
    Endless,
}

/// A listener with its thread, which ends with it.
pub(super) struct Listener {
    pub(super) address: String,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    pub(super) fn start(answer: impl Fn(Incoming) -> Answer + Send + Sync + 'static) -> Listener {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = format!("http://{}", listener.local_addr().expect("it has an address"));
        let ended = Arc::new(AtomicBool::new(false));
        let (end, answer) = (ended.clone(), Arc::new(answer));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let answer = answer.clone();
                let stream = stream.expect("a connection comes");
                thread::spawn(move || talk(stream, &*answer));
            }
        });
        Listener {
            address,
            ended,
            thread: Some(thread),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let address = self.address.trim_start_matches("http://").to_owned();
        let woken = TcpStream::connect(address).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            thread.join().expect("the listener does not panic");
        }
    }
}

fn talk(stream: TcpStream, answer: &(dyn Fn(Incoming) -> Answer + Send + Sync)) {
    // A client that goes away in the middle is no fault of the server.
    if let Some(request) = read(&stream) {
        let answer = answer(request);
        let _gone = write(&stream, &answer);
    }
}

fn read(stream: &TcpStream) -> Option<Incoming> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&count| count > 0)?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        match line()? {
            line if line.is_empty() => break,
            line => {
                let (name, value) = line.split_once(':')?;
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        Some((crate::request::unescaped(name)?, crate::request::unescaped(value)?))
    };
    let mut request = Incoming {
        method,
        path: path.to_owned(),
        query: query.split('&').filter_map(pair).collect(),
        headers,
        body: Vec::new(),
    };
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    request.body.resize(length.unwrap_or(0), 0);
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

fn write(mut stream: &TcpStream, answer: &Answer) -> std::io::Result<()> {
    match answer.manner {
        Manner::Nothing => return Ok(()),
        Manner::Never => {
            // Until the client closes it.
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest)?;
            return Ok(());
        }
        Manner::Whole | Manner::CutOff | Manner::Endless => {}
    }
    let mut head = format!("HTTP/1.1 {} Status\r\nconnection: close\r\n", answer.status);
    if answer.manner != Manner::Endless {
        head.push_str(&format!("content-length: {}\r\n", answer.body.len()));
    }
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    match answer.manner {
        Manner::CutOff => stream.write_all(&answer.body[..answer.body.len() / 2]),
        Manner::Endless => loop {
            stream.write_all(&answer.body)?;
        },
        _ => stream.write_all(&answer.body),
    }
}
