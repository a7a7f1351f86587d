//! The proxy, as a guest's end of the line sees it.

use super::*;
use agent::mux::Stream;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener};

/// Returns a way out with rules for a port, and the guest's end of it.
fn way(hosts: &[&str], port: u16, address: AddressRule) -> (Egress, Mux<UnixStream>) {
    let (near, far) = UnixStream::pair().expect("a pair");
    let rules = Rules {
        ports: vec![port],
        ..Rules::new(hosts.iter().map(|host| host.to_string()).collect(), address)
    };
    let egress = Egress::open(near, rules).expect("it opens");
    let guest = Mux::new(far.try_clone().expect("another handle"));
    let running = guest.clone();
    std::thread::spawn(move || running.run(far));
    (egress, guest)
}

fn anything() -> AddressRule {
    Arc::new(|_, _| Ok(()))
}

fn nothing_of_this_machine() -> AddressRule {
    Arc::new(|host, address: IpAddr| match address.is_loopback() {
        true => Err(format!("'{host}' has the address {address}")),
        false => Ok(()),
    })
}

/// Serves connections: reads up to an empty line, answers with what it has read, and closes.
fn server(connections: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().expect("a connection");
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
                head.push(byte[0]);
            }
            stream
                .write_all(&[b"HTTP/1.1 200 OK\r\n\r\n", &head[..]].concat())
                .expect("an answer");
        }
    });
    port
}

fn all(stream: &Stream<UnixStream>) -> String {
    let (mut found, mut piece) = (Vec::new(), [0; 999]);
    while let Ok(count @ 1..) = stream.read(&mut piece) {
        found.extend(&piece[..count]);
    }
    String::from_utf8_lossy(&found).into_owned()
}

/// Says something to the proxy and returns what comes back.
fn asked(guest: &Mux<UnixStream>, said: &str) -> String {
    let stream = guest.open().expect("a stream");
    stream.write(said.as_bytes()).expect("it is taken");
    stream.finish().expect("it ends");
    all(&stream)
}

/// Waits for a line that is told of a connection that has ended.
fn told(egress: &Egress, what: &str) -> String {
    loop {
        if let Some(line) = egress.notes().into_iter().find(|line| line.contains(what)) {
            return line;
        }
        std::thread::yield_now();
    }
}

#[test]
fn what_is_allowed_is_fetched_and_told() {
    let port = server(2);
    let (egress, guest) = way(&["localhost", "127.0.0.1"], port, anything());
    let came = asked(
        &guest,
        &format!("GET http://127.0.0.1:{port}/x HTTP/1.1\r\nProxy-Connection: x\r\n\r\n"),
    );
    assert_eq!(
        came,
        "HTTP/1.1 200 OK\r\n\r\nGET /x HTTP/1.1\r\nConnection: close\r\n\r\n"
    );
    let line = told(&egress, "fetched from");
    assert_eq!(line, format!("fetched from 127.0.0.1:{port}: 57 bytes, sent 38"));
    let came = asked(
        &guest,
        &format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\nhello\r\n\r\n"),
    );
    assert_eq!(
        came,
        "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello\r\n\r\n"
    );
    assert_eq!(egress.refused(), Vec::<String>::new());
}

#[test]
fn what_is_not_allowed_is_refused_and_told() {
    let port = server(0);
    let connect = format!("CONNECT localhost:{port} HTTP/1.1\r\n\r\n");
    let other = port ^ 1;
    for (hosts, address, said, expected) in [
        (
            &[][..],
            nothing_of_this_machine(),
            connect.clone(),
            "'localhost' has the address",
        ),
        (
            &[],
            nothing_of_this_machine(),
            format!("GET http://127.1:{port}/ HTTP/1.1\r\n\r\n"),
            "127.0.0.1",
        ),
        (
            &[],
            nothing_of_this_machine(),
            format!("CONNECT [::1]:{port} HTTP/1.1\r\n\r\n"),
            "::1",
        ),
        (
            &["a.org"],
            anything(),
            connect.clone(),
            "none of the hosts that --fetch-from names",
        ),
        (
            &[],
            anything(),
            format!("CONNECT localhost:{other} HTTP/1.1\r\n\r\n"),
            "none that files are fetched from",
        ),
        (
            &[],
            anything(),
            "GET / HTTP/1.1\r\n\r\n".into(),
            "the request names no http:// URL",
        ),
        (&[], anything(), "x".repeat(40_000), "too long"),
    ] {
        let (egress, guest) = way(hosts, port, address);
        let came = asked(&guest, &said);
        assert!(
            came.starts_with("HTTP/1.1 4") && came.contains(expected),
            "{expected}: {came}"
        );
        let refused = egress.refused();
        assert!(
            refused.len() == 1 && refused[0].contains(expected),
            "{expected}: {refused:?}"
        );
    }
}

#[test]
fn when_it_is_closed_nothing_goes_out_any_more() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (egress, guest) = way(&[], port, anything());
    let stream = guest.open().expect("a stream");
    let said = format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n");
    stream.write(said.as_bytes()).expect("it is taken");
    let (mut server, _) = listener.accept().expect("a connection");
    drop(egress);
    let mut rest = Vec::new();
    // It ends, whether by an end or by a reset.
    let _ = server.read_to_end(&mut rest);
    assert_eq!(rest, b"");
    all(&stream);
    assert!(
        guest
            .open()
            .is_none_or(|stream| stream.write(b"x").is_err() || all(&stream).is_empty())
    );
}
