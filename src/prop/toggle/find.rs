//! Finding the toggles of a host: its options that switch a module of the user's on and off.

use super::Toggle;
use eval::Evaluator;
use eval::error::Eval;
use nixos::diagnose::{Complaint, Viewpoint, complaint};
use nixos::{Declared, OptionPath, Priority, Reading, System};

/// The last names of options that are toggles.
const NAMES: [&str; 2] = ["enable", "enabled"];

/// The toggles of a host.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Those that can be flipped, in the order of their paths.
    pub toggles: Vec<Toggle>,
    /// Those that cannot.
    pub left_out: Vec<LeftOut>,
}

/// A toggle that cannot be flipped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOut {
    /// Its path.
    pub path: String,
    /// Why not.
    pub why: String,
}

/// The option that has the homes of a host, whose modules are mostly the user's own.
const HOMES: [&str; 2] = ["home-manager", "users"];
/// Most options whose submodules are gone into; they may be inside each other.
const MOST_SETS: usize = 1_000;

/// What options stand in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    /// The host itself.
    Host,
    /// A submodule.
    Submodule,
    /// A submodule that is there by an option's default, by `mkDefault` or by `mkForce`.
    Defaults,
}

/// Returns the toggles of a host that the user's files declare: options named `enable` or `enabled` whose value
/// is a Boolean, also those inside the submodules that the user declares and in homes. `wanted` is given the
/// files that declare one and says whether it is wanted.
pub fn survey(
    ev: &mut Evaluator,
    system: &System,
    view: &Viewpoint<'_>,
    wanted: &mut dyn FnMut(&[String]) -> bool,
) -> Eval<Survey> {
    let mut survey = Survey::default();
    let mut trees = vec![(system.options(ev)?, Around::Host, None)];
    let mut sets = 0;
    while let Some((mut tree, around, within)) = trees.pop() {
        while let Some(option) = tree.next(ev)? {
            let is_named = option.path.last().is_some_and(|name| NAMES.contains(&name.as_str()));
            let is_home = option.path[..] == HOMES;
            // All else is looked at only where it is declared in the user's files, which is asked last: it costs most.
            if !is_named && !is_home && !is_set(ev, &option)? {
                continue;
            }
            let files = option.declarations(ev)?;
            let is_own = files.iter().any(|file| view.owns_file(file));
            if (is_own || is_home) && !is_named && sets < MOST_SETS {
                sets += 1;
                let plain = option.highest_priority(ev)? == Some(Priority::PLAIN) && around != Around::Defaults;
                let around = if plain { Around::Submodule } else { Around::Defaults };
                let outermost = within.clone().unwrap_or_else(|| option.path.clone());
                trees.push((option.inside(ev)?, around, Some(outermost)));
            }
            if is_named && is_own && wanted(&files) {
                match toggle(ev, &option, files, (around, within.as_ref()))? {
                    Ok(toggle) => survey.toggles.push(toggle),
                    Err(Some(why)) => survey.left_out.push(LeftOut {
                        path: option.path.to_string(),
                        why,
                    }),
                    Err(None) => {}
                }
            }
        }
    }
    survey.toggles.sort_by(|one, other| one.path.cmp(&other.path));
    survey.left_out.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(survey)
}

/// Whether an option's value may be made of submodules.
fn is_set(ev: &mut Evaluator, option: &Declared) -> Eval<bool> {
    let kind = option.type_name(ev)?;
    Ok(kind.is_some_and(|kind| ["submodule", "attrsOf", "lazyAttrsOf", "nullOr"].contains(&kind.as_str())))
}

/// Returns an option as a toggle, or why it is none; without a reason if it is no switch at all.
fn toggle(
    ev: &mut Evaluator,
    option: &Declared,
    files: Vec<String>,
    (around, within): (Around, Option<&OptionPath>),
) -> Eval<Result<Toggle, Option<String>>> {
    let kind = option.type_name(ev)?;
    if kind.as_deref().is_some_and(|kind| kind != "bool") {
        return Ok(Err(None));
    }
    if around == Around::Defaults {
        return Ok(Err(Some(
            "what is around it is no plain definition, so one more would replace it".into(),
        )));
    }
    if option.is_read_only(ev)? {
        return Ok(Err(Some("it is read-only".into())));
    }
    if option.is_internal(ev)? {
        return Ok(Err(Some("it is internal".into())));
    }
    let on = match option.value(ev)? {
        Reading::Value(value) => value.as_bool(),
        Reading::Failed(error) if matches!(complaint(&error), Some(Complaint::NoValue(_))) => None,
        Reading::Failed(error) => {
            let first = error.message.lines().next().unwrap_or_default().to_owned();
            return Ok(Err(Some(format!("it does not evaluate: {first}"))));
        }
        Reading::Absent | Reading::Undefined => None,
    };
    let Some(on) = on else {
        return Ok(Err(Some("nothing says whether it is on".into())));
    };
    let strongest = option.highest_priority(ev)?.unwrap_or(Priority::OPTION_DEFAULT);
    let span = option.places(ev)?.first().copied().unwrap_or_default();
    Ok(Ok(Toggle {
        path: option.path.clone(),
        on,
        strongest,
        span,
        files,
        within: within.cloned(),
    }))
}
