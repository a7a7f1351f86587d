//! A client for servers that the user has named, such as binary caches: connections stay open for the next question, and
//! answers are read as they come.

use super::http::{HttpError, configured};
use super::netrc::Netrc;
use crate::url::Url;
use base64::Engine;
use std::io::Read;
use std::time::Duration;

/// Connections that are kept for later.
const IDLE: usize = 24;
/// How long one of them is kept.
const KEPT: Duration = Duration::from_secs(30);

/// A client for servers that the user has named. What a flake names is fetched by a [`super::Transport`].
pub struct Client {
    agent: ureq::Agent,
    netrc: Netrc,
}

/// An answer whose body has not been read yet.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body. It ends by an error if the server breaks off, or takes for ever.
    pub body: Box<dyn Read + Send>,
}

impl Client {
    /// Returns a client that has no connection yet. `certificates` is the text of a PEM file of certificate authorities;
    /// without one Mozilla's are used. Names and passwords are sent to the hosts that they are for.
    pub fn new(certificates: Option<&[u8]>, netrc: Netrc) -> Client {
        let config = configured(certificates)
            .max_idle_connections(IDLE)
            .max_idle_connections_per_host(IDLE)
            .max_idle_age(KEPT)
            .build();
        Client {
            agent: config.new_agent(),
            netrc,
        }
    }

    /// Returns what the server answers, whatever its status, after following redirects.
    pub fn open(&self, url: &str) -> Result<Answer, HttpError> {
        let failed = |why: String| HttpError::Failed {
            url: url.to_owned(),
            why,
        };
        let mut call = self.agent.get(url);
        let host = Url::parse(url, false).ok();
        if let Some((user, password)) = host.as_ref().and_then(|url| self.netrc.login(url.host())) {
            let basic = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            call = call.header("Authorization", format!("Basic {basic}"));
        }
        let answer = call.call().map_err(|error| failed(error.to_string()))?;
        Ok(Answer {
            status: answer.status().as_u16(),
            // Whoever reads it knows how much there may be.
            body: Box::new(answer.into_body().into_with_config().limit(u64::MAX).reader()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;

    #[test]
    fn a_connection_is_used_again() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let served = std::thread::spawn(move || {
            // One connection only: a second one would wait for ever.
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut asked = Vec::new();
            for status in ["200 OK", "404 Not Found"] {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("a request") == 1 {
                    head.push(byte[0]);
                }
                asked.push(String::from_utf8_lossy(&head).to_lowercase());
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\nabc");
                stream.write_all(answer.as_bytes()).expect("an answer");
            }
            asked
        });
        let client = Client::new(None, Netrc::parse("machine 127.0.0.1 login me password it"));
        for status in [200, 404] {
            let mut answer = client.open(&format!("http://127.0.0.1:{port}/x")).expect("an answer");
            let mut body = String::new();
            answer.body.read_to_string(&mut body).expect("a body");
            assert_eq!((answer.status, body.as_str()), (status, "abc"));
        }
        let asked = served.join().expect("a server");
        assert!(
            asked.iter().all(|head| head.contains("authorization: basic bwu6axq=")),
            "{asked:?}"
        );
    }
}
