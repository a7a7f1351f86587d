//! Finding the options that the laws are about, and what must be known of each to draw cases.

use super::known::{Known, Values};
use super::read::{get, text};
use super::values::Pools;
use super::{laws, shape};
use crate::ground::Binding;
use crate::{Ground, Law, expr};
use diag::{Origin, Span};
use eval::error::Eval;
use eval::{Evaluator, Val};
use nixos::diagnose::Viewpoint;
use nixos::{OwnOption, System};
use std::sync::Arc;

/// An option that a user's module declares, and the laws that say something about it.
pub struct Subject {
    /// Its path, as it is written.
    pub option: String,
    /// What random numbers depend on: the path, with the home that has it.
    pub key: String,
    /// Where it is declared; empty if that is not known.
    pub span: Span,
    /// The files that declare it, as the module system calls them.
    pub declared_in: Vec<String>,
    /// What is known of it.
    pub known: Arc<Known>,
    /// The laws that say something about it.
    pub laws: Vec<&'static Law>,
}

/// Returns the options of a configuration that the user's own files declare and that `wanted` wants, by the files
/// that declare them; in the order of their paths, each with the ground of its cases.
///
/// `bindings` are the names that cases may use, of which one is `host`: the configuration. What is tried out for one
/// host is kept in `pools` for the next.
pub fn subjects(
    ev: &mut Evaluator,
    system: &System,
    view: &Viewpoint<'_>,
    bindings: &[Binding],
    wanted: &mut dyn FnMut(&[String]) -> bool,
    pools: &mut Pools,
) -> Eval<Vec<(Subject, Ground)>> {
    let inputs = nixos::diagnose::inputs_of(ev, view);
    let view = &Viewpoint {
        inputs: &inputs,
        ..*view
    };
    let mut base = Ground::new(ev, bindings.to_vec())?;
    laws::prepare(ev, &mut base)?;
    let mut found = Vec::new();
    let options = system.own_options(ev, view)?;
    let texts = own_texts(ev, view);
    for own in options {
        let files = own.option.declarations(ev)?;
        if !wanted(&files) {
            continue;
        }
        if let Some(subject) = subject(ev, &base, &own, files, &texts, view, pools)? {
            found.push(subject);
        }
    }
    Ok(found)
}

/// Returns the subject that an option is; `None` if it has no type that can be looked at.
fn subject(
    ev: &mut Evaluator,
    base: &Ground,
    own: &OwnOption,
    files: Vec<String>,
    texts: &Arc<[Span]>,
    view: &Viewpoint<'_>,
    pools: &mut Pools,
) -> Eval<Option<(Subject, Ground)>> {
    let (option, home) = (&own.option, own.home.as_deref());
    let set = option.set();
    let Some(ty) = get(ev, set, &["type"])? else {
        return Ok(None);
    };
    let Some(shape) = shape::read(ev, ty, view)? else {
        return Ok(None);
    };
    let span = option.places(ev)?.first().copied().unwrap_or_default();
    let path = option.path.to_vec();
    let key = match home {
        Some(home) => format!("{} of {home}", option.path),
        None => option.path.to_string(),
    };
    let mut known = Known {
        path,
        texts: texts.clone(),
        apply: get(ev, set, &["apply"])?.is_some_and(Val::is_function),
        default: get(ev, set, &["default"])?.is_some(),
        shape,
        values: Arc::new(Values::default()),
    };
    let binding = Binding {
        name: "option".into(),
        cell: ev.cell(set),
        nix: nix(&known.path, home),
    };
    let description = text(ev, ty, &["description"])?.unwrap_or_default();
    let mut ground = base.about(ev, binding.clone(), Arc::new(known.clone()));
    known.values = pools.values(ev, &mut ground, &known, (&key, span, &description), set)?;
    let known = Arc::new(known);
    let subject = Subject {
        option: option.path.to_string(),
        key,
        span,
        declared_in: files,
        laws: laws::of(&known),
        known: known.clone(),
    };
    Ok(Some((subject, ground.with_option(known))))
}

/// Returns how an option is reached from `host`.
fn nix(path: &[String], home: Option<&str>) -> String {
    let mut nix = String::from("host.options");
    if let Some(home) = home {
        nix.push_str(".home-manager.users.valueMeta.attrs.");
        nix.push_str(&expr::shown(home));
        nix.push_str(".configuration.options");
    }
    for name in path {
        nix.push('.');
        nix.push_str(&expr::shown(name));
    }
    nix
}

/// Returns the texts that the user wrote, as far as they were read.
fn own_texts(ev: &Evaluator, view: &Viewpoint<'_>) -> Arc<[Span]> {
    let files = (0..ev.sources.len()).filter_map(|id| u32::try_from(id).ok());
    let files = files.map(|id| ev.sources.file(diag::FileId(id)));
    let own = files.filter(|file| matches!(file.origin, Origin::File(_)) && view.is_own(&file.origin));
    own.map(|file| {
        let length = u32::try_from(file.text.len()).unwrap_or(u32::MAX);
        Span::new(file.base, file.base.offset(length))
    })
    .collect()
}
