//! Crashes: errors that nobody worded, in what the user wrote.

use super::{Own, Said, check, parts, said, scene, value, with_apply};
use crate::own::sample;
use crate::random::Draw;
use crate::{Claim, Def, Ground, Law, Question, Scene, Scope, Side, Ty};
use diag::Severity;

/// The laws of this file.
pub(super) const ALL: [Own; 3] = [MERGE, CHECK, APPLY];

const MERGE: Own = Own {
    law: Law {
        id: "value-crashes-merge",
        scope: Scope::Option,
        severity: Severity::Warning,
        title: "a value that a type accepts can be merged",
        why: "A type says in its `check` which values it takes. If merging one of them, or computing what follows from it \
              inside a submodule, fails with an error that nobody worded, whoever wrote the value sees an error in a file \
              that they have never opened.",
        fix: "Let the type refuse the value, or handle it where the error is.",
        draw: |draw, ground| {
            let known = ground.option()?;
            let (good, doubtful) = (usable(&known.values.good), usable(&known.values.doubtful));
            if good.is_empty() && doubtful.is_empty() {
                return None;
            }
            // Few are doubtful, and of these something is known already.
            let one = |draw: &mut Draw<'_>| match good.is_empty() || !doubtful.is_empty() && draw.once_in(2) {
                true => (*draw.pick(&doubtful)).clone(),
                false => (*draw.pick(&good)).clone(),
            };
            let count = draw.between(1, 2);
            let definitions: Vec<Def> = (0..count).map(|_| one(draw)).collect();
            Some(scene(known, definitions, Vec::new()))
        },
        question: |scene, ground| {
            let known = ground.option()?;
            let (_, defines) = parts(scene)?;
            // A value that was made smaller may be one that the type refuses: then it says so, which is no crash.
            let mut sides = vec![Side {
                name: "value",
                expr: value(known, &scene.modules),
            }];
            let mut claims = Vec::new();
            for (module, name) in defines.iter().zip(["accepted", "acceptedToo"]) {
                claims.push(Claim::Yes(sides.len()));
                sides.push(Side {
                    name,
                    expr: check(said(known, module)?),
                });
            }
            claims.push(Claim::NoCrash(0, known.texts.clone(), names(scene)));
            Some(Question { sides, claims })
        },
    },
    about: |_| true,
    says: |about| Said {
        message: format!(
            "a value that the type of `{}` accepts crashes when it is merged",
            about.option
        ),
        words: false,
        hint: "let the type refuse the value, or take it here",
    },
};

const CHECK: Own = Own {
    law: Law {
        id: "type-check-crashes",
        scope: Scope::Option,
        severity: Severity::Warning,
        title: "a type says yes or no to every value",
        why: "The `check` of a type is asked about whatever somebody wrote, so that a wrong value is refused with the name of \
              the option and of the file. A check that expects a string, and fails when it is given a set, tells neither.",
        fix: "Ask what kind of value it is first, as in `value: lib.isString value && …`; `lib.types.addCheck` asks the type \
              that it is given before it asks the function.",
        draw: |draw, ground| {
            let known = ground.option()?;
            let values = &known.values;
            let all: Vec<&Def> = values.bad.iter().chain(&values.doubtful).chain(&values.good).collect();
            (!all.is_empty()).then(|| scene(known, [(*draw.pick(&all)).clone()], Vec::new()))
        },
        question: |scene, ground| {
            let known = ground.option()?;
            let (_, [module]) = parts(scene)? else { return None };
            let sides = vec![Side {
                name: "checked",
                expr: check(said(known, module)?),
            }];
            Some(Question {
                sides,
                claims: vec![Claim::NoCrash(0, known.texts.clone(), names(scene))],
            })
        },
    },
    about: |known| known.shape.check.is_some() || !matches!(known.shape.ty, Ty::Simple(_)),
    says: |about| Said {
        message: format!(
            "the check of the type `{}` crashes on a value instead of refusing it",
            about.known.shape.name
        ),
        words: false,
        hint: "ask for the kind of value first, as `lib.isString value && …` does",
    },
};

const APPLY: Own = Own {
    law: Law {
        id: "apply-crashes",
        scope: Scope::Option,
        severity: Severity::Warning,
        title: "the `apply` of an option takes every value that its type gives",
        why: "`apply` is done with the merged value before anybody reads it. If it fails on a value that the type takes, the \
              error stands in the file with the option and not where the value was written.",
        fix: "Let the type refuse the value, or let `apply` take it.",
        draw: |draw: &mut Draw<'_>, ground: &Ground| {
            let known = ground.option()?;
            let good = &known.values.good;
            if good.is_empty() {
                return None;
            }
            let count = if draw.once_in(4) { 2 } else { 1 };
            let definitions: Vec<Def> = (0..count).map(|_| draw.pick(good).clone()).collect();
            Some(scene(known, definitions, Vec::new()))
        },
        question: |scene: &Scene, ground: &Ground| {
            let known = ground.option()?;
            let (_, defines) = parts(scene)?;
            let modules = with_apply(known, defines);
            let sides = vec![
                Side {
                    name: "merged",
                    expr: value(known, &scene.modules),
                },
                Side {
                    name: "applied",
                    expr: value(known, &modules),
                },
            ];
            let claims = vec![Claim::HasValue(0), Claim::NoCrash(1, known.texts.clone(), names(scene))];
            Some(Question { sides, claims })
        },
    },
    about: |known| known.apply,
    says: |about| Said {
        message: format!(
            "the `apply` of `{}` crashes on a value that its type accepts",
            about.option
        ),
        words: false,
        hint: "let the type refuse the value, or `apply` take it",
    },
};

/// Returns the values without those in which a function is ours.
fn usable(values: &[Def]) -> Vec<&Def> {
    values.iter().filter(|value| !sample::has_function(value)).collect()
}

/// Returns the names and texts in the definitions of a scene. A submodule that looks for its own name in the
/// configuration of the host does not find it there: in a case it stands alone.
fn names(scene: &Scene) -> Vec<String> {
    fn of(definition: &Def, found: &mut Vec<String>) {
        match definition {
            Def::Str(text) => found.push(text.clone()),
            Def::List(elements) => elements.iter().for_each(|element| of(element, found)),
            Def::Attrs(entries) => {
                for (name, value) in entries {
                    found.push(name.clone());
                    of(value, found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    for module in &scene.modules {
        if let Some(config) = &module.config {
            of(config, &mut found);
        }
    }
    found
}
