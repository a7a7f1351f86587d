//! Properties around whole definitions: what the module system resolves before a type sees anything.

use super::{DEFAULT, Own, Said, declaration, parts, said, scene, value};
use crate::random::Draw;
use crate::{Claim, Def, Ground, Law, Module, Question, Scene, Scope, Side};
use diag::Severity;

pub(super) const PROPERTY: Own = Own {
    law: Law {
        id: "definition-ignores-property",
        scope: Scope::Option,
        severity: Severity::Error,
        title: "properties around a definition mean what they say, whatever the type of the option",
        why: "`lib.mkForce` beats what has no property, that beats `lib.mkDefault`, and that beats the default of the option; \
              `lib.mkIf false` takes a definition away, and `lib.mkMerge` is the same as several modules. The module system \
              sees to that before a type is asked. If it is not so, the library that the host is made of is not what it \
              should be.",
        fix: "Look for an overlay or an `extend` that changes `lib.modules` or the type.",
        draw,
        question,
    },
    about: |_| true,
    says: |about| Said {
        message: format!(
            "a property around a definition of `{}` does not mean what it says",
            about.option
        ),
        words: false,
        hint: "look for what changes `lib.modules` or the type",
    },
};

fn draw(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    let known = ground.option()?;
    let good = &known.values.good;
    if good.is_empty() {
        return None;
    }
    let mut definitions = Vec::new();
    for _ in 0..draw.between(1, 3) {
        let value = draw.pick(good).clone();
        definitions.push(match draw.below(7) {
            0 => value,
            1 => value.weighed(Def::FORCE),
            2 => value.weighed(Def::DEFAULT),
            3 => value.when(true),
            4 => value.when(false),
            5 => Def::Merge(vec![value, draw.pick(good).clone()]),
            _ => value.weighed(Def::FORCE).when(true),
        });
    }
    let mut scene = scene(known, definitions, Vec::new());
    if known.default {
        scene.modules[0].options[0].default = Some(Def::Nix(DEFAULT.into()));
    }
    Some(scene)
}

fn question(scene: &Scene, ground: &Ground) -> Option<Question> {
    let known = ground.option()?;
    let (_, defines) = parts(scene)?;
    let definitions: Vec<(&str, &Def)> = defines
        .iter()
        .filter_map(|module| Some((module.file.as_str(), said(known, module)?)))
        .collect();
    let won = resolved(&definitions);
    if won.is_empty() {
        return None;
    }
    let mut meant = vec![declaration(known)];
    meant.extend(
        won.into_iter()
            .map(|(file, definition)| Module::defines(file, &known.path, definition)),
    );
    let sides = vec![
        Side {
            name: "written",
            expr: value(known, &scene.modules),
        },
        Side {
            name: "meant",
            expr: value(known, &meant),
        },
    ];
    Some(Question {
        sides,
        claims: vec![Claim::SameUpToOrder(0, 1)],
    })
}

/// Returns the definitions that win, without the properties around them, each with its file.
fn resolved<'d>(definitions: &[(&'d str, &'d Def)]) -> Vec<(&'d str, Def)> {
    fn flat<'d>(definition: &'d Def, priority: i64, out: &mut Vec<(i64, &'d Def)>) {
        match definition {
            Def::If(false, _) => {}
            Def::If(true, inner) => flat(inner, priority, out),
            Def::Override(priority, inner) => flat(inner, *priority, out),
            Def::Merge(parts) => parts.iter().for_each(|part| flat(part, priority, out)),
            other => out.push((priority, other)),
        }
    }
    let mut all = Vec::new();
    for (file, definition) in definitions {
        let mut parts = Vec::new();
        flat(definition, Def::PLAIN, &mut parts);
        // The module system goes through its modules from the last one to the first, but through the parts of one
        // definition in their order.
        let parts = parts.into_iter().rev();
        all.extend(parts.map(|(priority, part)| (*file, priority, part)));
    }
    let strongest = all.iter().map(|(_, priority, _)| *priority).min();
    let won = all.into_iter().filter(|(_, priority, _)| Some(*priority) == strongest);
    won.map(|(file, _, definition)| (file, definition.clone())).collect()
}
