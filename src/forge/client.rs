//! Sends requests: with deadlines, bounds and retries, and no faster than GitHub asks for.

use std::cell::Cell;
use std::time::Duration;

use http::header;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use octocrab::Octocrab;
use serde::de::DeserializeOwned;
use sys::Clock;
use tokio::runtime::{Builder, Runtime};

use crate::address::Api;
use crate::error::Error;
use crate::message::told;
use crate::reply::Reply;
use crate::request::{Method, Request};
use crate::retry::{self, Moment, Outcome, Step};
use crate::token::Token;

/// Most bytes of a reply (16 MiB): a page of 30 comments of 65,536 characters, each escaped, has 12 MiB.
const MOST_BYTES: usize = 16 << 20;

/// Most pages of a list: 6,000 comments.
const MOST_PAGES: usize = 200;

/// How long one look at the user's wish to stop may be away.
const GLANCE: Duration = Duration::from_millis(500);

/// How long, how often, and how fast GitHub is asked.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Most times that one request is sent.
    pub attempts: u32,
    /// Longest time for one exchange, from connecting to the last byte of the reply.
    pub exchange: Duration,
    /// Longest wait that a rate limit may ask for.
    pub wait: Duration,
    /// Longest time for all that is published of one report. An exchange that has begun may end later.
    pub total: Duration,
    /// Time between two requests that change something ("wait at least one second between each request").
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            attempts: 5,
            exchange: Duration::from_secs(30),
            wait: Duration::from_secs(90),
            total: Duration::from_secs(240),
            pause: Duration::from_secs(1),
        }
    }
}

/// GitHub, as one token may use it.
pub struct Github<'c> {
    octocrab: Octocrab,
    // Taken when this is dropped.
    runtime: Option<Runtime>,
    api: Api,
    of_app: bool,
    clock: &'c dyn Clock,
    patience: Patience,
    /// When the work on the present report began, on the steady clock.
    began: Cell<Duration>,
    /// When something was last changed, on the steady clock.
    changed: Cell<Option<Duration>>,
}

impl<'c> Github<'c> {
    /// Returns GitHub at an address. Nothing is sent yet.
    pub fn new(api: &Api, token: &Token, clock: &'c dyn Clock, patience: Patience) -> Result<Github<'c>, Error> {
        let machine = |error: &dyn std::error::Error| Error::Machine(told(&error.to_string()));
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| machine(&error))?;
        let octocrab = {
            let _inside = runtime.enter();
            Octocrab::builder()
                .base_uri(api.as_str())
                .and_then(|builder| {
                    builder
                        .personal_token(token.secret())
                        .add_header(header::ACCEPT, "application/vnd.github+json".into())
                        // A connection that waits out a rate limit is closed by then, and a request on it is lost.
                        .add_header(header::CONNECTION, "close".into())
                        .build()
                })
                .map_err(|error| machine(&error))?
        };
        Ok(Github {
            octocrab,
            runtime: Some(runtime),
            api: api.clone(),
            of_app: token.is_of_app(),
            clock,
            patience,
            began: Cell::new(clock.monotonic()),
            changed: Cell::new(None),
        })
    }

    /// Whether the token is one of an app, which has no account that it could be asked for.
    pub(crate) fn is_of_app(&self) -> bool {
        self.of_app
    }

    /// Starts the time for all that is published of a report.
    pub(crate) fn begin(&self) {
        self.began.set(self.clock.monotonic());
    }

    /// Sends a request that may be sent twice, and returns what the reply says.
    pub(crate) fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        self.ask_once(request, || Ok(None))
    }

    /// Sends a request until an answer comes, and returns what it says. Where none came, and twice would be once too much,
    /// `find` looks whether it was done all the same, and returns what the answer would have said.
    pub(crate) fn ask_once<T: DeserializeOwned>(
        &self,
        request: &Request,
        find: impl Fn() -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        self.deliver(request, |reply| reply.read(request), find)
    }

    fn deliver<T>(
        &self,
        request: &Request,
        read: impl Fn(Reply) -> Result<T, Error>,
        find: impl Fn() -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        let find = |unsure| {
            if unsure && !request.repeatable {
                find()
            } else {
                Ok(None)
            }
        };
        let mut sent = 0;
        loop {
            self.pause(request)?;
            let outcome = self.exchange(request);
            sent += 1;
            let moment = Moment {
                sent,
                now: self.clock.unix_time(),
                left: self.left(),
                random: random()?,
            };
            match retry::step(outcome, request, moment, &self.patience) {
                Step::Take(reply) => return read(reply.expected(request)?),
                Step::Again { wait, unsure } => {
                    self.wait(wait)?;
                    if let Some(found) = find(unsure)? {
                        return Ok(found);
                    }
                }
                Step::GiveUp { error, unsure } => return find(unsure)?.ok_or(error),
            }
        }
    }

    /// Asks for a list page by page until `take` returns something of one.
    pub(crate) fn search<T: DeserializeOwned, R>(
        &self,
        request: Request,
        mut take: impl FnMut(T) -> Option<R>,
    ) -> Result<Option<R>, Error> {
        let mut request = request;
        for _ in 0..MOST_PAGES {
            let reply = self.deliver(&request, Ok, || Ok(None))?;
            if let Some(found) = take(reply.read(&request)?) {
                return Ok(Some(found));
            }
            match reply.next_page() {
                Some(query) if query != request.query => request.query = query,
                _ => return Ok(None),
            }
        }
        Err(Error::Broken {
            about: request.about,
            answered: format!("answered with more than {MOST_PAGES} pages"),
        })
    }

    /// Asks for a whole list and hands over each of its pages. A list whose end is not known is an error.
    pub(crate) fn list<T: DeserializeOwned>(&self, request: Request, mut take: impl FnMut(T)) -> Result<(), Error> {
        let mut request = request;
        let broken = |request: Request, answered: String| {
            Err(Error::Broken {
                about: request.about,
                answered,
            })
        };
        for _ in 0..MOST_PAGES {
            let reply = self.deliver(&request, Ok, || Ok(None))?;
            take(reply.read(&request)?);
            if !reply.goes_on() {
                return Ok(());
            }
            match reply.next_page() {
                Some(query) if query != request.query => request.query = query,
                _ => return broken(request, "answered with a list that goes on nowhere".into()),
            }
        }
        broken(request, format!("answered with more than {MOST_PAGES} pages"))
    }

    fn left(&self) -> Duration {
        let used = self.clock.monotonic().saturating_sub(self.began.get());
        self.patience.total.saturating_sub(used)
    }

    /// Waits before a request that changes something, if another one has just done so.
    fn pause(&self, request: &Request) -> Result<(), Error> {
        if request.method == Method::Get {
            return self.wait(Duration::ZERO);
        }
        if let Some(changed) = self.changed.get() {
            let since = self.clock.monotonic().saturating_sub(changed);
            self.wait(self.patience.pause.saturating_sub(since))?;
        }
        self.changed.set(Some(self.clock.monotonic()));
        Ok(())
    }

    /// Waits, unless the user wants to stop.
    fn wait(&self, time: Duration) -> Result<(), Error> {
        let mut left = time;
        loop {
            if sys::interrupted() {
                return Err(Error::Interrupted);
            }
            if left.is_zero() {
                return Ok(());
            }
            let part = left.min(GLANCE);
            self.clock.sleep(part);
            left -= part;
        }
    }

    /// Sends a request once and returns the whole reply, whatever it says.
    fn exchange(&self, request: &Request) -> Outcome {
        let Some(runtime) = &self.runtime else {
            return Err(Error::Machine("the runtime has ended".into()));
        };
        let unreachable = |reason: String| Error::Unreachable {
            about: request.about.clone(),
            reason,
        };
        let address = format!("{}{}", self.api.as_str(), request.target());
        let body = request.body.as_ref();
        let exchange = async {
            let sent = match request.method {
                Method::Get => self.octocrab._get(address).await,
                Method::Post => self.octocrab._post(address, body).await,
                Method::Patch => self.octocrab._patch(address, body).await,
            };
            let (head, body) = sent.map_err(|error| unreachable(cause(&error)))?.into_parts();
            let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    Error::Broken {
                        about: request.about.clone(),
                        answered: format!("answered with more than {} MiB", MOST_BYTES >> 20),
                    }
                } else {
                    unreachable(format!("the answer was cut off: {}", cause(error.as_ref())))
                }
            })?;
            Ok(Reply {
                status: head.status.as_u16(),
                headers: head.headers,
                body: body.to_bytes().to_vec(),
            })
        };
        runtime.block_on(async {
            match tokio::time::timeout(self.patience.exchange, exchange).await {
                Ok(outcome) => outcome,
                Err(_) => Err(unreachable(format!("no answer within {:?}", self.patience.exchange))),
            }
        })
    }
}

impl Drop for Github<'_> {
    /// Does not wait for a name server that does not answer.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Returns the innermost reason of an error: the outer ones say which library had it.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    told(&innermost.to_string())
}

/// Returns any number.
fn random() -> Result<u64, Error> {
    let token = sys::random_token().map_err(|error| Error::Machine(error.to_string()))?;
    u64::from_str_radix(&token[..16], 16).map_err(|error| Error::Machine(error.to_string()))
}
