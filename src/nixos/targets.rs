//! What a flake offers to be judged: hosts, homes, packages, shells and checks, by name.

use diag::Pos;
use eval::error::Eval;
use eval::{Evaluator, Ref, Val};

/// What kind of output a target is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// `nixosConfigurations.NAME`
    Nixos,
    /// `darwinConfigurations.NAME`
    Darwin,
    /// `homeConfigurations.NAME`
    Home,
    /// `packages.SYSTEM.NAME`
    Package,
    /// `devShells.SYSTEM.NAME`
    DevShell,
    /// `checks.SYSTEM.NAME`
    Check,
    /// `formatter.SYSTEM`
    Formatter,
}

impl Kind {
    /// All kinds, in the order in which they are judged.
    pub const ALL: [Kind; 7] = [
        Kind::Nixos,
        Kind::Darwin,
        Kind::Home,
        Kind::Package,
        Kind::DevShell,
        Kind::Check,
        Kind::Formatter,
    ];

    /// Returns the flake's output that holds targets of this kind.
    pub fn output(self) -> &'static str {
        match self {
            Kind::Nixos => "nixosConfigurations",
            Kind::Darwin => "darwinConfigurations",
            Kind::Home => "homeConfigurations",
            Kind::Package => "packages",
            Kind::DevShell => "devShells",
            Kind::Check => "checks",
            Kind::Formatter => "formatter",
        }
    }

    /// Returns where in a configuration of this kind the derivation stands that it is for.
    pub fn made(self) -> &'static [&'static str] {
        match self {
            Kind::Home => &["activationPackage"],
            Kind::Darwin => &["system"],
            _ => &["config", "system", "build", "toplevel"],
        }
    }

    /// Whether targets of this kind are systems or homes made of modules.
    pub fn is_configuration(self) -> bool {
        matches!(self, Kind::Nixos | Kind::Darwin | Kind::Home)
    }
}

/// Something to judge.
#[derive(Clone, Debug)]
pub struct Target {
    /// What kind it is.
    pub kind: Kind,
    /// Its name; for a formatter, the output's.
    pub name: String,
    /// The system it stands under, for kinds that stand under one.
    pub system: Option<String>,
    /// The cell of its value.
    pub value: Ref,
    /// Where it is defined, if that is known.
    pub pos: Pos,
}

impl Target {
    /// Returns the attribute path of the target in the flake.
    pub fn path(&self) -> String {
        let name = quoted(&self.name);
        match (&self.system, self.kind) {
            (Some(system), Kind::Formatter) => format!("formatter.{system}"),
            (Some(system), kind) => format!("{}.{system}.{name}", kind.output()),
            (None, kind) => format!("{}.{name}", kind.output()),
        }
    }
}

fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_'".contains(c));
    if plain && !name.is_empty() {
        name.to_owned()
    } else {
        format!("{name:?}")
    }
}

/// Returns the targets of one kind that a flake offers, sorted by name; none if it has no such
/// output.
pub fn discover(ev: &mut Evaluator, flake: Val, kind: Kind) -> Eval<Vec<Target>> {
    let output = ev.symbols.intern(kind.output().as_bytes());
    let Some(attr) = ev.mem.attr(flake, output) else {
        return Ok(Vec::new());
    };
    let context = format!("while evaluating the flake output '{}'", kind.output());
    let set = ev.force_attrs(attr.value, attr.pos, &context)?;
    let mut targets = Vec::new();
    for (name, attr) in ev.sorted_entries(set) {
        let name = ev.symbols.text(name).into_owned();
        if kind.is_configuration() {
            targets.push(Target {
                kind,
                name,
                system: None,
                value: attr.value,
                pos: attr.pos,
            });
        } else if kind == Kind::Formatter {
            targets.push(Target {
                kind,
                name: "formatter".into(),
                system: Some(name),
                value: attr.value,
                pos: attr.pos,
            });
        } else {
            let system = ev.force_attrs(attr.value, Pos::NONE, &context)?;
            for (inner, attr) in ev.sorted_entries(system) {
                let inner = ev.symbols.text(inner).into_owned();
                targets.push(Target {
                    kind,
                    name: inner,
                    system: Some(name.clone()),
                    value: attr.value,
                    pos: attr.pos,
                });
            }
        }
    }
    Ok(targets)
}
