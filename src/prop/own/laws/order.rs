//! The order of modules.

use super::{Own, Said, forced, parts, said, scene, value};
use crate::random::Draw;
use crate::{Claim, Def, Ground, Law, Module, Question, Scene, Scope, Side};
use diag::Severity;

pub(super) const ORDER: Own = Own {
    law: Law {
        id: "merge-order-dependent",
        scope: Scope::Option,
        severity: Severity::Error,
        title: "a value does not depend on the order in which modules are imported",
        why: "Modules are imported in whatever order files happen to name them. A merge function that takes the first or the \
              last of several definitions gives another value as soon as somebody sorts a list of imports, and nobody is \
              told that two files disagree. Only the order of elements in lists, and of text that is put together, may \
              follow the order of modules.",
        fix: "Refuse definitions that differ with `lib.mergeEqualOption`, or give the parts of the value types of their own.",
        draw,
        question,
    },
    about: |known| known.shape.merge.is_some() && known.shape.orderly,
    says: |about| Said {
        message: format!(
            "the value of the type `{}` depends on the order in which modules are imported",
            about.merging
        ),
        words: false,
        hint: "refuse definitions that differ: `lib.mergeEqualOption`",
    },
};

fn draw(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    let known = ground.option()?;
    let good = &known.values.good;
    if good.len() < 2 {
        return None;
    }
    let count = draw.between(2, 3);
    let definitions: Vec<Def> = (0..count).map(|_| draw.pick(good).clone()).collect();
    let turn = u32::try_from(draw.below(count)).unwrap_or_default();
    Some(scene(known, definitions, vec![turn]))
}

fn question(scene: &Scene, ground: &Ground) -> Option<Question> {
    let known = ground.option()?;
    let (declares, defines) = parts(scene)?;
    if defines.len() < 2 {
        return None;
    }
    let mut turned: Vec<Module> = defines.iter().rev().cloned().collect();
    let turn = scene.choices.first().map_or(0, |turn| *turn as usize);
    turned.rotate_left(turn % defines.len());
    turned.insert(0, declares.clone());
    let mut sides = vec![
        Side {
            name: "written",
            expr: value(known, &scene.modules),
        },
        Side {
            name: "turned",
            expr: value(known, &turned),
        },
    ];
    let mut claims = Vec::new();
    // A merge that takes no account of properties is told as that: what is to be done is the same.
    let definitions: Vec<&Def> = defines.iter().filter_map(|module| said(known, module)).collect();
    if let Some((written, meant)) = forced(known, declares, &definitions) {
        sides.push(Side {
            name: "forced",
            expr: written,
        });
        sides.push(Side {
            name: "meant",
            expr: meant,
        });
        claims.push(Claim::Given(2, 3));
    }
    claims.push(Claim::SameUpToOrder(0, 1));
    Some(Question { sides, claims })
}
