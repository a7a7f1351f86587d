//! Finding the options that the laws are about, and what must be known of each to draw cases.

use super::known::Shape;
use super::known::{Known, Values};
use super::read::{get, text};
use super::shared::Declaration;
use super::values::Pools;
use super::{laws, sample, shape};
use crate::ground::Binding;
use crate::{Def, Ground, Law, expr};
use diag::{Origin, Span};
use eval::error::Eval;
use eval::{Evaluator, Limits, Stopped, Val};
use nixos::diagnose::Viewpoint;
use nixos::{OwnOption, System};
use std::sync::Arc;

/// Steps that reading one option may take: the value of one may be most of a host, which takes some millions.
const MOST_STEPS: u64 = 50_000_000;

/// The options that the laws are about.
#[derive(Default)]
pub struct Subjects {
    /// Each with the ground of its cases, in the order of their paths.
    pub read: Vec<(Subject, Ground)>,
    /// Those that could not be read.
    pub unread: Vec<Unread>,
}

/// An option whose type or values run away when they are read.
pub struct Unread {
    /// Its path, as it is written.
    pub option: String,
    /// Why reading it ended.
    pub why: String,
}

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
    /// What hosts share cases by.
    pub(super) declaration: Declaration,
    /// The laws that say something about it.
    pub laws: Vec<&'static Law>,
}

/// Returns the options of a configuration that the user's own files declare and that `wanted` wants, by the files
/// that declare them.
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
) -> Eval<Subjects> {
    let inputs = nixos::diagnose::inputs_of(ev, view);
    let view = &Viewpoint {
        inputs: &inputs,
        ..*view
    };
    let mut base = Ground::new(ev, bindings.to_vec())?;
    laws::prepare(ev, &mut base)?;
    let mut found = Subjects::default();
    let options = system.own_options(ev, view)?;
    let texts = own_texts(ev, view);
    for own in options {
        let files = own.option.declarations(ev)?;
        if !wanted(&files) {
            continue;
        }
        if let Err(why) = rehearsed(ev, &own, view) {
            // What the user or the whole run's limits ended is no matter of this option.
            ev.check_limits()?;
            let option = own.option.path.to_string();
            found.unread.push(Unread { option, why });
        } else if let Some(read) = read(ev, &own, view)? {
            found.read.push(subject(ev, &base, &own, read, files, &texts, pools)?);
        }
    }
    Ok(found)
}

/// What is read of an option.
struct Read {
    shape: Shape,
    span: Span,
    apply: bool,
    apply_at: Option<Span>,
    default: bool,
    description: String,
    /// The values that it has.
    samples: Vec<Def>,
}

/// Reads an option for nothing, and returns why if it runs away: what is at work when the memory is used up could not
/// be gone on with.
fn rehearsed(ev: &mut Evaluator, own: &OwnOption, view: &Viewpoint<'_>) -> Result<(), String> {
    let room = ev.mem.heap.limit().saturating_sub(ev.mem.used());
    let limits = Limits {
        memory: Some(room / 2),
        millis: None,
        calls: Some(MOST_STEPS),
    };
    match ev.trial_with(limits, |ev| read(ev, own, view).map(drop)) {
        Ok(()) => Ok(()),
        Err(Stopped::Failed(error)) => Err(error.message),
        Err(Stopped::Panicked(message)) => Err(format!("cfgcheck itself broke here: {message}")),
    }
}

/// Reads an option; `None` if it has no type that can be looked at.
fn read(ev: &mut Evaluator, own: &OwnOption, view: &Viewpoint<'_>) -> Eval<Option<Read>> {
    let option = &own.option;
    let set = option.set();
    let Some(ty) = get(ev, set, &["type"])? else {
        return Ok(None);
    };
    let Some(shape) = shape::read(ev, ty, view)? else {
        return Ok(None);
    };
    Ok(Some(Read {
        shape,
        span: option.places(ev)?.first().copied().unwrap_or_default(),
        apply: get(ev, set, &["apply"])?.is_some_and(Val::is_function),
        apply_at: shape::own(ev, view, set, &["apply"])?,
        default: get(ev, set, &["default"])?.is_some(),
        description: text(ev, ty, &["description"])?.unwrap_or_default(),
        samples: sample::of_option(ev, set)?,
    }))
}

/// Returns the subject that an option is.
fn subject(
    ev: &mut Evaluator,
    base: &Ground,
    own: &OwnOption,
    read: Read,
    files: Vec<String>,
    texts: &Arc<[Span]>,
    pools: &mut Pools,
) -> Eval<(Subject, Ground)> {
    let (option, home) = (&own.option, own.home.as_deref());
    let path = option.path.to_vec();
    let key = match home {
        Some(home) => format!("{} of {home}", option.path),
        None => option.path.to_string(),
    };
    let mut known = Known {
        in_host: match home {
            Some(home) => ["home-manager", "users", home]
                .map(str::to_owned)
                .into_iter()
                .chain(path.clone())
                .collect(),
            None => path.clone(),
        },
        path,
        texts: texts.clone(),
        apply: read.apply,
        apply_at: read.apply_at,
        default: read.default,
        shape: read.shape,
        values: Arc::new(Values::default()),
    };
    let binding = Binding {
        name: "option".into(),
        cell: ev.cell(option.set()),
        nix: nix(&known.path, home),
    };
    let mut ground = base.about(ev, binding.clone(), Arc::new(known.clone()));
    let declaration = (key.as_str(), read.span, read.description.as_str());
    known.values = pools.values(ev, &mut ground, &known, declaration, read.samples)?;
    let known = Arc::new(known);
    let subject = Subject {
        declaration: Declaration::of(&known, &key, read.span, &read.description),
        option: option.path.to_string(),
        key,
        span: read.span,
        declared_in: files,
        laws: laws::of(&known),
        known: known.clone(),
    };
    Ok((subject, ground.with_option(known)))
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
