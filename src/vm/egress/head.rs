//! The head of a request to the proxy. A builder has written it, so it is hostile.

/// Most bytes of one.
pub const MOST: usize = 32 << 10;

/// What a builder wants of the proxy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wish {
    /// The host: a name, an IPv4 address, or an IPv6 address in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What the server is told first; none if the builder speaks to it itself (`CONNECT`).
    pub forward: Option<Vec<u8>>,
}

/// Returns where a head ends, if it does: behind its first empty line.
pub fn end(bytes: &[u8]) -> Option<usize> {
    let mark = b"\r\n\r\n";
    bytes
        .windows(mark.len())
        .position(|window| window == mark)
        .map(|at| at + mark.len())
}

/// Reads a head, or says why it is none that can be followed.
pub fn read(bytes: &[u8]) -> Result<Wish, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the request is no text")?;
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let words: Vec<&str> = first.split(' ').collect();
    let [method, target, version @ ("HTTP/1.1" | "HTTP/1.0")] = words[..] else {
        return Err("the request is none of HTTP/1");
    };
    let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_method || target.bytes().any(|byte| byte.is_ascii_control()) {
        return Err("the request is none of HTTP/1");
    }
    if method == "CONNECT" {
        let (host, port) = authority(target, None)?;
        return Ok(Wish {
            host,
            port,
            forward: None,
        });
    }
    let rest = target
        .strip_prefix("http://")
        .ok_or("the request names no http:// URL")?;
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, port) = authority(&rest[..at], Some(80))?;
    let path = match &rest[at..] {
        "" => "/".to_owned(),
        query if query.starts_with('?') => format!("/{query}"),
        path => path.to_owned(),
    };
    let mut forward = format!("{method} {path} {version}\r\n");
    for line in lines {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        // These are for the proxy, and a connection carries one request only.
        if line.is_empty() || name.starts_with("proxy-") || ["connection", "keep-alive"].contains(&name.as_str()) {
            continue;
        }
        forward.push_str(line);
        forward.push_str("\r\n");
    }
    forward.push_str("Connection: close\r\n\r\n");
    Ok(Wish {
        host,
        port,
        forward: Some(forward.into_bytes()),
    })
}

/// Returns the host and port of an authority.
fn authority(text: &str, default: Option<u16>) -> Result<(String, u16), &'static str> {
    const NO_HOST: &str = "the request names no host and port";
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (inner, after) = rest.split_once(']').ok_or(NO_HOST)?;
            if inner.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(NO_HOST);
            }
            (
                format!("[{inner}]"),
                after
                    .strip_prefix(':')
                    .or(if after.is_empty() { None } else { Some("x") }),
            )
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (text.to_owned(), None),
        },
    };
    let is_name = |name: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        !name.is_empty() && name.len() <= 253 && name.bytes().all(is_letter)
    };
    if !host.starts_with('[') && !is_name(&host) {
        return Err(NO_HOST);
    }
    let port = match port {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().map_err(|_| NO_HOST)?,
        Some(_) => return Err(NO_HOST),
        None => default.ok_or(NO_HOST)?,
    };
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_where_to() {
        for (said, host, port, forward) in [
            ("CONNECT a.org:443 HTTP/1.1\r\nHost: a.org\r\n\r\n", "a.org", 443, None),
            ("CONNECT [::1]:80 HTTP/1.1\r\n\r\n", "[::1]", 80, None),
            (
                "GET http://a.org/x?y HTTP/1.1\r\nHost: a.org\r\nProxy-Connection: keep-alive\r\nConnection: Keep-Alive\r\nA: b\r\n\r\n",
                "a.org",
                80,
                Some("GET /x?y HTTP/1.1\r\nHost: a.org\r\nA: b\r\nConnection: close\r\n\r\n"),
            ),
            (
                "POST http://10.0.0.1:8080?q HTTP/1.0\r\n\r\n",
                "10.0.0.1",
                8080,
                Some("POST /?q HTTP/1.0\r\nConnection: close\r\n\r\n"),
            ),
        ] {
            let wish = read(said.as_bytes()).expect(said);
            assert_eq!((wish.host.as_str(), wish.port), (host, port), "{said}");
            assert_eq!(wish.forward.as_deref(), forward.map(str::as_bytes), "{said}");
            assert_eq!(end(said.as_bytes()), Some(said.len()));
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for said in [
            "",
            "GET / HTTP/1.1\r\n\r\n",
            "GET https://a.org/ HTTP/1.1\r\n\r\n",
            "CONNECT a.org HTTP/1.1\r\n\r\n",
            "CONNECT a.org:99999 HTTP/1.1\r\n\r\n",
            "CONNECT a.org:+80 HTTP/1.1\r\n\r\n",
            "CONNECT u@a.org:443 HTTP/1.1\r\n\r\n",
            "CONNECT [::1]x:443 HTTP/1.1\r\n\r\n",
            "CONNECT [a.org]:443 HTTP/1.1\r\n\r\n",
            "get http://a.org/ HTTP/1.1\r\n\r\n",
            "GET http://a.org/\u{1b} HTTP/1.1\r\n\r\n",
            "GET http://a.org/ x HTTP/1.1\r\n\r\n",
            "GET http:///x HTTP/1.1\r\n\r\n",
            "GET http://a.org/ HTTP/2\r\n\r\n",
        ] {
            assert!(read(said.as_bytes()).is_err(), "{said}");
        }
        assert!(read(b"\xff").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..100), text in "(CONNECT|GET) (http://)?[a-z.:0-9/?\\[\\]@]{0,30} HTTP/1.1(\r\n[ -~]{0,20}){0,4}") {
            let _ = (end(&bytes), read(&bytes));
            if let Ok(wish) = read(text.as_bytes()) {
                assert!(!wish.host.is_empty() && !wish.host.contains(['/', '@']));
            }
        }
    }
}
