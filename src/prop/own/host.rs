//! A second look at a crash: in the host, and not alone.
//!
//! Cases evaluate an option by itself, which is what makes many of them possible. But a submodule or an `apply` may read
//! the configuration of its host, which does not have what the case says. So a crash is told only if the host crashes
//! too when it is extended by the same definitions, at the same place.

use super::known::Known;
use super::laws::{self, parts, said};
use crate::run::Broken;
use crate::{Expr, Ground, Law, Module, Refusal, Scene, Seen, expr};
use diag::Pos;
use eval::error::Eval;
use eval::{ErrorKind, Evaluator, Limits, Stopped};

/// What a look at a host may use: what evaluates a whole host of a usual size.
const LIMITS: Limits = Limits {
    memory: Some(4 << 30),
    millis: None,
    calls: Some(20_000_000),
};
/// Most looks at a host for one law on one option whose crashes the host does not show. Each takes as long as some
/// hundred cases.
const MOST_LOOKS: u64 = 4;

/// How a crash stands in the host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// The host crashes too, or the law is not about crashes.
    Stands,
    /// The host does not.
    Falls,
    /// It could not be told.
    Unknown(String),
}

/// The priority of a definition that wins over those that the host has.
const PRIORITY: &str = "lib.min 50 ((option.highestPrio or 100) - 1)";
/// Whether a host can be extended.
const CAN_EXTEND: &str = "builtins.isAttrs host && host ? extendModules";
/// How it is.
const EXTENDED: &str = "modules: host.extendModules { inherit modules; }";

/// Returns how a crash stands in the host; `fallen` is how many of the same law on the same option did not.
pub(crate) fn standing(
    ev: &mut Evaluator,
    ground: &mut Ground,
    law: &Law,
    scene: &Scene,
    broken: &Broken,
    fallen: u64,
) -> Eval<Standing> {
    let Some(known) = ground.option().cloned().filter(|_| laws::is_about_crashes(law)) else {
        return Ok(Standing::Stands);
    };
    if fallen >= MOST_LOOKS {
        return Ok(Standing::Falls);
    }
    let crash = |answers: &[crate::Answer]| {
        let refusals = answers.iter().filter_map(|answer| answer.as_ref().err());
        let mut places = refusals.filter_map(|refusal| place(refusal, &known));
        places.next()
    };
    let (Some(at), Some(in_host)) = (crash(&broken.answers), in_host(&known, scene)) else {
        return Ok(Standing::Unknown("the case cannot be put into it".into()));
    };
    let can_extend = Expr::nix(CAN_EXTEND);
    for expr in [&can_extend, &in_host] {
        if ground.prepare(ev, expr).is_err() {
            if ev.error_kind() == ErrorKind::Limit {
                return Err(eval::Fail);
            }
            return Ok(Standing::Unknown(first_line(&ev.take_error().message)));
        }
    }
    let looked = ev.trial_with(LIMITS, |ev| {
        if ground.look(ev, &can_extend)? != Seen::Whole(Ok(crate::Plain::Bool(true))) {
            return Ok(None);
        }
        ground.look(ev, &in_host).map(Some)
    });
    Ok(match looked {
        Ok(None) => Standing::Unknown("it has no `extendModules`".into()),
        Ok(Some(seen)) if answers(&seen).any(|refusal| place(refusal, &known) == Some(at)) => Standing::Stands,
        Ok(Some(_)) => Standing::Falls,
        Err(Stopped::Panicked(message)) => Standing::Unknown(format!("cfgcheck broke: {message}")),
        Err(Stopped::Failed(error)) => {
            ev.check_limits()?;
            Standing::Unknown(first_line(&error.message))
        }
    })
}

/// Returns the option's value in the host that is extended by the definitions of a scene.
fn in_host(known: &Known, scene: &Scene) -> Option<Expr> {
    let (_, defines) = parts(scene)?;
    let module = |module: &Module| {
        let definition = said(known, module)?;
        let strong = Expr::call("lib.mkOverride", [Expr::nix(PRIORITY), definition.expr()]);
        let config = known
            .in_host
            .iter()
            .rev()
            .fold(strong, |inner, name| Expr::attrs([(name, inner)]));
        Some(Expr::attrs([("_file", Expr::str(&module.file)), ("config", config)]))
    };
    let modules: Option<Vec<Expr>> = defines.iter().map(module).collect();
    let mut select = String::from("e: e.config");
    for name in &known.in_host {
        select.push('.');
        select.push_str(&expr::shown(name));
    }
    Some(Expr::call(&select, [Expr::call(EXTENDED, [Expr::List(modules?)])]))
}

/// Returns where in the user's texts an error crashes; `None` if somebody worded it.
fn place(refusal: &Refusal, known: &Known) -> Option<Pos> {
    match refusal.is_said() {
        true => None,
        false => refusal.place_in(&known.texts),
    }
}

/// Returns the errors in what was seen.
fn answers(seen: &Seen) -> impl Iterator<Item = &Refusal> {
    let (whole, parts) = match seen {
        Seen::Whole(answer) => (answer.as_ref().err(), None),
        Seen::Parts(parts) => (None, Some(parts)),
    };
    let parts = parts.into_iter().flat_map(|parts| parts.values());
    whole
        .into_iter()
        .chain(parts.filter_map(|answer| answer.as_ref().err()))
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}
