//! `cfgcheck engine`: what a deployment does on the host itself. `cfgcheck switch` calls it, over SSH or beside it.

use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, write_out};
use ::deploy::engine::{self, EngineError, NotConfirmed, StartError};
use ::deploy::host::{Home, Host, HostError, Realm};
use ::deploy::order::{self, Order};
use ::deploy::policy;
use ::deploy::{Deployment, Outcome, Status};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io::Read;
use std::time::Duration;
use sys::ProcessExec;

/// Arguments of `cfgcheck engine`.
#[derive(Args, Debug)]
pub struct EngineArgs {
    /// The home of whoever calls it, and not the system of the machine.
    #[arg(long)]
    home: bool,
    #[command(subcommand)]
    command: EngineCommand,
}

/// What to do.
#[derive(Subcommand, Debug)]
enum EngineCommand {
    /// Print what the machine runs and what was deployed, as JSON.
    Observe,
    /// Print what it would take to carry out the order on standard input, as JSON.
    Plan,
    /// Print the policy of the machine, as JSON text; `null` if none is enrolled.
    Policy,
    /// Make what is on standard input the policy of the machine.
    Enroll {
        /// Also where there is one already.
        #[arg(long)]
        force: bool,
    },
    /// Take the order on standard input, and start the unit that carries it out.
    Start {
        /// Also after a deployment that could not be taken back.
        #[arg(long)]
        force: bool,
    },
    /// Carry out what was ordered, or end what was left in the middle.
    Run,
    /// Start the unit of a deployment that was left in the middle, if there is one.
    Resume,
    /// Print the deployment, a line of JSON at each step, until it has ended.
    Follow {
        /// Its name.
        id: String,
    },
    /// Say that the machine is in reach.
    Confirm {
        /// The name of the deployment.
        id: String,
    },
    /// Go back.
    RollBack {
        /// Why.
        #[arg(long)]
        because: String,
    },
}

/// Longest time without a line, so that whoever follows knows that the connection is alive.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(300);

/// What went wrong, with its exit code.
struct Failed(u8, String);

impl From<HostError> for Failed {
    fn from(error: HostError) -> Failed {
        Failed(exit::CANNOT_START, error.to_string())
    }
}

impl From<EngineError> for Failed {
    fn from(error: EngineError) -> Failed {
        let code = match error {
            EngineError::Locked(_) => exit::REFUSED,
            EngineError::Nothing | EngineError::Host(_) => exit::CANNOT_START,
        };
        Failed(code, error.to_string())
    }
}

impl From<StartError> for Failed {
    fn from(error: StartError) -> Failed {
        match error {
            StartError::Engine(error) => error.into(),
            refused => Failed(exit::REFUSED, refused.to_string()),
        }
    }
}

impl From<NotConfirmed> for Failed {
    fn from(error: NotConfirmed) -> Failed {
        match error {
            NotConfirmed::Host(error) => error.into(),
            refused => Failed(exit::REFUSED, refused.to_string()),
        }
    }
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &EngineArgs) -> u8 {
    match done(machine, args) {
        Ok(code) => code,
        Err(Failed(code, why)) => {
            complain(&format!("error: {why}"));
            code
        }
    }
}

fn done(machine: &Machine, args: &EngineArgs) -> Result<u8, Failed> {
    let program = machine.env.current_exe().map_err(|error| {
        let why = format!("the path of this program cannot be told: {error}");
        Failed(exit::CANNOT_START, why)
    })?;
    let home = if args.home {
        let home = Home::of(machine.env.as_ref(), sys::user_number());
        Some(home.map_err(|error| Failed(exit::CANNOT_START, error.to_string()))?)
    } else {
        None
    };
    let host = Host {
        fs: machine.fs.as_ref(),
        exec: &ProcessExec,
        clock: machine.clock.as_ref(),
        program: &program,
        realm: home.as_ref().map_or(Realm::System, Realm::Home),
    };
    let mut tell = |text: &str| complain(text);
    match &args.command {
        EngineCommand::Observe => print(&Status::of(&host, env!("CARGO_PKG_VERSION"))?)?,
        EngineCommand::Plan => print(&engine::plan(&host, &ordered()?)?)?,
        EngineCommand::Policy => print(&policy_text(&host)?)?,
        EngineCommand::Enroll { force } => {
            if !force && policy_text(&host)?.is_some() {
                let why =
                    "a policy is enrolled already: the next one comes with a deployment, or `--override` says why not";
                return Err(Failed(exit::REFUSED, why.into()));
            }
            let enrolled = policy::enroll(&host, &standard_input()?);
            print(
                &enrolled
                    .map_err(|error| Failed(exit::REFUSED, error.to_string()))?
                    .digest(),
            )?;
        }
        EngineCommand::Start { force } => print(&engine::start(host, ordered()?, *force)?)?,
        EngineCommand::Run => return Ok(code_of(engine::run(host, &mut tell)?.as_ref())),
        EngineCommand::Resume => {
            if engine::resume(&host)? {
                tell("a deployment was left in the middle: its engine runs");
            }
        }
        EngineCommand::Follow { id } => return follow(&host, id),
        EngineCommand::Confirm { id } => engine::confirm(&host, id)?,
        EngineCommand::RollBack { because } => {
            engine::stop(&host)?;
            return Ok(code_of(engine::go_back(host, because, &mut tell)?.as_ref()));
        }
    }
    Ok(exit::CLEAN)
}

/// Returns the exit code of how a deployment ended; one that has not ends with the next boot.
pub fn code_of(outcome: Option<&Outcome>) -> u8 {
    match outcome {
        Some(Outcome::Deployed) => exit::CLEAN,
        Some(Outcome::RolledBack(_)) => exit::ROLLED_BACK,
        Some(Outcome::RollbackFailed(_)) => exit::ROLLBACK_FAILED,
        Some(Outcome::Refused(_)) => exit::REFUSED,
        Some(Outcome::RebootPending) | None => exit::REBOOT_PENDING,
    }
}

/// Returns the text of the policy that counts on the machine, if one does.
fn policy_text(host: &Host<'_>) -> Result<Option<String>, HostError> {
    let path = policy::file(host);
    if !host.has(&path)? {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&host.fs.read(&path)?).into_owned()))
}

fn ordered() -> Result<Order, Failed> {
    Order::read(&standard_input()?).map_err(|error| Failed(exit::REFUSED, error.to_string()))
}

fn standard_input() -> Result<Vec<u8>, Failed> {
    let mut bytes = Vec::new();
    let most = order::MOST_BYTES as u64 + 1;
    let read = std::io::stdin().lock().take(most).read_to_end(&mut bytes);
    read.map_err(|error| {
        Failed(
            exit::CANNOT_START,
            format!("the standard input cannot be read: {error}"),
        )
    })?;
    Ok(bytes)
}

fn print(value: &impl Serialize) -> Result<(), Failed> {
    let failed = |error: String| Failed(exit::CANNOT_START, format!("the answer cannot be written: {error}"));
    let mut text = serde_json::to_vec(value).map_err(|error| failed(error.to_string()))?;
    text.push(b'\n');
    write_out(&text).map_err(|error| failed(error.to_string()))
}

/// Prints a deployment at each of its steps. Where nobody carries it out, as after a power loss on a machine whose system does
/// not do so by itself, its engine is started.
fn follow(host: &Host<'_>, id: &str) -> Result<u8, Failed> {
    let mut last: Option<Deployment> = None;
    let mut said = host.clock.monotonic();
    let mut looked = None;
    loop {
        let now = Deployment::current(host)?.filter(|deployment| deployment.order.id == id);
        let Some(now) = now else {
            let why = format!("there is no deployment {} on this machine", diag::clean_line(id));
            return Err(Failed(exit::REFUSED, why));
        };
        let time = host.clock.monotonic();
        if last.as_ref() != Some(&now) {
            print(&now)?;
            said = time;
        } else if time.saturating_sub(said) >= HEARTBEAT {
            write_out(b"\n").map_err(|error| Failed(exit::CANNOT_START, error.to_string()))?;
            said = time;
        }
        if now.outcome.is_some() {
            return Ok(code_of(now.outcome.as_ref()));
        }
        if looked.is_none_or(|at| time.saturating_sub(at) >= HEARTBEAT) {
            engine::resume(host)?;
            looked = Some(time);
        }
        last = Some(now);
        host.clock.sleep(PAUSE);
    }
}
