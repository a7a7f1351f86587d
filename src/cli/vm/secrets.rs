//! The secrets of a host under test: which it wants, and the module that puts dummies in their place.

use ::vm::image::Extra;
use ::vm::secrets::{Dummies, IDENTITY_PATH, Identity, Kind, Source, Use, Want, dummies};
use diag::{Origin, Pos};
use eval::error::Eval;
use eval::{ErrorKind, Evaluator, Val};
use nixos::System;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Tells which secrets a host wants.
const WANTS: &str = include_str!("wants.nix");

/// Makes the overriding module, of [`Laid`].
const MODULE: &str = include_str!("secrets.nix");

/// What stands in for the secrets of one generation.
pub struct Secrets {
    /// The dummies, with the names of the secrets: for the report (`vm::secrets::told`).
    pub dummies: Dummies,
    /// The overriding module, in the Nix language; none if there is nothing to override.
    pub module: Option<String>,
}

impl Secrets {
    /// Returns what stands in for the secrets that a host and its homes want.
    pub fn of(ev: &mut Evaluator, system: &System) -> Eval<Secrets> {
        let function = ev.eval_text(Origin::String, WANTS.as_bytes(), b"/")?;
        let host = ev.cell(system.root());
        let wanted = ev.call(function, &[host], Pos::NONE)?;
        let told = attribute(ev, wanted, "told")?;
        let told: Option<Result<Told, _>> = told.as_string().map(serde_json::from_slice);
        let told = match told {
            Some(Ok(told)) => told,
            Some(Err(error)) => {
                let message = format!("the host's secrets are not understood: {error}");
                return Err(ev.fail(ErrorKind::Type, message));
            }
            None => return Err(ev.fail(ErrorKind::Type, "the host's secrets are not understood")),
        };
        let mut sources = BTreeMap::new();
        for (index, secret) in told.secrets.iter().enumerate() {
            if let Entry::Vacant(unknown) = sources.entry((secret.want.kind, secret.want.file.clone())) {
                unknown.insert(source(ev, wanted, index, secret)?);
            }
        }
        let wants: Vec<Want> = told.secrets.iter().map(|secret| secret.want.clone()).collect();
        let dummies = dummies(&wants, &told.uses(), |want| {
            sources[&(want.kind, want.file.clone())].clone()
        });
        let laid = Laid::of(&told, &dummies);
        let module = (!laid.files.is_empty()).then(|| {
            let data = serde_json::to_string(&laid).expect("maps with texts as keys are JSON");
            format!("({MODULE}) (builtins.fromJSON {})", quoted(&data))
        });
        Ok(Secrets { dummies, module })
    }

    /// Returns a host with its secrets replaced.
    pub fn laid_over(&self, ev: &mut Evaluator, system: System) -> Eval<System> {
        match &self.module {
            Some(module) => system.with_module(ev, module),
            None => Ok(system),
        }
    }

    /// Returns the file that the disk of the machine must have; none if nothing needs it.
    pub fn file(&self) -> Option<Extra> {
        self.module.as_ref().map(|_| Extra {
            path: IDENTITY_PATH.into(),
            bytes: Identity::throw_away().file().into_bytes(),
            // Users decrypt the secrets of their homes themselves.
            private: false,
        })
    }
}

/// What a host says of its secrets.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    secrets: Vec<Wanted>,
    defaults: Vec<DefaultFile>,
    uses: BTreeMap<Use, Vec<String>>,
    nix_settings: String,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(flatten)]
    want: Want,
    state: State,
}

/// Whether a file can be read.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Here,
    Missing,
    Elsewhere,
}

#[derive(Deserialize)]
struct DefaultFile {
    home: Option<String>,
    file: Option<String>,
}

impl Told {
    /// Returns what reads which path.
    fn uses(&self) -> BTreeMap<String, Use> {
        let mut uses = BTreeMap::new();
        let mut add = |path: &str, what: Use| {
            // systemd takes a file that is not there for an empty one, if a dash is before it.
            let path = path.strip_prefix('-').unwrap_or(path).to_owned();
            uses.entry(path).or_insert(what);
        };
        for (what, paths) in &self.uses {
            paths.iter().for_each(|path| add(path, *what));
        }
        for line in self.nix_settings.lines() {
            let mut words = line.split_whitespace();
            if let (Some("include" | "!include"), Some(path)) = (words.next(), words.next()) {
                add(path, Use::NixSettings);
            }
        }
        uses
    }
}

/// What the overriding module is made of.
#[derive(Serialize)]
struct Laid<'d> {
    files: Vec<File<'d>>,
    /// Where the key is that opens all dummies.
    identity: &'static str,
    host: Scope<'d>,
    homes: BTreeMap<&'d str, Scope<'d>>,
}

#[derive(Serialize)]
struct File<'d> {
    name: &'d str,
    text: &'d str,
}

/// What is overridden in a host or a home: numbers of dummies by the names of secrets.
#[derive(Serialize, Default)]
struct Scope<'d> {
    sops: BTreeMap<&'d str, usize>,
    agenix: BTreeMap<&'d str, usize>,
    default: Option<usize>,
}

impl<'d> Laid<'d> {
    fn of(told: &'d Told, dummies: &'d Dummies) -> Laid<'d> {
        let file = |dummy: &'d ::vm::secrets::Dummy| File {
            name: &dummy.name,
            text: &dummy.text,
        };
        let mut laid = Laid {
            files: dummies.files.iter().map(file).collect(),
            identity: IDENTITY_PATH,
            host: Scope::default(),
            homes: BTreeMap::new(),
        };
        for (secret, wanted) in dummies.secrets.iter().zip(&told.secrets) {
            let Ok(number) = secret.dummy else { continue };
            let scope = match &secret.home {
                None => &mut laid.host,
                Some(user) => laid.homes.entry(user).or_default(),
            };
            match secret.kind {
                Kind::Sops => scope.sops.insert(&secret.name, number),
                Kind::Agenix => scope.agenix.insert(&secret.name, number),
            };
            let is_default =
                |default: &DefaultFile| default.home == secret.home && default.file.as_ref() == Some(&wanted.want.file);
            if secret.kind == Kind::Sops && told.defaults.iter().any(is_default) {
                scope.default = Some(number);
            }
        }
        laid
    }
}

/// Returns what is known of the file of a secret.
fn source(ev: &mut Evaluator, wanted: Val, index: usize, secret: &Wanted) -> Eval<Source> {
    match secret.state {
        State::Missing => return Ok(Source::Missing),
        State::Elsewhere => return Ok(Source::Elsewhere),
        State::Here => {}
    }
    let number = i64::try_from(index).expect("a host has fewer secrets than numbers");
    let is_sops = secret.want.kind == Kind::Sops;
    let read = ev.contained(|ev| {
        let function = attribute(ev, wanted, if is_sops { "text" } else { "hash" })?;
        let number = ev.cell(Val::int(number));
        ev.call(function, &[number], Pos::NONE)
    });
    match read {
        Ok(value) => {
            let text = String::from_utf8_lossy(value.as_string().unwrap_or_default()).into_owned();
            Ok(if is_sops {
                Source::Text(text)
            } else {
                Source::Hash(text)
            })
        }
        Err(fail) if ev.error_kind().is_no_answer() => Err(fail),
        // A folder, or bytes that are no text: what installs it says so, and this is not the place.
        Err(_) => {
            ev.take_error();
            Ok(Source::Elsewhere)
        }
    }
}

/// Returns an attribute of a set that is ours.
pub(super) fn attribute(ev: &mut Evaluator, set: Val, name: &str) -> Eval<Val> {
    let symbol = ev.symbols.intern(name.as_bytes());
    match ev.mem.attr(set, symbol) {
        Some(attr) => ev.force(attr.value, attr.pos),
        None => Err(ev.fail(ErrorKind::Type, format!("what a host wants has no `{name}`"))),
    }
}

/// Returns a text of one line as a string of the Nix language.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + text.len() / 8 + 2);
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
