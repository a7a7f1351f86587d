//! One thing to try in a machine of its own. Several of them may be tried beside each other, so all that they know is plain
//! data; what is to blame for what they find is looked up by others.

use super::build::Built;
use super::lab::{Lab, LabError, OnDisks};
use super::pair::Blueprint;
use super::scenarios::Playable;
use crate::config::Vm;
use crate::stream::complain;
use ::vm::accel::Choice;
use ::vm::driver::{self, Play, Played, Told};
use ::vm::generation::Generation;
use ::vm::home::{self, HomePlay};
use ::vm::machine::Console;
use ::vm::realised::Realised;
use store::StorePath;

/// The name of the case of each home.
pub const HOME: &str = "home";

/// Something to try.
pub struct Task<'t> {
    /// The machine.
    pub blueprint: &'t Blueprint,
    /// What is done with it.
    pub what: What<'t>,
}

/// What is done with a machine.
pub enum What<'t> {
    /// A scenario is played.
    Scenario {
        /// The generations.
        built: &'t Built,
        /// The scenario.
        playable: Playable,
    },
    /// A home is activated and gone back to.
    Home {
        /// Whose it is.
        user: &'t str,
        /// The system of the machine.
        machine: Generation,
        /// The home that is there today.
        base: &'t StorePath,
        /// The home that is to be there.
        head: &'t StorePath,
    },
}

impl Task<'_> {
    /// Returns the name of its case.
    pub fn name(&self) -> &str {
        match &self.what {
            What::Scenario { playable, .. } => &playable.scenario.name,
            What::Home { .. } => HOME,
        }
    }

    /// Returns what people read of it.
    pub fn title(&self) -> String {
        format!("{} {}", self.blueprint.name, self.name())
    }

    /// Makes the machine and tries it.
    pub fn play(
        &self,
        lab: &Lab<'_>,
        realised: &Realised,
        config: &Vm,
        is_told: bool,
    ) -> Result<(Played, Choice), LabError> {
        let Task { blueprint, what } = self;
        let title = self.title();
        let mut told = |told: Told<'_>| {
            if is_told {
                match told {
                    Told::Step { number, of, what } => complain(&format!("{title} [{number}/{of}] {what}")),
                    Told::Line(line) => complain(&format!("{title} | {line}")),
                }
            }
        };
        let processor = Lab::processor(&blueprint.platform)?;
        let choice = lab.choice(processor)?;
        let (system, brought, generations) = match what {
            What::Scenario { built, .. } => (&built.base, vec![&built.head.toplevel], generations(built, realised)),
            What::Home {
                machine, base, head, ..
            } => (machine, vec![&machine.toplevel, base, head], vec![machine.clone()]),
        };
        let on_disks = OnDisks {
            system,
            brought,
            host: blueprint,
        };
        let disks = lab.disks(realised, &on_disks, &mut |line| told(Told::Line(line)))?;
        let mut guest = lab.live(processor, disks, blueprint, generations, Console::new(None))?;
        let played = match what {
            What::Scenario { built, playable } => {
                let settings = config.settings(&blueprint.name, choice.factor, sizes(built, realised));
                let play = Play {
                    scenario: &playable.scenario,
                    base: &built.base,
                    head: &built.head,
                    settings: &settings,
                    files: &playable.files,
                };
                driver::play(&play, &mut guest, &mut told)
            }
            What::Home {
                user,
                machine,
                base,
                head,
            } => {
                let settings = config.settings(&blueprint.name, choice.factor, None);
                let play = HomePlay {
                    user,
                    machine,
                    base,
                    head,
                    settings: &settings,
                };
                home::play(&play, &mut guest, &mut told)
            }
        };
        Ok((played, choice))
    }
}

/// Returns all that a boot loader of the machine may start: the base first, then the head and its specialisations.
fn generations(built: &Built, realised: &Realised) -> Vec<Generation> {
    let mut all = Vec::new();
    for generation in [&built.base, &built.head] {
        all.push(generation.clone());
        for name in &generation.specialisations {
            let path = format!("{}/specialisation/{name}", generation.toplevel.to_path());
            // One that cannot be read is none that can be started.
            let at = realised.look_up(&path).ok().flatten();
            all.extend(at.and_then(|place| realised.generation(&place.owner).ok()));
        }
    }
    all
}

fn sizes(built: &Built, realised: &Realised) -> Option<driver::Sizes> {
    let size = |generation: &Generation| -> Option<u64> {
        let closure = realised.closure([&generation.toplevel]).ok()?;
        Some(closure.values().map(|info| info.nar_size).sum())
    };
    Some(driver::Sizes {
        base: size(&built.base)?,
        head: size(&built.head)?,
    })
}
