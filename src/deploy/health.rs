//! How a machine is known to be well, and what asks it.

use crate::host::{Host, HostError, Ran};
use activation::units::{self, Detail, State, Units};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use sys::Exit;

/// How a machine is known to be well. That no unit has failed that had not before is always asked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Health {
    /// Units that have to be active.
    pub units: Vec<String>,
    /// What has to answer.
    pub probes: Vec<Probe>,
    /// For how many seconds all of it has to hold before it is believed.
    pub grace: u64,
}

/// Something that has to answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// A page: its answer has a code below 400.
    Http(String),
    /// A port that takes connections: `HOST:PORT`.
    Tcp(String),
    /// A program that ends with 0: its name and arguments.
    Command(Vec<String>),
}

/// How long one probe may take.
const PROBE: Duration = Duration::from_secs(20);
/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_secs(1);

impl Probe {
    /// Returns what it asks, in words.
    pub fn words(&self) -> String {
        match self {
            Probe::Http(url) => diag::clean_line(url).into_owned(),
            Probe::Tcp(address) => format!("port {}", diag::clean_line(address)),
            Probe::Command(argv) => format!("`{}`", diag::clean_line(&argv.join(" "))),
        }
    }

    /// Returns why it has no answer, or `None` if it has.
    pub fn fault(&self, host: &Host<'_>) -> Result<Option<String>, HostError> {
        let seconds = PROBE.as_secs().to_string();
        let ran = match self {
            // By the machine's own programs, so that its proxies, resolvers and certificates are those that count.
            Probe::Http(url) => {
                let argv = [
                    "curl",
                    "--silent",
                    "--show-error",
                    "--fail",
                    "--max-time",
                    &seconds,
                    "--output",
                    "/dev/null",
                    "--",
                    url,
                ];
                host.run(&argv, PROBE * 2)?
            }
            Probe::Tcp(address) => {
                let Some((name, port)) = address.rsplit_once(':') else {
                    return Ok(Some("it is no HOST:PORT".into()));
                };
                let name = name.trim_start_matches('[').trim_end_matches(']');
                // bash(1): a redirection to /dev/tcp/HOST/PORT opens a connection.
                host.run(&["bash", "-c", "exec 3<>\"/dev/tcp/$1/$2\"", "bash", name, port], PROBE)?
            }
            Probe::Command(argv) => {
                let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
                host.run(&argv, PROBE * 3)?
            }
        };
        Ok((ran.exit != Exit::Code(0)).then(|| said(&ran)))
    }
}

fn said(ran: &Ran) -> String {
    match ran.last_line() {
        line if line.is_empty() => ran.ended(),
        line => format!("{}: {line}", ran.ended()),
    }
}

impl Health {
    /// Returns what is wrong with a machine, compared with its units of before.
    pub fn faults(&self, host: &Host<'_>, before: &Units) -> Result<Vec<String>, HostError> {
        let now = host.units(Detail::Running)?;
        let mut faults: Vec<String> = units::newly_failed(before, &now)
            .into_iter()
            .map(|trouble| match trouble.restarting {
                true => format!("{} fails again and again", trouble.unit),
                false => format!("{} has failed", trouble.unit),
            })
            .collect();
        for name in &self.units {
            let state = now.0.get(name).map_or(State::Inactive, |unit| unit.state);
            if state != State::Active {
                faults.push(format!("{} is not active", diag::clean_line(name)));
            }
        }
        for probe in &self.probes {
            if let Some(fault) = probe.fault(host)? {
                faults.push(format!("{} does not answer: {fault}", probe.words()));
            }
        }
        Ok(faults)
    }

    /// Waits until a machine is well and stays so for the time of grace; returns what is wrong with it when the limit is up.
    pub fn wait(&self, host: &Host<'_>, before: &Units, limit: Duration) -> Result<Vec<String>, HostError> {
        host.settled_units(Detail::Running, limit)?;
        let start = host.clock.monotonic();
        let grace = Duration::from_secs(self.grace);
        let mut well_since = None;
        loop {
            let faults = self.faults(host, before)?;
            let now = host.clock.monotonic();
            if faults.is_empty() {
                let since = *well_since.get_or_insert(now);
                if now.saturating_sub(since) >= grace {
                    return Ok(faults);
                }
            } else {
                well_since = None;
                if now.saturating_sub(start) >= limit {
                    return Ok(faults);
                }
            }
            host.clock.sleep(PAUSE);
        }
    }
}
