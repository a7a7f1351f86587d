//! Homes that stand alone: each is activated by its user on a small machine, in both states of the flake.

use super::build;
use super::pair::{Blueprint, Pair, Planned, Wanted, wanted};
use super::play::Job;
use super::secrets::{Secrets, attribute};
use super::task::{HOME, Task, What};
use super::work::Work;
use crate::check::run::UNKNOWN;
use crate::check::wrong;
use crate::config::Pattern;
use crate::stream::{complain, say};
use ::vm::Processor;
use ::vm::agents;
use ::vm::build::Engine;
use ::vm::disks::{self, Mode};
use ::vm::generation::Generation;
use ::vm::realised::Realised;
use diag::{Origin, Pos};
use eval::ErrorKind;
use eval::error::Eval;
use nixos::{Kind, System, Target};
use report::{Case, Event, Outcome, Phase, Stage};

/// Makes the machine of a home, and tells its user.
const MACHINE: &str = include_str!("home.nix");

/// What is to be done with a home.
struct PlannedHome {
    /// The home in both states, and the disk of the machine.
    home: Planned,
    /// The machine that it is tried on.
    machine: Wanted,
    /// The user.
    user: String,
}

impl Work<'_> {
    /// Returns the homes that are asked for, planned, or an exit code for wrong usage, which has been told.
    fn planned_homes(&mut self, pair: &mut Pair, before: Option<&str>) -> Result<Vec<PlannedHome>, u8> {
        let mut patterns = Vec::new();
        for text in &self.args.home {
            let pattern = Pattern::try_from(text.clone()).map_err(wrong)?;
            if !pair.head.homes.iter().any(|home| pattern.matches(&home.name)) {
                let names = pair.head.homes.iter().map(|home| home.name.as_str());
                let help = match yaml::nearest(text, names) {
                    Some(near) => format!("\nhelp: did you mean `{near}`?"),
                    None => String::new(),
                };
                return Err(wrong(format!("the flake has no home `{text}`{help}")));
            }
            patterns.push(pattern);
        }
        let chosen = |home: &&Target| patterns.iter().any(|pattern| pattern.matches(&home.name));
        let homes: Vec<Target> = pair.head.homes.iter().filter(chosen).cloned().collect();
        let mut planned = Vec::new();
        for (index, home) in homes.iter().enumerate() {
            self.tell(Phase::Evaluating, &home.path(), index + 1, homes.len());
            planned.extend(self.plan_home(pair, home, before));
        }
        Ok(planned)
    }

    /// Tries the homes that are asked for; wrong usage has been told, and is the exit code.
    pub(super) fn homes(&mut self, pair: &mut Pair, before: Option<&str>) -> Result<(), u8> {
        let planned = self.planned_homes(pair, before)?;
        if self.args.plan {
            for PlannedHome { home, machine, user } in &planned {
                let told = format!(
                    "{} ({}): {user}, on a machine of its own\n  today      {}\n  then       {}\n  machine    {}\n",
                    home.blueprint.name,
                    home.blueprint.platform,
                    home.base.out.to_path(),
                    home.head.out.to_path(),
                    machine.out.to_path(),
                );
                say(told.as_bytes());
            }
            return Ok(());
        }
        let tools = self.tools()?;
        let name = |home: &PlannedHome| home.home.blueprint.name.clone();
        let Some(built) = self.each(&planned, name, |work, home| {
            work.built_home(pair, home, tools.engine.as_ref(), &tools.realised)
        }) else {
            return Ok(());
        };
        let jobs: Vec<Job<'_>> = built
            .into_iter()
            .map(|(PlannedHome { home, user, .. }, machine)| Job {
                planned: home,
                task: Task {
                    blueprint: &home.blueprint,
                    what: What::Home {
                        user,
                        machine,
                        base: &home.base.out,
                        head: &home.head.out,
                    },
                },
            })
            .collect();
        self.play(&tools, pair, &jobs);
        Ok(())
    }

    /// Evaluates a home in both states; that it cannot be has been told.
    fn plan_home(&mut self, pair: &mut Pair, target: &Target, before: Option<&str>) -> Option<PlannedHome> {
        let name = before.unwrap_or(&target.name);
        let Some(today) = pair.base.homes.iter().find(|home| home.name == name).cloned() else {
            let reason = format!("the base has no home `{name}`: there is nothing to go back to");
            let case = Case::new(Stage::Vm, HOME, Outcome::Skipped(reason));
            self.run.finish(case.on(&target.name, UNKNOWN));
            return None;
        };
        pair.session.ev.restart_clock();
        match pair.plan_home(target, &today) {
            Ok(planned) => {
                for sentence in &planned.home.secrets {
                    self.run
                        .tell(Event::Note(format!("{}: {sentence}", planned.home.blueprint.name)));
                }
                Some(planned)
            }
            Err(_) => {
                let case = Case::new(Stage::Vm, "it evaluates", Outcome::Errored).on(&target.name, UNKNOWN);
                let case = self.run.with_error(&mut pair.session, case);
                self.run.finish(case);
                None
            }
        }
    }

    /// Builds a home and its machine; that they cannot be has been told.
    fn built_home(
        &mut self,
        pair: &mut Pair,
        planned: &PlannedHome,
        engine: &dyn Engine,
        into: &Realised,
    ) -> Option<Generation> {
        let is_told = self.args.verbose;
        let mut told = |line: &str| {
            if is_told {
                complain(&diag::clean_line(line));
            }
        };
        let wanted =
            [&planned.machine, &planned.home.base, &planned.home.head].map(|wanted| (&wanted.drv, &wanted.out));
        let built = build::realise(pair, &wanted, engine, into, &mut told)
            .and_then(|()| Ok(into.generation(&planned.machine.out)?));
        match built {
            Ok(machine) => Some(machine),
            Err(error) => {
                let blueprint = &planned.home.blueprint;
                self.run.finish(error.case().on(&blueprint.name, &blueprint.platform));
                None
            }
        }
    }
}

impl Pair {
    /// Evaluates a home in both states, and the machine for it.
    fn plan_home(&mut self, target: &Target, before: &Target) -> Eval<PlannedHome> {
        let ev = &mut self.session.ev;
        let head = System::of(ev, target, None)?;
        let base = System::of(ev, before, None)?;
        let Some(platform) = head.platform().map(str::to_owned) else {
            return Err(ev.fail(ErrorKind::Eval, "the home does not tell which system it is for"));
        };
        let function = ev.eval_text(Origin::String, MACHINE.as_bytes(), b"/")?;
        let of_head = ev.cell(head.root());
        let told = ev.call(function, &[of_head], Pos::NONE)?;
        let user = attribute(ev, told, "user")?;
        let Some(user) = user.as_string().map(|text| String::from_utf8_lossy(text).into_owned()) else {
            return Err(ev.fail(ErrorKind::Type, "the name of the home's user is not a string"));
        };
        let machine = attribute(ev, told, "machine")?;
        let machine = Target {
            kind: Kind::Nixos,
            name: target.name.clone(),
            system: None,
            value: ev.cell(machine),
            pos: target.pos,
        };
        let machine = System::of(ev, &machine, None)?;
        let secrets = [Secrets::of(ev, &base)?, Secrets::of(ev, &head)?];
        let [of_base, of_head] = &secrets;
        let (base, head) = (of_base.laid_over(ev, base)?, of_head.laid_over(ev, head)?);
        let disks = disks::variant();
        Ok(PlannedHome {
            home: Planned {
                blueprint: Blueprint {
                    name: target.name.clone(),
                    platform: platform.clone(),
                    mode: Mode::Variant,
                    why: "a home is tried on a machine of its own".into(),
                    by_shell: Processor::of_system(&platform).is_some_and(|known| agents::agent(known).is_err()),
                    scripts: None,
                    mounts: disks::mounts(&disks::Layout::default(), &disks),
                    disks,
                    extras: secrets.iter().find_map(Secrets::file).into_iter().collect(),
                },
                base: wanted(ev, base)?,
                head: wanted(ev, head)?,
                secrets: ::vm::secrets::told(secrets.iter().map(|secrets| &secrets.dummies)),
            },
            machine: wanted(ev, machine)?,
            user,
        })
    }
}
