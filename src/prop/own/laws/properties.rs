//! Properties inside definitions: what `mkForce`, `mkIf` and `mkMerge` mean for one name of a set.

use super::{Own, Said, parts, said, scene, with_definitions};
use crate::own::known::Known;
use crate::random::Draw;
use crate::{Claim, Def, Ground, Law, Question, Scene, Scope, Side};
use diag::Severity;

pub(super) const PRIORITY: Own = Own {
    law: Law {
        id: "merge-ignores-priority",
        scope: Scope::Option,
        severity: Severity::Error,
        title: "`lib.mkForce` inside of a definition wins over other definitions of the same name",
        why: "A set that several modules have a say in is merged name by name, and whoever writes `lib.mkForce` before the \
              value of one name means that one. A merge function that takes values as they are lets another definition win, \
              or leaves the property itself in the value, and says nothing.",
        fix: "Make the type of types that know priorities, such as `lib.types.attrsOf lib.types.anything`, or a submodule.",
        draw: |draw, ground| {
            let weak = u32::from(draw.once_in(2));
            let mut scene = drawn(draw, ground, |value, _| value.weighed(Def::FORCE))?;
            scene.choices.push(weak);
            Some(scene)
        },
        // The choice is between `mkForce` and `mkDefault`, so that a counterexample shows the first where it can.
        question: |scene, ground| question(&chosen(scene), ground, false),
    },
    about: resolves,
    says: |about| Said {
        message: format!(
            "the type `{}` ignores `{}` inside of a definition",
            about.merging,
            property(about.scene)
        ),
        words: false,
        hint: "make it of types that know priorities: `lib.types.attrsOf lib.types.anything`",
    },
};

pub(super) const CONDITION: Own = Own {
    law: Law {
        id: "merge-ignores-condition",
        scope: Scope::Option,
        severity: Severity::Error,
        title: "what stands under `lib.mkIf false` inside of a definition is not there",
        why: "Inside a set, `lib.mkIf` before the value of one name makes that name depend on a condition. A merge function \
              that takes values as they are leaves it there, or puts the property itself into the value.",
        fix: "Make the type of types that know conditions, such as `lib.types.attrsOf lib.types.anything`, or a submodule; \
              or use `lib.optionalAttrs` in definitions.",
        draw: |draw, ground| {
            let condition = draw.once_in(2);
            drawn(draw, ground, |value, _| value.when(condition))
        },
        question: |scene, ground| question(scene, ground, true),
    },
    about: resolves,
    says: |about| Said {
        message: format!(
            "the type `{}` ignores `{}` inside of a definition",
            about.merging,
            property(about.scene)
        ),
        words: false,
        hint: "make it of types that know conditions: `lib.types.attrsOf lib.types.anything`",
    },
};

pub(super) const MERGE: Own = Own {
    law: Law {
        id: "merge-ignores-mkmerge",
        scope: Scope::Option,
        severity: Severity::Error,
        title: "`lib.mkMerge` inside of a definition is the same as several modules",
        why: "Inside a set, `lib.mkMerge` before the value of one name gives that name several definitions. A merge function \
              that takes values as they are puts the property itself into the value.",
        fix: "Make the type of types that know properties, such as `lib.types.attrsOf lib.types.anything`, or a submodule.",
        draw: |draw, ground| drawn(draw, ground, |value, other| Def::Merge(vec![value, other])),
        question: |scene, ground| question(scene, ground, true),
    },
    about: resolves,
    says: |about| Said {
        message: format!(
            "the type `{}` ignores `lib.mkMerge` inside of a definition",
            about.merging
        ),
        words: false,
        hint: "make it of types that know properties: `lib.types.attrsOf lib.types.anything`",
    },
};

/// Returns a scene with `mkDefault` in place of `mkForce`, if that is its choice.
fn chosen(scene: &Scene) -> Scene {
    fn weak(definition: &mut Def) {
        match definition {
            Def::Override(priority, _) => *priority = Def::DEFAULT,
            Def::Attrs(entries) => entries.iter_mut().for_each(|(_, value)| weak(value)),
            _ => {}
        }
    }
    let mut scene = scene.clone();
    if scene.choices.first() == Some(&1) {
        scene
            .modules
            .iter_mut()
            .filter_map(|module| module.config.as_mut())
            .for_each(weak);
    }
    scene
}

/// Returns two modules that define the option as sets; in the second one, one name has a property around its value.
fn drawn(draw: &mut Draw<'_>, ground: &Ground, property: impl Fn(Def, Def) -> Def) -> Option<Scene> {
    let known = ground.option()?;
    let sets: Vec<&Vec<(String, Def)>> = known
        .values
        .good
        .iter()
        .filter_map(|value| match value {
            Def::Attrs(entries) if !entries.is_empty() => Some(entries),
            _ => None,
        })
        .collect();
    if sets.is_empty() {
        return None;
    }
    let first = *draw.pick(&sets);
    let second = *draw.pick(&sets);
    // Mostly a name that both have, with the value of one and of the other.
    let shared: Vec<&(String, Def)> = second
        .iter()
        .filter(|(name, _)| first.iter().any(|(own, _)| own == name))
        .collect();
    let (name, value) = match shared.is_empty() {
        true => draw.pick(second),
        false => *draw.pick(&shared),
    };
    let other = first
        .iter()
        .find(|(own, _)| own == name)
        .map_or(value, |(_, other)| other);
    let property = property(value.clone(), other.clone());
    let definitions = [Def::Attrs(first.clone()), Def::Attrs(vec![(name.clone(), property)])];
    Some(scene(known, definitions, Vec::new()))
}

/// Asks whether definitions with properties mean what they say; with `only` if `mkForce` in their place does.
fn question(scene: &Scene, ground: &Ground, only: bool) -> Option<Question> {
    let known = ground.option()?;
    let (declares, defines) = parts(scene)?;
    let definitions: Vec<Def> = defines
        .iter()
        .filter_map(|module| said(known, module))
        .cloned()
        .collect();
    let properties = definitions
        .iter()
        .flat_map(entries)
        .filter(|(_, value)| value.is_property());
    if properties.count() == 0
        || definitions
            .iter()
            .any(|definition| !matches!(definition, Def::Attrs(_)))
    {
        return None;
    }
    let side = |name: &'static str, definitions: Vec<Def>| Side {
        name,
        expr: with_definitions(known, declares, definitions),
    };
    let mut sides = vec![
        side("meant", resolved(&definitions)),
        side("written", definitions.clone()),
    ];
    let mut claims = Vec::new();
    if only {
        let forced: Vec<Def> = definitions.iter().map(with_force).collect();
        sides.push(side("forced", forced.clone()));
        sides.push(side("won", resolved(&forced)));
        claims.push(Claim::Given(2, 3));
    }
    claims.extend([Claim::HasValue(0), Claim::NotRefused(1), Claim::SameUpToOrder(0, 1)]);
    Some(Question { sides, claims })
}

fn entries(definition: &Def) -> &[(String, Def)] {
    match definition {
        Def::Attrs(entries) => entries,
        _ => &[],
    }
}

/// Returns a definition with `mkForce` in place of each property of its names.
fn with_force(definition: &Def) -> Def {
    let of = |value: &Def| match value {
        Def::If(_, inner) => (**inner).clone().weighed(Def::FORCE),
        Def::Merge(parts) => parts.first().cloned().unwrap_or(Def::Null).weighed(Def::FORCE),
        other => other.clone(),
    };
    Def::Attrs(
        entries(definition)
            .iter()
            .map(|(name, value)| (name.clone(), of(value)))
            .collect(),
    )
}

/// Returns what definitions of sets mean whose names have properties around their values: definitions without any.
pub(super) fn resolved(definitions: &[Def]) -> Vec<Def> {
    /// A value of a name with its priority; in which module it stands, and in which part of a `mkMerge`.
    struct Said<'d> {
        module: usize,
        part: usize,
        name: &'d str,
        priority: i64,
        value: &'d Def,
    }
    fn flat<'d>(said: Said<'d>, out: &mut Vec<Said<'d>>) {
        match said.value {
            Def::If(false, _) => {}
            Def::If(true, value) => flat(Said { value, ..said }, out),
            Def::Override(priority, value) => flat(
                Said {
                    priority: *priority,
                    value,
                    ..said
                },
                out,
            ),
            Def::Order(_, value) => flat(Said { value, ..said }, out),
            Def::Merge(parts) => {
                for (part, value) in parts.iter().enumerate() {
                    flat(Said { part, value, ..said }, out);
                }
            }
            _ => out.push(said),
        }
    }
    let mut all = Vec::new();
    for (module, definition) in definitions.iter().enumerate() {
        for (name, value) in entries(definition) {
            flat(
                Said {
                    module,
                    part: 0,
                    name,
                    priority: Def::PLAIN,
                    value,
                },
                &mut all,
            );
        }
    }
    let strongest = |name: &str| {
        all.iter()
            .filter(|said| said.name == name)
            .map(|said| said.priority)
            .min()
    };
    let won: Vec<&Said<'_>> = all
        .iter()
        .filter(|said| Some(said.priority) == strongest(said.name))
        .collect();
    let mut meant = Vec::new();
    for module in 0..definitions.len() {
        let parts = won
            .iter()
            .filter(|said| said.module == module)
            .map(|said| said.part)
            .max();
        for part in 0..=parts.unwrap_or_default() {
            let here = won.iter().filter(|said| said.module == module && said.part == part);
            let entries: Vec<(String, Def)> = here.map(|said| (said.name.to_owned(), said.value.clone())).collect();
            if !entries.is_empty() || part == 0 && definitions.len() == 1 {
                meant.push(Def::Attrs(entries));
            }
        }
    }
    meant
}

/// Whether the user's own function merges definitions that may have properties in them.
fn resolves(known: &Known) -> bool {
    known.shape.merge.is_some() && known.shape.resolves
}

/// Returns the first property inside the definitions of a scene, as it is written.
fn property(scene: &Scene) -> &'static str {
    let scene = chosen(scene);
    fn of(definition: &Def) -> Option<&'static str> {
        match definition {
            Def::Override(Def::DEFAULT, _) => Some("lib.mkDefault"),
            Def::Override(..) => Some("lib.mkForce"),
            Def::If(false, _) => Some("lib.mkIf false"),
            Def::If(true, _) => Some("lib.mkIf"),
            Def::Merge(_) => Some("lib.mkMerge"),
            Def::Attrs(entries) => entries.iter().find_map(|(_, value)| of(value)),
            _ => None,
        }
    }
    let definitions = scene.modules.iter().filter_map(|module| module.config.as_ref());
    definitions.into_iter().find_map(of).unwrap_or("lib.mkForce")
}
