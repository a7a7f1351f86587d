//! Whether a request is sent again, and when: a function of what came back.
//!
//! What GitHub documents ("Rate limits for the REST API", "Best practices"): a limit answers 403 or 429; with
//! `retry-after`, wait that many seconds; with `x-ratelimit-remaining: 0`, until `x-ratelimit-reset`; else at least
//! a minute. A server that is broken is asked again a little later, each time twice as late, and a bit at random, so that
//! jobs that fail together do not come back together.

use std::time::Duration;

use crate::client::Patience;
use crate::error::Error;
use crate::reply::Reply;
use crate::request::Request;

/// What to wait for a secondary limit that names no time: "wait for at least one minute".
const UNTOLD: Duration = Duration::from_secs(60);

/// What to wait after the first failure of a server; twice as long after each further one.
const FIRST: Duration = Duration::from_secs(1);

/// What came back, or the error that nothing did.
pub(crate) type Outcome = Result<Reply, Error>;

/// What to do next.
#[derive(Debug)]
pub(crate) enum Step {
    /// It is an answer.
    Take(Reply),
    /// Wait, then send it again.
    Again {
        /// How long.
        wait: Duration,
        /// Whether what was asked for may have been done all the same.
        unsure: bool,
    },
    /// No answer will come within our patience.
    GiveUp {
        /// Why.
        error: Error,
        /// Whether what was asked for may have been done all the same.
        unsure: bool,
    },
}

/// When it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// How often the request was sent.
    pub(crate) sent: u32,
    /// Wall time, since 1970-01-01 UTC.
    pub(crate) now: Duration,
    /// What is left of the time for all requests.
    pub(crate) left: Duration,
    /// Any number, by which waiting differs between runs.
    pub(crate) random: u64,
}

/// Returns what to do after an outcome.
pub(crate) fn step(outcome: Outcome, request: &Request, moment: Moment, patience: &Patience) -> Step {
    let broken = |error| {
        let wait = backoff(moment);
        if moment.sent < patience.attempts && wait <= moment.left {
            Step::Again { wait, unsure: true }
        } else {
            Step::GiveUp { error, unsure: true }
        }
    };
    let reply = match outcome {
        Ok(reply) => reply,
        Err(error) => return broken(error),
    };
    if is_limit(&reply) {
        let told = told_wait(&reply, moment.now);
        let wait = told.unwrap_or(UNTOLD);
        return if moment.sent < patience.attempts && wait <= patience.wait && wait <= moment.left {
            Step::Again { wait, unsure: false }
        } else {
            let message = reply.message();
            let error = Error::RateLimited { wait: told, message };
            Step::GiveUp { error, unsure: false }
        };
    }
    match reply.status {
        408 | 500..=599 => match reply.expected(request) {
            Ok(reply) => Step::Take(reply),
            Err(error) => broken(error),
        },
        _ => Step::Take(reply),
    }
}

/// Whether a reply says that there were too many requests, and not that a token may not do what was asked.
fn is_limit(reply: &Reply) -> bool {
    let limits = || {
        reply.header("retry-after").is_some()
            || reply.number("x-ratelimit-remaining") == Some(0)
            || reply.message().contains("secondary rate limit")
    };
    reply.status == 429 || (reply.status == 403 && limits())
}

/// Returns how long the reply tells us to wait.
fn told_wait(reply: &Reply, now: Duration) -> Option<Duration> {
    if let Some(seconds) = reply.number("retry-after") {
        return Some(Duration::from_secs(seconds));
    }
    if reply.number("x-ratelimit-remaining") != Some(0) {
        return None;
    }
    let reset = Duration::from_secs(reply.number("x-ratelimit-reset")?);
    // One second more, as the clocks may differ by a part of one.
    Some(reset.saturating_sub(now).saturating_add(Duration::from_secs(1)))
}

/// Returns 1, 2, 4… seconds, and up to half of that more.
fn backoff(moment: Moment) -> Duration {
    let doubled = FIRST.saturating_mul(1 << moment.sent.saturating_sub(1).min(10));
    let parts = u32::try_from(moment.random % 500).unwrap_or_default();
    doubled + doubled * parts / 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Repository;
    use crate::request;
    use http::{HeaderMap, HeaderName, HeaderValue};
    use proptest::prelude::*;

    fn asked() -> Request {
        request::check_run(&Repository::new("octo/fleet").expect("it is one"), 7)
    }

    fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
        let headers = headers.iter().map(|(name, value)| {
            let value = HeaderValue::from_str(value).expect("it is one");
            (HeaderName::from_static(name), value)
        });
        Reply {
            status,
            headers: headers.collect::<HeaderMap>(),
            body: body.into(),
        }
    }

    fn moment(sent: u32) -> Moment {
        Moment {
            sent,
            now: Duration::from_secs(1_000),
            left: Duration::from_secs(200),
            random: 0,
        }
    }

    fn told(step: &Step) -> String {
        match step {
            Step::Take(reply) => format!("take {}", reply.status),
            Step::Again { wait, unsure } => {
                format!("again in {} s{}", wait.as_secs(), if *unsure { ", unsure" } else { "" })
            }
            Step::GiveUp { error, .. } => format!("give up: {error}"),
        }
    }

    #[test]
    fn limits_are_waited_for_as_github_says() {
        let check = |status, headers: &[(&'static str, &str)], body: &str, sent, expected: &str| {
            let step = step(
                Ok(reply(status, headers, body)),
                &asked(),
                moment(sent),
                &Patience::default(),
            );
            assert_eq!(told(&step), expected, "{status} {headers:?}");
        };
        check(200, &[], "", 1, "take 200");
        check(403, &[], "{\"message\": \"Resource not accessible\"}", 1, "take 403");
        check(403, &[("x-ratelimit-remaining", "58")], "", 1, "take 403");
        check(403, &[("retry-after", "30")], "", 1, "again in 30 s");
        check(429, &[("retry-after", "0")], "", 1, "again in 0 s");
        check(429, &[], "", 1, "again in 60 s");
        let secondary = "{\"message\": \"You have exceeded a secondary rate limit.\"}";
        check(403, &[], secondary, 1, "again in 60 s");
        let until = |reset| [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)];
        check(403, &until("1040"), "", 1, "again in 41 s");
        // The clock of the server is behind ours.
        check(403, &until("900"), "", 1, "again in 1 s");
        let limited = "give up: GitHub takes no more requests for now";
        check(
            403,
            &until("3000"),
            "{\"message\": \"API rate limit exceeded\"}",
            1,
            &format!("{limited} (for 34 min): API rate limit exceeded"),
        );
        check(429, &[("retry-after", "99999999999999999999")], "", 1, "again in 60 s");
        check(
            429,
            &[("retry-after", "18446744073709551615")],
            "",
            1,
            &format!("{limited} (for 307445734561825861 min): without a reason"),
        );
        check(
            403,
            &until("18446744073709551615"),
            "",
            1,
            &format!("{limited} (for 307445734561825844 min): without a reason"),
        );
        check(
            429,
            &[("retry-after", "2")],
            "",
            5,
            &format!("{limited} (for 2 s): without a reason"),
        );
    }

    #[test]
    fn a_broken_server_is_asked_again_later_and_later() {
        let broken = |sent| {
            let step = step(
                Ok(reply(502, &[], "<html>")),
                &asked(),
                moment(sent),
                &Patience::default(),
            );
            told(&step)
        };
        assert_eq!(broken(1), "again in 1 s, unsure");
        assert_eq!(broken(2), "again in 2 s, unsure");
        assert_eq!(broken(4), "again in 8 s, unsure");
        assert_eq!(
            broken(5),
            "give up: GitHub's server is broken: asked for check run 7 of octo/fleet, it answered 502"
        );
        let lost = Err(Error::Unreachable {
            about: "x".into(),
            reason: "refused".into(),
        });
        let late = Moment {
            left: Duration::from_millis(900),
            ..moment(1)
        };
        assert_eq!(
            told(&step(lost, &asked(), late, &Patience::default())),
            "give up: cannot reach GitHub for x: refused"
        );
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_our_patience(
            status in prop_oneof![Just(403u16), Just(429), Just(500), Just(503)],
            after in proptest::option::of(any::<u64>()),
            reset in proptest::option::of(any::<u64>()),
            sent in 1u32..100,
            now in any::<u32>(),
            left in 0u64..1_000,
            random in any::<u64>(),
        ) {
            let mut headers = HeaderMap::new();
            if let Some(after) = after {
                headers.insert("retry-after", after.into());
            }
            if let Some(reset) = reset {
                headers.insert("x-ratelimit-remaining", 0.into());
                headers.insert("x-ratelimit-reset", reset.into());
            }
            let moment = Moment { sent, now: Duration::from_secs(now.into()), left: Duration::from_secs(left), random };
            let reply = Reply { status, headers, body: Vec::new() };
            let patience = Patience::default();
            if let Step::Again { wait, .. } = step(Ok(reply), &asked(), moment, &patience) {
                prop_assert!(wait <= moment.left && wait <= patience.wait && sent < patience.attempts);
            }
        }
    }
}
