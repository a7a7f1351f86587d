//! Trying a home: its user activates what they have today, then the change, and goes back, on a machine that has nothing else.
//!
//! As with hosts, what was so before is not blamed on the change, and nothing here evaluates: a finding has a
//! [`Blame`], by which others find the option.

mod links;

use crate::artifact::Artifact;
use crate::driver::{Played, Settings, Told};
use crate::finding::{Blame, Found};
use crate::generation::Generation;
use crate::guest::{Call, Ended, Guest, GuestError, Start};
use activation::home::Said;
use diag::{Severity, Span, clean_line};
use links::Links;
use report::Outcome;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use store::StorePath;

/// How long a question may take on a machine with KVM.
const QUESTION: Duration = Duration::from_secs(30);
/// How long units have to fail after an activation that succeeds.
const WATCH: Duration = Duration::from_secs(5);
/// Waits until the machine is up, and gives the user a service manager without a login.
const PREPARE: &str = r#"systemctl is-system-running --wait; loginctl enable-linger "$1" && systemctl start "user@$(id -u "$1").service""#;
/// What `home-manager switch` does when the home is built. Where there is no folder for the user's profiles, it is made as
/// any command of Nix makes it.
const ACTIVATE: &str = r#"export XDG_RUNTIME_DIR="/run/user/$(id -u)"
export DBUS_SESSION_BUS_ADDRESS="unix:path=$XDG_RUNTIME_DIR/bus"
mkdir -p "${XDG_STATE_HOME:-$HOME/.local/state}/nix/profiles" && exec "$1/activate""#;
/// Lists the units of the user that have failed.
const FAILED: &str = r#"export XDG_RUNTIME_DIR="/run/user/$(id -u)"
systemctl --user list-units --state=failed --plain --no-legend --full --no-pager"#;
/// Lists the links that a home has made.
const LINKS: &str = r#"cd && find . -type l -lname '/nix/store/*-home-manager-files/*' -printf '%P\t%l\n'"#;

/// A home to try.
#[derive(Clone, Copy, Debug)]
pub struct HomePlay<'p> {
    /// Its user, which the machine has.
    pub user: &'p str,
    /// The machine that it is tried on.
    pub machine: &'p Generation,
    /// What the user has today.
    pub base: &'p StorePath,
    /// What the change makes of it.
    pub head: &'p StorePath,
    /// How long things may take.
    pub settings: &'p Settings,
}

/// Why the play ends before its end; what the change is to blame for has been told by then.
enum Stop {
    /// The user cannot go on.
    Failed,
    /// The machine is in such a state that nothing can be judged, for this reason.
    Errored(String),
}

/// The state of a play.
struct Session<'p> {
    play: &'p HomePlay<'p>,
    guest: &'p mut dyn Guest,
    told: &'p mut dyn FnMut(Told<'_>),
    found: Vec<Found>,
    artifacts: Vec<Artifact>,
    properties: BTreeMap<String, String>,
}

/// Which activation it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Base,
    Head,
    Back,
}

impl Turn {
    fn name(self) -> &'static str {
        match self {
            Turn::Base => "activate base",
            Turn::Head => "activate head",
            Turn::Back => "go back",
        }
    }

    fn file(self) -> &'static str {
        match self {
            Turn::Base => "activate-base.txt",
            Turn::Head => "activate-head.txt",
            Turn::Back => "go-back.txt",
        }
    }
}

/// Tries a home on a machine that is off, and returns what came of it. The machine may run afterwards.
pub fn play(play: &HomePlay<'_>, guest: &mut dyn Guest, told: &mut dyn FnMut(Told<'_>)) -> Played {
    let mut session = Session {
        play,
        guest,
        told,
        found: Vec::new(),
        artifacts: Vec::new(),
        properties: BTreeMap::new(),
    };
    let stopped = session.all().err();
    let console = session.guest.console();
    session.keep("console.log", console);
    let has_failed = session.found.iter().any(|found| found.severity == Severity::Error);
    let outcome = match stopped {
        Some(Stop::Errored(why)) if !has_failed => {
            let message = format!("this could not be tried: {}", clean_line(&why));
            session.tell("vm-unjudged", message, None, Blame::Host);
            Outcome::Errored
        }
        _ if has_failed => Outcome::Failed,
        _ => Outcome::Passed,
    };
    Played {
        outcome,
        found: session.found,
        artifacts: session.artifacts,
        properties: session.properties,
        measured: BTreeMap::new(),
    }
}

impl Session<'_> {
    fn all(&mut self) -> Result<(), Stop> {
        self.step(1, "boot");
        let start = Start::Generation(self.play.machine.clone());
        let limits = self.play.settings.limits;
        self.guest.start(&start, limits.boot).map_err(broken)?;
        let prepare = Call::new(["bash", "-c", PREPARE, "prepare", self.play.user]);
        let ended = self.guest.run(&prepare, limits.boot, &mut |_| {}).map_err(broken)?;
        if ended.code != 0 {
            let last = Said::of(&ended.output).last.unwrap_or_default();
            let user = self.play.user;
            return Err(Stop::Errored(format!("{user} gets no service manager: {last}")));
        }
        self.turn(2, Turn::Base)?;
        let (failed, links) = (self.failed()?, self.links()?);
        let went = self.turn(3, Turn::Head);
        if went.is_ok() {
            self.guest.pause(WATCH);
            let (now, new) = (self.failed()?, self.links()?);
            for unit in now.difference(&failed) {
                let message = format!("the user's {unit} fails, which did not before");
                self.tell("home-unit-failed", message, None, Blame::HomeUnit(unit.clone()));
            }
            if let Some(difference) = links.difference(&new) {
                self.properties.insert("files".into(), difference);
            }
        }
        if let Err(Stop::Errored(why)) = went {
            return Err(Stop::Errored(why));
        }
        self.turn(4, Turn::Back)?;
        let after = self.links()?;
        if let Some(difference) = links.difference(&after) {
            let message = format!("after going back, the home is not what it was: {difference}");
            self.tell("home-rollback-failed", message, None, Blame::Host);
        }
        Ok(())
    }

    /// Activates a home as its user.
    fn turn(&mut self, number: usize, turn: Turn) -> Result<(), Stop> {
        self.step(number, turn.name());
        let home = match turn {
            Turn::Base | Turn::Back => self.play.base,
            Turn::Head => self.play.head,
        };
        let limit = self.play.settings.limits.switch;
        let call = self.as_user(&["bash", "-lc", ACTIVATE, "activate", &home.to_path()]);
        let ended = match self.guest.run(&call, limit, &mut |_| {}) {
            Ok(ended) => ended,
            Err(error @ (GuestError::TimedOut { .. } | GuestError::Silent { .. })) if turn != Turn::Base => {
                let message = match error {
                    GuestError::TimedOut { limit, .. } => {
                        format!("the activation does not end within {} s", limit.as_secs())
                    }
                    error => format!("the activation does not end: {error}"),
                };
                self.tell(rule(turn), message, None, Blame::Host);
                return Err(Stop::Failed);
            }
            Err(error) => return Err(broken(error)),
        };
        for line in String::from_utf8_lossy(&ended.output).lines() {
            (self.told)(Told::Line(&clean_line(line)));
        }
        let said = Said::of(&ended.output);
        self.keep(turn.file(), ended.output);
        if !said.moved.is_empty() {
            let property = format!("moved-away-{}", turn.file().trim_end_matches(".txt"));
            self.properties.insert(property, said.moved.join(", "));
        }
        if ended.code == 0 {
            return Ok(());
        }
        let message = said.why(ended.code, turn == Turn::Back);
        if turn == Turn::Base {
            return Err(Stop::Errored(format!("what the user has today: {message}")));
        }
        let blame = match (said.in_the_way.first(), &said.block) {
            (Some(file), _) => Blame::HomeFile(self.below_home(file)?),
            (None, Some(block)) => Blame::HomeBlock(block.clone()),
            (None, None) => Blame::Host,
        };
        self.tell(rule(turn), message, said.last, blame);
        Err(Stop::Failed)
    }

    /// Returns the units of the user that have failed.
    fn failed(&mut self) -> Result<BTreeSet<String>, Stop> {
        let ended = self.ask(FAILED)?;
        let text = String::from_utf8_lossy(&ended.output);
        let units = text.lines().filter_map(|line| line.split_whitespace().next());
        Ok(units.map(|unit| clean_line(unit).into_owned()).collect())
    }

    /// Returns the links into homes.
    fn links(&mut self) -> Result<Links, Stop> {
        let ended = self.ask(LINKS)?;
        // The end of a list says nothing of what is not in it.
        Ok(Links::read(&ended.output, !ended.truncated && ended.code == 0))
    }

    /// Returns a path of the machine as it is below the user's home.
    fn below_home(&mut self, file: &str) -> Result<String, Stop> {
        let ended = self.ask("cd && pwd")?;
        let text = String::from_utf8_lossy(&ended.output);
        let home = text.lines().last().unwrap_or_default();
        let below = file.strip_prefix(home).and_then(|rest| rest.strip_prefix('/'));
        Ok(below.unwrap_or(file).to_owned())
    }

    /// Asks something as the user.
    fn ask(&mut self, question: &str) -> Result<Ended, Stop> {
        let call = self.as_user(&["bash", "-lc", question]);
        self.guest.run(&call, QUESTION, &mut |_| {}).map_err(broken)
    }

    fn as_user(&self, argv: &[&str]) -> Call {
        Call {
            user: Some(self.play.user.to_owned()),
            ..Call::new(argv.iter().copied())
        }
    }

    fn step(&mut self, number: usize, what: &str) {
        (self.told)(Told::Step { number, of: 4, what });
    }

    fn keep(&mut self, name: &str, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.artifacts.push(Artifact {
                name: name.to_owned(),
                media_type: "text/plain",
                bytes,
            });
        }
    }

    fn tell(&mut self, rule: &'static str, message: String, said: Option<String>, blame: Blame) {
        self.found.push(Found {
            rule,
            severity: Severity::Error,
            message,
            hint: said.map(|line| format!("it says: {line}")),
            blame,
            specialisation: None,
            at: Span::default(),
        });
    }
}

/// Returns the rule that an activation breaks.
fn rule(turn: Turn) -> &'static str {
    match turn {
        Turn::Base | Turn::Head => "home-activation-failed",
        Turn::Back => "home-rollback-failed",
    }
}

/// Returns the end of a play by a machine that does not do what it is asked to.
fn broken(error: GuestError) -> Stop {
    Stop::Errored(error.to_string())
}

#[cfg(test)]
mod tests;
