//! What is refused, and in which words: wrong values, values that a merge function or an `apply` cannot use, and
//! definitions that exclude each other.
//!
//! The library words a refusal with the option and the files. That can get lost only where the user's own function
//! merges definitions or is the option's `apply`, and only what is thrown there itself is looked at. A function of a
//! `coercedTo` is not: nobody tells it for which option it works.

use super::{Own, Said, check, parts, said, scene, side, value, with_apply};
use crate::own::known::Known;
use crate::own::sample;
use crate::random::Draw;
use crate::{Claim, Def, Expected, Expr, Ground, Law, Module, Plain, Question, Scene, Scope};
use diag::{Severity, Span};
use std::sync::Arc;

pub(super) const CONFLICT: Own = Own {
    law: Law {
        id: "conflict-unnamed",
        scope: Scope::Option,
        severity: Severity::Warning,
        title: "definitions that exclude each other are refused in words that name the option and the files",
        why: "Two files that disagree are found by their names. A merge function of one's own that throws its own words, \
              without them, leaves whoever reads the message to search all modules for the two.",
        fix: "Let `lib.mergeEqualOption loc defs` refuse them, or say `${lib.showOption loc}` and \
              `${lib.showFiles (lib.getFiles defs)}` in the message.",
        draw: |draw, ground| {
            let known = ground.option()?;
            let good = &known.values.good;
            if good.len() < 2 {
                return None;
            }
            let first = draw.pick(good).clone();
            let second = draw.pick(good).clone();
            (first != second).then(|| scene(known, [first, second], Vec::new()))
        },
        question: |scene, ground| {
            let known = ground.option()?;
            let (declares, [first, second]) = parts(scene)? else {
                return None;
            };
            let alone = |module: &Module| value(known, &[declares.clone(), module.clone()]);
            let words = vec![name(known)?, first.file.clone(), second.file.clone()];
            Some(Question {
                sides: vec![
                    side("first", alone(first)),
                    side("second", alone(second)),
                    side("both", value(known, &scene.modules)),
                ],
                claims: vec![
                    Claim::Accepted(0),
                    Claim::Accepted(1),
                    Claim::Names(2, of_merge(known)?, words),
                ],
            })
        },
    },
    about: |known| known.shape.merge.is_some(),
    says: |about| Said {
        message: format!(
            "the type `{}` refuses two definitions without naming the option and the files",
            about.merging
        ),
        words: true,
        hint: "say `${lib.showOption loc}` and `${lib.showFiles (lib.getFiles defs)}` in the message",
    },
};

pub(super) const REFUSAL: Own = Own {
    law: Law {
        id: "refusal-unnamed",
        scope: Scope::Option,
        severity: Severity::Warning,
        title: "where the merge function of a type or an `apply` refuses a value, the message names the option",
        why: "A value that the type's `check` refuses is told with the option and the file. One that the check takes, and \
              that is refused later, is told in the words that somebody wrote there: without the option's name its reader \
              does not know what to change.",
        fix: "Let the type's `check` refuse the value, as `lib.types.addCheck` does, or name the option in the message: a \
              merge function is given its path as `loc`, and the author of an `apply` knows it.",
        draw: |draw, ground| {
            let known = ground.option()?;
            let mut all: Vec<&Def> = Vec::new();
            if known.shape.merge.is_some() {
                all.extend(&known.values.doubtful);
            }
            if known.apply_at.is_some() {
                all.extend(&known.values.good);
            }
            (!all.is_empty()).then(|| scene(known, [(*draw.pick(&all)).clone()], Vec::new()))
        },
        question: |scene, ground| {
            let known = ground.option()?;
            let (_, defines @ [module]) = parts(scene)? else {
                return None;
            };
            let words = vec![name(known)?];
            let mut sides = vec![
                side("accepted", check(said(known, module)?)),
                side("merged", value(known, &scene.modules)),
            ];
            let mut claims = vec![Claim::Yes(0)];
            claims.extend(of_merge(known).map(|texts| Claim::Names(1, texts, words.clone())));
            if let Some(span) = known.apply_at {
                sides.push(side("applied", value(known, &with_apply(known, defines))));
                claims.extend([Claim::Accepted(1), Claim::Names(2, Arc::new([span]), words)]);
            }
            Some(Question { sides, claims })
        },
    },
    about: |known| known.shape.merge.is_some() || known.apply_at.is_some(),
    says: |about| Said {
        message: match (about.refusal, about.known.apply_at) {
            (Some(refusal), Some(span)) if refusal.is_raised_in(&[span]) => {
                format!(
                    "the `apply` of `{}` refuses a value without naming the option",
                    about.option
                )
            }
            _ => format!("the type `{}` refuses a value without naming the option", about.merging),
        },
        words: true,
        hint: "let the `check` of the type refuse the value, or name the option in the message",
    },
};

pub(super) const WRONG: Own = Own {
    law: Law {
        id: "wrong-value-accepted",
        scope: Scope::Option,
        severity: Severity::Error,
        title: "a value that the check of a type refuses is refused, and the message names the option",
        why: "Values of the wrong type are to be told where they are written. A merge function of the newer kind, \
              `merge.v2`, is asked without the `check` of its type: if it does not ask it itself, a wrong value goes \
              through, and fails somewhere else or not at all.",
        fix: "Return a `headError` from `merge.v2` for what the check refuses, or write `merge` as a function of `loc` and \
              `defs`, before which the library asks the check.",
        draw: |draw, ground| {
            let known = ground.option()?;
            let bad = &known.values.bad;
            (!bad.is_empty()).then(|| scene(known, [draw.pick(bad).clone()], Vec::new()))
        },
        question: |scene, ground| {
            let known = ground.option()?;
            let (_, [module]) = parts(scene)? else { return None };
            let definition = said(known, module)?;
            Some(Question {
                sides: vec![
                    side("wrong", Expr::call("accepted: !accepted", [check(definition)])),
                    side("value", value(known, &scene.modules)),
                ],
                claims: vec![Claim::Yes(0), Claim::Whole(1, Expected::Refused(vec![name(known)?]))],
            })
        },
    },
    about: |known| known.shape.merge.is_some(),
    says: |about| Said {
        message: format!(
            "the type `{}` does not refuse a value that its check refuses",
            about.known.shape.name
        ),
        words: false,
        hint: "return a `headError` from `merge.v2` for what the check refuses",
    },
};

pub(super) const ELEMENT: Own = Own {
    law: Law {
        id: "merge-ignores-element-type",
        scope: Scope::Option,
        severity: Severity::Error,
        title: "an element that the inner type of a list or set refuses is refused",
        why: "The library asks the check of the outer type only, which mostly says that it is a list or a set. The merge \
              function must have the inner type merge each element. One that joins the lists or sets by itself lets \
              elements of any type through.",
        fix: "Merge the elements with the inner type: call the `merge` of `lib.types.listOf elemType` or \
              `lib.types.attrsOf elemType`, and change what comes out.",
        draw: draw_element,
        question: |scene, ground| {
            let known = ground.option()?;
            let (_, [module]) = parts(scene)? else { return None };
            let definition = said(known, module)?;
            let value = value(known, &scene.modules);
            Some(Question {
                sides: vec![
                    side("wrong", Expr::call(HAS_WRONG, [definition.expr()])),
                    side("through", Expr::call(GOES_THROUGH, [definition.expr(), value.clone()])),
                    side("value", value),
                ],
                claims: vec![
                    Claim::Yes(0),
                    Claim::HasValue(1),
                    Claim::Whole(1, Expected::Value(Plain::Bool(false))),
                ],
            })
        },
    },
    about: |known| known.shape.elements,
    says: |about| Said {
        message: format!(
            "the type `{}` takes elements that its inner type refuses",
            about.merging
        ),
        words: false,
        hint: "have the inner type merge the elements, as the `merge` of `lib.types.listOf` or `attrsOf` does",
    },
};

/// Whether a definition has elements that the inner type refuses, and is not itself an element.
const HAS_WRONG: &str = "definition: let type = option.type.nestedTypes.elemType; elements = if builtins.isList definition then definition else builtins.attrValues definition; in builtins.any (element: !(type.check element)) elements && !(type.check definition)";
/// Whether such an element stands in the value as it is: a merge function that makes another thing of it may do so.
const GOES_THROUGH: &str = "definition: value: let type = option.type.nestedTypes.elemType; elements = of: if builtins.isList of then of else if builtins.isAttrs of then builtins.attrValues of else [ ]; in builtins.any (element: !(type.check element) && builtins.elem element (elements value)) (elements definition)";

/// Draws a list or a set like one that the type takes, with an element of any kind in it.
fn draw_element(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    let known = ground.option()?;
    let is_container = |value: &&Def| matches!(value, Def::List(_) | Def::Attrs(_));
    let containers: Vec<&Def> = known.values.good.iter().filter(is_container).collect();
    if containers.is_empty() {
        return None;
    }
    let element = draw.pick(&sample::usual()).clone();
    let definition = match *draw.pick(&containers) {
        Def::List(elements) => {
            let mut elements = elements.clone();
            elements.push(element);
            Def::List(elements)
        }
        Def::Attrs(entries) => {
            let mut entries = entries.clone();
            entries.retain(|(name, _)| name != "a");
            entries.push(("a".into(), element));
            Def::Attrs(entries)
        }
        _ => return None,
    };
    Some(scene(known, [definition], Vec::new()))
}

/// Returns the last name of the option: the least that a message must say.
fn name(known: &Known) -> Option<String> {
    known.path.last().cloned()
}

/// Returns the text of the user's own merge function.
fn of_merge(known: &Known) -> Option<Arc<[Span]>> {
    let function = known.shape.merge.as_ref()?;
    Some(Arc::new([function.span]))
}
