//! Publishing to, and asking, a server that behaves as GitHub documents it.
//!
//! `http` speaks the protocol, `server` has GitHub's rules, `replies` its shapes. A scenario is a function of such a
//! server; each is a test by itself, and `openapi` plays all of them again and holds each request and each reply against
//! GitHub's own description.

mod approvals;
mod failing;
mod forks;
mod hostile;
mod http;
mod landed;
mod openapi;
mod publishing;
mod replies;
mod server;

use std::path::Path;
use std::time::Duration;

use report::{Case, Finding, Outcome, Report, Stage};
use sys::{Fs, ManualClock, MemoryFs, Mode};

use crate::address::{Api, Commit, Repository};
use crate::client::{Github, Patience};
use crate::saved::{Saved, SavedError};
use crate::surroundings::Target;
use crate::token::Token;
use crate::wanted::Wanted;
use server::Server;

/// The token that the server takes.
const TOKEN: &str = "ghs_notasecret0123456789";

/// The commit of pull request 7.
const HEAD: &str = "0123456789abcdef0123456789abcdef01234567";

/// A name and what it does with a server.
type Scenario = (&'static str, fn(&Server));

/// Makes a test of each scenario, and a list of all for `openapi`.
macro_rules! scenarios {
    ($($name:ident($server:ident) $body:block)*) => {
        $(fn $name($server: &super::Server) $body)*

        /// All scenarios of this file.
        pub(super) const ALL: &[super::Scenario] = &[$((stringify!($name), $name)),*];

        mod scenario {
            $(#[test] fn $name() { super::$name(&crate::tests::Server::start()); })*
        }
    };
}
use scenarios;

/// Runs something with GitHub at this server, at the time 2026-11-26 12:00 UTC, and returns what it gives and the time that
/// it waited.
fn with<R>(server: &Server, token: &str, patience: Patience, work: impl FnOnce(&Github) -> R) -> (R, Duration) {
    let clock = ManualClock::at(Duration::from_secs(NOW));
    let api = Api::new(&server.address).expect("it is an address");
    let token = Token::new(token).expect("it is a token");
    let github = Github::new(&api, &token, &clock, patience).expect("it is made");
    let result = work(&github);
    drop(github);
    (result, sys::Clock::monotonic(&clock))
}

/// The wall time of the tests.
const NOW: u64 = 1_795_694_400;

fn fleet() -> Repository {
    Repository::new("octo/fleet").expect("it is one")
}

/// Pull request 7 of `octo/fleet`.
fn target() -> Target {
    Target {
        repository: fleet(),
        commit: Commit::new(HEAD).expect("it is one"),
        pull_request: Some(7),
        page: Some("https://github.com/octo/fleet/actions/runs/30".into()),
    }
}

/// Returns the report of an artifact with these bytes.
fn read(artifact: &[u8]) -> Result<Saved, SavedError> {
    let fs = MemoryFs::new();
    let path = Path::new("/report.json");
    fs.write_atomic(path, artifact, Mode::Plain).expect("it is written");
    Saved::open(&fs, path, None)
}

fn both() -> Wanted {
    Wanted {
        check: true,
        comment: true,
        ..Wanted::default()
    }
}

/// Returns a report with so many errors at lines of one file.
fn report(errors: u32) -> Report {
    let outcome = if errors == 0 { Outcome::Passed } else { Outcome::Failed };
    let findings = (1..=errors).map(|n| {
        let finding = Finding::new("eval", diag::Severity::Error, format!("error {n}"));
        finding.at("hosts/web/default.nix", n, 3)
    });
    let case = Case {
        findings: findings.collect(),
        ..Case::new(Stage::Eval, "toplevel", outcome).on("web", "x86_64-linux")
    };
    Report {
        flake: "git+file:///srv/fleet".into(),
        cases: vec![case],
        ..Report::default()
    }
}
