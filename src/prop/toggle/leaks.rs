//! What a module that is switched off still defines outside of its own options.
//!
//! A file's definitions are looked at twice: with all toggles that it declares on, and with all of them off.
//! What is defined either way, with the same value, does not depend on them. Of that the following is no news:
//!
//! - what another definition takes the place of, and what is the option's default anyway;
//! - empty lists and sets, `false` and `null`, which ask for nothing;
//! - what the file says of options that it declares itself, or that stand beside a toggle of it;
//! - assertions, warnings and the like, and overlays, which only matter where their packages are used.
//!
//! Modules that are imported as values (`imports = map import [ ./a.nix ./b.nix ]`) have the name of who imports them,
//! or none. They are told apart by the texts that they stand in.
//!
//! A file that mostly defines things unconditionally, and has a toggle for a part of them, means it so: it is
//! only told of where at least as much depends on the toggles as does not.

use super::Toggle;
use super::laws::LEAKS;
use super::run::Finding;
use super::switched::Switched;
use crate::Plain;
use diag::{Diagnostic, FileId, Origin, Pos};
use eval::error::Eval;
use eval::{Evaluator, Ref};
use nixos::diagnose::{Viewpoint, binding_at};
use nixos::{Contribution, Declared, Priority, Reading, System};
use std::collections::{BTreeMap, BTreeSet};

/// Options whose definitions ask for nothing that is built or run.
const HARMLESS: [&str; 5] = ["assertions", "warnings", "meta", "_module", "nixpkgs"];
/// Places that are told of one file.
const MOST_TOLD: usize = 8;

/// A value that a file defines.
struct Defined {
    /// The option and, below it, one name more.
    at: Vec<String>,
    pos: Pos,
    value: Plain,
}

/// A module of the user's that declares toggles.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Module {
    /// What the module system calls it.
    file: String,
    /// The text that it stands in, if that is not what it is called.
    text: Option<FileId>,
}

impl Module {
    fn of(ev: &Evaluator, file: &str, toggle: &Toggle) -> Module {
        let text = text_of(ev, toggle.span.start).filter(|&text| match &ev.sources.file(text).origin {
            Origin::File(path) => {
                let rest = path.strip_prefix(file.as_bytes());
                !matches!(rest, Some(b"" | b"/default.nix"))
            }
            _ => true,
        });
        Module {
            file: file.to_owned(),
            text,
        }
    }
}

/// Returns the text that a position is in.
fn text_of(ev: &Evaluator, pos: Pos) -> Option<FileId> {
    ev.sources.lookup(pos).map(|(text, _)| text)
}

/// Values by their paths; one path may be defined several times.
type All = BTreeMap<Vec<String>, Vec<Defined>>;

/// Returns what each file with toggles still defines when they are off; of some files only if time is up.
pub(crate) fn leaks(
    ev: &mut Evaluator,
    switched: &Switched,
    system: &System,
    toggles: &[Toggle],
    view: &Viewpoint<'_>,
    is_over: &mut dyn FnMut() -> bool,
) -> Eval<Vec<Finding>> {
    // A home checks its assertions before anything of it can be read: it is there in each trial only.
    let shared = match ev.contained(|ev| ready(ev, switched.shared(), system)) {
        Ok(Some(host)) => Some(host),
        Ok(None) => return Ok(Vec::new()),
        Err(_) if ev.error_kind() == eval::ErrorKind::Open => {
            ev.take_error();
            None
        }
        Err(fail) => return Err(fail),
    };
    let mut found = Vec::new();
    let mut modules: BTreeMap<Module, Vec<usize>> = BTreeMap::new();
    for (one, toggle) in toggles.iter().enumerate() {
        for file in &toggle.files {
            let module = Module::of(ev, file, toggle);
            modules.entry(module).or_default().push(one);
        }
    }
    for (module, own) in modules {
        if is_over() {
            break;
        }
        let flips = |on: bool| -> Vec<usize> { own.iter().copied().filter(|&one| toggles[one].on != on).collect() };
        let mut look = |on: bool| {
            switched.look(ev, &flips(on), |ev, host| {
                let own: Vec<&Toggle> = own.iter().map(|&one| &toggles[one]).collect();
                match &shared {
                    Some(shared) if host == switched.shared() => defined(ev, shared, &module, &own, view),
                    _ => match ready(ev, host, system)? {
                        Some(host) => defined(ev, &host, &module, &own, view),
                        None => Ok(All::new()),
                    },
                }
            })
        };
        // A file of which one state cannot be looked at is told of by the other law, or not at all.
        if let (Some(on), Some(off)) = (look(true), look(false)) {
            let own: Vec<&Toggle> = own.iter().map(|&one| &toggles[one]).collect();
            found.extend(compared(ev, &own, &on, &off));
        }
    }
    Ok(found)
}

/// Returns a host in which toggles are flipped, its modules loaded; `None` if they cannot be listed.
fn ready(ev: &mut Evaluator, host: Ref, system: &System) -> Eval<Option<System>> {
    let host = ev.force(host, Pos::NONE)?;
    let host = system.extended(ev, host);
    Ok(host.load_modules(ev)?.then_some(host))
}

/// Returns what a module defines outside of its own options.
fn defined(ev: &mut Evaluator, host: &System, module: &Module, own: &[&Toggle], view: &Viewpoint<'_>) -> Eval<All> {
    let file = module.file.as_str();
    let mut all = All::new();
    for one in host.contributions(ev, file, view)? {
        if module.text.is_some() && module.text != text_of(ev, one.pos) {
            continue;
        }
        let at = one.option.map_or(one.path.as_slice(), |length| {
            &one.path[..one.path.len().min(length + 1)]
        });
        let is_own = own.iter().any(|toggle| one.path.starts_with(toggle.around()));
        let first = one.path.first().map(String::as_str).unwrap_or_default();
        if one.active != Some(true) || is_own || HARMLESS.contains(&first) || !view.owns(&ev.sources, one.pos) {
            continue;
        }
        let option = host.option(ev, &one.path)?;
        if let Some(option) = &option
            && !counts(ev, option, &one, file)?
        {
            continue;
        }
        let Some(value) = plain(ev, one.value)? else { continue };
        all.entry(one.path.clone()).or_default().push(Defined {
            at: at.to_vec(),
            pos: one.pos,
            value,
        });
    }
    Ok(all)
}

/// Whether a definition is about an option of another file, no other one took its place, and it is not the default.
fn counts(ev: &mut Evaluator, option: &Declared, one: &Contribution, file: &str) -> Eval<bool> {
    if option.declarations(ev)?.iter().any(|declared| declared == file) {
        return Ok(false);
    }
    let strongest = option.highest_priority(ev)?.unwrap_or(Priority::OPTION_DEFAULT);
    if one.priority > strongest {
        return Ok(false);
    }
    if one.option != Some(one.path.len()) {
        return Ok(true);
    }
    let default = option.default_value(ev)?;
    Ok(match default {
        Reading::Value(default) => {
            let default = ev.cell(default);
            plain(ev, default)? != plain(ev, one.value)?
        }
        _ => true,
    })
}

/// Returns a value as it is compared; `None` if it cannot be evaluated.
fn plain(ev: &mut Evaluator, cell: Ref) -> Eval<Option<Plain>> {
    match ev.contained(|ev| Plain::read(ev, cell)) {
        Ok(value) => Ok(Some(value)),
        Err(fail) if ev.error_kind() == eval::ErrorKind::Limit => Err(fail),
        Err(_) => {
            ev.take_error();
            Ok(None)
        }
    }
}

/// Whether a value asks for nothing.
fn asks_nothing(value: &Plain) -> bool {
    match value {
        Plain::Null | Plain::Bool(false) => true,
        Plain::List(elements) => elements.is_empty(),
        Plain::Attrs(entries) => entries.is_empty(),
        Plain::Str(text) => text.is_empty(),
        _ => false,
    }
}

/// Compares what a file defines with its toggles on and off.
fn compared(ev: &mut Evaluator, own: &[&Toggle], on: &All, off: &All) -> Option<Finding> {
    let values = |all: &All, path: &Vec<String>| -> Vec<Plain> {
        all.get(path)
            .map(|defined| defined.iter().map(|one| one.value.clone()).collect())
            .unwrap_or_default()
    };
    let mut left: BTreeMap<Vec<String>, Pos> = BTreeMap::new();
    let mut governed: BTreeSet<Vec<String>> = BTreeSet::new();
    for (path, defined) in on.iter().chain(off) {
        let same = values(on, path) == values(off, path);
        for one in defined {
            if !same {
                governed.insert(one.at.clone());
            } else if !asks_nothing(&one.value) {
                left.entry(one.at.clone()).or_insert(one.pos);
            }
        }
    }
    // What is conditional in part (a group of a user, a hook of a service) is there anyway on purpose.
    left.retain(|at, _| !governed.contains(at));
    if left.is_empty() || governed.len() < left.len() {
        return None;
    }
    Some(finding(ev, own, &left))
}

fn finding(ev: &mut Evaluator, own: &[&Toggle], left: &BTreeMap<Vec<String>, Pos>) -> Finding {
    let switched: Vec<String> = own.iter().map(|toggle| format!("`{} = false`", toggle.path)).collect();
    let paths: Vec<String> = left
        .keys()
        .filter_map(|path| nixos::OptionPath::of(path))
        .map(|path| path.to_string())
        .collect();
    let mut names: Vec<String> = paths.iter().take(MOST_TOLD).map(|path| format!("`{path}`")).collect();
    if paths.len() > MOST_TOLD {
        names.push(format!("{} more", paths.len() - MOST_TOLD));
    }
    let verb = if switched.len() == 1 { "leaves" } else { "leave" };
    let mut diagnostic = Diagnostic::new(
        LEAKS.severity,
        format!(
            "{} {verb} {} as defined as before",
            switched.join(" and "),
            names.join(", ")
        ),
    )
    .rule(LEAKS.id);
    for (number, &pos) in left.values().take(MOST_TOLD).enumerate() {
        let Some(span) = binding_at(ev, pos) else { continue };
        diagnostic = if number == 0 {
            diagnostic.at(span, "defined whether it is on or off")
        } else {
            diagnostic.also(span, "and this")
        };
    }
    if own[0].span.start.is_some() {
        diagnostic = diagnostic.also(own[0].span, "the switch");
    }
    Finding {
        law: &LEAKS,
        diagnostic: diagnostic.hint("move it under `lib.mkIf cfg.enable` if it belongs to what is switched"),
        option: paths.into_iter().next(),
        flips: Vec::new(),
        expr: None,
    }
}

impl Toggle {
    /// Returns the path of the set that it stands in; itself if it stands in none of its own.
    pub(crate) fn around(&self) -> &[String] {
        let names = self.path.len();
        &self.path[..if names > 1 { names - 1 } else { names }]
    }
}
