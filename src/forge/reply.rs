//! Replies of the server, of which nothing is believed before it was read.

use http::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::message::told;
use crate::request::{Request, unescaped};

/// Most messages of one refusal that are told.
const MOST_MESSAGES: usize = 5;

/// A whole reply.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// What GitHub says when it does not do what was asked.
#[derive(Deserialize, Default)]
struct Complaint {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<serde_json::Value>,
}

impl Reply {
    /// Returns a header's value, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns a header's value as a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.trim().parse().ok()
    }

    fn complaint(&self) -> Complaint {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Returns what GitHub says of its own refusal, fit to be told.
    pub(crate) fn message(&self) -> String {
        match told(&self.complaint().message) {
            message if message.is_empty() => "without a reason".into(),
            message => message,
        }
    }

    /// Returns what GitHub says of each field that it refuses, after what it says of all of it.
    fn messages(&self) -> Vec<String> {
        let errors = self.complaint().errors;
        let more = errors.len().saturating_sub(MOST_MESSAGES);
        let field = |error: &serde_json::Value| {
            let text = |key: &str| error.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
            match (error.as_str(), text("message")) {
                (Some(message), _) => told(message),
                (None, message) if !message.is_empty() => told(message),
                _ => told(&format!("{} {}", text("field"), text("code"))),
            }
        };
        let mut messages = vec![self.message()];
        messages.extend(errors.iter().take(MOST_MESSAGES).map(field));
        if more > 0 {
            messages.push(format!("and {more} more"));
        }
        messages
    }

    /// Returns the reply if it is what was asked for, else the error that it is. Limits of rates are not told here.
    pub(crate) fn expected(self, request: &Request) -> Result<Reply, Error> {
        let about = request.about.clone();
        let permission = request.permission;
        match self.status {
            200..=299 => Ok(self),
            300..=399 => Err(Error::Moved {
                about,
                status: self.status,
            }),
            401 => Err(Error::Token {
                message: self.message(),
            }),
            403 => Err(Error::Forbidden {
                about,
                permission,
                message: self.message(),
            }),
            404 | 410 => Err(Error::Missing { about, permission }),
            422 => Err(Error::Refused {
                about,
                messages: self.messages(),
            }),
            500..=599 => Err(Error::Broken {
                about,
                answered: format!("answered {}", self.status),
            }),
            status => Err(Error::Unexpected {
                about,
                status,
                message: self.message(),
            }),
        }
    }

    /// Returns the body as what was asked for.
    pub(crate) fn read<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let html =
                self.header("content-type").is_some_and(|kind| kind.contains("html")) || self.body.starts_with(b"<");
            let answered = match html {
                true => format!("answered {} with HTML", self.status),
                false => format!(
                    "answered {} with something else: {}",
                    self.status,
                    told(&error.to_string())
                ),
            };
            Error::Broken {
                about: request.about.clone(),
                answered,
            }
        })
    }

    /// Whether the reply says that the list goes on, even if not in a way that can be read.
    pub(crate) fn goes_on(&self) -> bool {
        let links = self.headers.get_all("link");
        links
            .iter()
            .any(|link| link.to_str().map_or(true, |link| link.contains("next")))
    }

    /// Returns the query of the next page of a list, if there is one. The server names a whole address; only its query is
    /// taken, as a token is sent to no address that a reply names.
    pub(crate) fn next_page(&self) -> Option<Vec<(String, String)>> {
        let links = self.header("link")?;
        let next = links.split(',').find(|link| {
            let mut parts = link.split(';').skip(1).map(str::trim);
            parts.any(|part| part == "rel=\"next\"" || part == "rel=next")
        })?;
        let address = next.split(';').next()?.trim().strip_prefix('<')?.strip_suffix('>')?;
        let (_, query) = address.split_once('?')?;
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=')?;
            Some((unescaped(name)?, unescaped(value)?))
        };
        query.split('&').map(pair).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Repository;
    use crate::request;
    use proptest::prelude::*;

    fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
        let headers = headers.iter().map(|(name, value)| {
            let value = http::HeaderValue::from_str(value).expect("it is one");
            (http::HeaderName::from_static(name), value)
        });
        Reply {
            status,
            headers: headers.collect(),
            body: body.into(),
        }
    }

    fn asked() -> Request {
        request::check_run(&Repository::new("octo/fleet").expect("it is one"), 7)
    }

    #[test]
    fn each_status_is_an_error_that_can_be_acted_on() {
        let check = |status, body: &str, expected: &str| {
            let error = reply(status, &[], body).expected(&asked()).expect_err("it is one");
            assert_eq!(error.to_string(), expected);
        };
        check(
            401,
            "{\"message\": \"Bad credentials\"}",
            "GitHub does not take the token: Bad credentials",
        );
        check(
            403,
            "{\"message\": \"Resource not accessible by integration\"}",
            "the token may not do this to check run 7 of octo/fleet: Resource not accessible by integration; the job needs \
             `permissions: checks: write`, which a pull request from a fork never gets",
        );
        let missing = "GitHub does not find check run 7 of octo/fleet: gone, or the token may not see it (`permissions: \
                       checks: write`)";
        check(404, "{}", missing);
        check(410, "", missing);
        check(
            422,
            "{\"message\": \"Validation\\nFailed\", \"errors\": [\"a\\u001b\", {\"message\": \"b\"}, {\"field\": \"c\", \"code\": \
             \"invalid\"}, 1, 2, 3]}",
            "GitHub refuses what was sent about check run 7 of octo/fleet: Validation Failed; a␛; b; c invalid; ; ; and 1 more",
        );
        check(302, "", "check run 7 of octo/fleet has moved: GitHub answers 302");
        check(
            502,
            "<html>",
            "GitHub's server is broken: asked for check run 7 of octo/fleet, it answered 502",
        );
        check(
            418,
            "[]",
            "GitHub answers 418 to check run 7 of octo/fleet: without a reason",
        );
    }

    #[test]
    fn what_is_no_json_is_told_as_what_it_is() {
        let check = |headers: &[(&'static str, &str)], body: &str, expected: &str| {
            let error = reply(200, headers, body)
                .read::<Vec<u8>>(&asked())
                .expect_err("it is none");
            assert!(error.to_string().ends_with(expected), "{error}");
        };
        check(
            &[("content-type", "text/html; charset=utf-8")],
            "x",
            "it answered 200 with HTML",
        );
        check(&[], "<!DOCTYPE html>", "it answered 200 with HTML");
        check(
            &[],
            "[1",
            "with something else: EOF while parsing a list at line 1 column 2",
        );
        check(
            &[],
            "",
            "with something else: EOF while parsing a value at line 1 column 0",
        );
    }

    #[test]
    fn only_the_query_of_the_next_page_is_taken() {
        let check = |link: &str, expected: Option<&[(&str, &str)]>| {
            let found = reply(200, &[("link", link)], "").next_page();
            let expected = expected.map(|pairs| {
                let pair = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
                pairs.iter().map(pair).collect::<Vec<_>>()
            });
            assert_eq!(found, expected, "{link}");
        };
        check(
            "<https://evil.example/x?per_page=30&page=2>; rel=\"next\", <https://x/?page=9>; rel=\"last\"",
            Some(&[("per_page", "30"), ("page", "2")]),
        );
        check(
            "<https://x/?page=1>; rel=\"prev\", <https://x/?after=a%3Db>; rel=\"next\"",
            Some(&[("after", "a=b")]),
        );
        check("<https://x/?page=1>; rel=\"prev\"", None);
        check("<https://x/>; rel=\"next\"", None);
        check("", None);
        assert!(reply(200, &[("link", "<x>; rel=\"next\"")], "").goes_on());
        assert!(
            !reply(200, &[("link", "<https://x/?page=1>; rel=\"prev\"")], "").goes_on()
                && !reply(200, &[], "").goes_on()
        );
        check("?page=2; rel=\"next\"", None);
        check("<?%zz=2>; rel=\"next\"", None);
    }

    proptest! {
        #[test]
        fn no_reply_makes_the_reader_panic(link in "[<>;,=\"?&%a-z0-9 ]{0,60}", body in any::<String>(), status in 100u16..600) {
            let reply = reply(status, &[("link", &link)], &body);
            let _ = reply.next_page();
            let _ = reply.read::<Vec<u64>>(&asked());
            if let Err(error) = reply.expected(&asked()) {
                prop_assert!(error.to_string().len() < 10_000);
                prop_assert!(!error.to_string().contains(char::is_control));
            }
        }
    }
}
