//! Asking one question: evaluating its sides and judging what came out.

use crate::ground::Seen;
use crate::{Answer, Claim, Expected, Ground, Plain, Question, Refusal};
use eval::error::Eval;
use eval::{ErrorKind, Evaluator, Limits, Stopped};
use std::collections::BTreeMap;

/// What one case may use: memory in bytes, and steps of evaluation, of which a usual case takes some hundreds. Steps
/// are counted and not timed, so that the same case stops everywhere or nowhere.
const LIMITS: Limits = Limits {
    memory: Some(512 << 20),
    millis: None,
    calls: Some(20_000_000),
};

/// What asking gave.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// The law holds.
    Holds,
    /// It does not.
    Broken(Broken),
    /// It could not be told: the case ran out of steps or memory.
    Stopped(String),
    /// It could not be told, and that is a bug of ours: what the panic said.
    Crashed(String),
}

/// How a law is broken.
#[derive(Clone, PartialEq, Debug)]
pub struct Broken {
    /// What came out, side by side.
    pub lines: Vec<String>,
    /// Which attribute of the sides it is about; empty if they differ as a whole.
    pub part: String,
    /// The answers that were compared, as far as there are any.
    pub answers: Vec<Answer>,
}

/// Evaluates a question's sides, and returns whether its claims hold. Nothing of the work stays; with `warm` it is
/// done once more to stay, so that the parts of the library that it needs are evaluated once for all later cases.
///
/// Fails only if the run itself is to end.
pub fn ask(ev: &mut Evaluator, ground: &mut Ground, question: &Question, warm: bool) -> Eval<Verdict> {
    for side in &question.sides {
        if ground.prepare(ev, &side.expr).is_err() {
            let error = ended(ev)?;
            return Ok(Verdict::Broken(Broken {
                lines: vec![format!(
                    "what `{}` needs fails: {}",
                    side.name,
                    first_line(&error.message)
                )],
                part: String::new(),
                answers: vec![Err(error)],
            }));
        }
    }
    let look = |ev: &mut Evaluator| -> Eval<Vec<Seen>> {
        question.sides.iter().map(|side| ground.look(ev, &side.expr)).collect()
    };
    let seen = match ev.trial_with(LIMITS, look) {
        Ok(seen) => seen,
        Err(Stopped::Panicked(message)) => return Ok(Verdict::Crashed(message)),
        Err(Stopped::Failed(error)) => {
            // What the user or the whole run's limits ended is no matter of this case.
            return ev.check_limits().map(|()| Verdict::Stopped(error.message));
        }
    };
    if warm {
        // It went well a moment ago; if it does not now, there is a next time.
        let warmed = ev.contained(look);
        if warmed.is_err() {
            ended(ev)?;
        }
    }
    Ok(judge(question, &seen))
}

/// Takes the error under way, which is no matter of the whole run; else fails.
fn ended(ev: &mut Evaluator) -> Eval<Refusal> {
    match ev.error_kind() {
        ErrorKind::Limit => Err(eval::Fail),
        _ => Ok(Refusal::of(&ev.take_error())),
    }
}

/// Returns whether the claims of a question hold.
pub fn judge(question: &Question, seen: &[Seen]) -> Verdict {
    for claim in &question.claims {
        let broken = match claim {
            Claim::Same(left, right) => same(question, seen, (*left, *right), false),
            Claim::SameUpToOrder(left, right) => same(question, seen, (*left, *right), true),
            Claim::Parts(side, expected) => parts(question, seen, *side, expected),
            Claim::Whole(side, expected) => {
                let name = question.sides[*side].name;
                match &seen[*side] {
                    Seen::Whole(answer) => is(name, "", answer, expected),
                    Seen::Parts(parts) => is(name, "", &gathered(parts), expected),
                }
            }
        };
        if let Some(broken) = broken {
            return Verdict::Broken(broken);
        }
    }
    Verdict::Holds
}

/// Returns the answers of a set's parts as one: the set, or the first refusal.
fn gathered(parts: &BTreeMap<String, Answer>) -> Answer {
    let part = |(name, answer): (&String, &Answer)| answer.clone().map(|value| (name.clone(), value));
    parts.iter().map(part).collect::<Result<_, _>>().map(Plain::Attrs)
}

fn same(question: &Question, seen: &[Seen], (left, right): (usize, usize), up_to_order: bool) -> Option<Broken> {
    let names = [question.sides[left].name, question.sides[right].name];
    let (Seen::Parts(first), Seen::Parts(second)) = (&seen[left], &seen[right]) else {
        let whole = |seen: &Seen| match seen {
            Seen::Whole(answer) => answer.clone(),
            Seen::Parts(parts) => gathered(parts),
        };
        return alike(names, "", [&whole(&seen[left]), &whole(&seen[right])], up_to_order);
    };
    for (name, answer) in first {
        let Some(other) = second.get(name) else {
            return Some(Broken {
                lines: vec![format!("only {} has `{name}`", names[0])],
                part: name.clone(),
                answers: vec![answer.clone()],
            });
        };
        if let Some(broken) = alike(names, name, [answer, other], up_to_order) {
            return Some(broken);
        }
    }
    let added = second.iter().find(|(name, _)| !first.contains_key(*name));
    added.map(|(name, answer)| Broken {
        lines: vec![format!("only {} has `{name}`", names[1])],
        part: name.clone(),
        answers: vec![answer.clone()],
    })
}

fn alike(names: [&str; 2], part: &str, answers: [&Answer; 2], up_to_order: bool) -> Option<Broken> {
    let equal = match answers {
        [Ok(left), Ok(right)] if up_to_order => left == right || left.without_order() == right.without_order(),
        [Ok(left), Ok(right)] => left == right,
        // The words may name files in another order.
        [Err(left), Err(right)] => left.is_said() == right.is_said(),
        _ => false,
    };
    (!equal).then(|| Broken {
        lines: vec![told(names[0], part, answers[0]), told(names[1], part, answers[1])],
        part: part.into(),
        answers: answers.map(Clone::clone).into(),
    })
}

fn parts(question: &Question, seen: &[Seen], side: usize, expected: &BTreeMap<String, Expected>) -> Option<Broken> {
    let name = question.sides[side].name;
    expected.iter().find_map(|(part, expected)| match &seen[side] {
        // What fails as a whole fails in all its parts.
        Seen::Whole(answer) => is(name, part, answer, expected),
        Seen::Parts(parts) => {
            let missing = || {
                Err(Refusal {
                    kind: eval::ErrorKind::Eval,
                    message: format!("attribute '{part}' missing"),
                })
            };
            is(name, part, parts.get(part).unwrap_or(&missing()), expected)
        }
    })
}

fn is(side: &str, part: &str, answer: &Answer, expected: &Expected) -> Option<Broken> {
    let holds = match (expected, answer) {
        (Expected::Value(wanted), Ok(value)) => value == wanted,
        (Expected::UpToOrder(wanted), Ok(value)) => value == wanted || value.without_order() == wanted.without_order(),
        (Expected::Refused(words), Err(refusal)) => {
            refusal.is_said() && words.iter().all(|word| refusal.message.contains(word.as_str()))
        }
        (Expected::Accepted | Expected::Sane, Ok(_)) => true,
        (Expected::Sane, Err(refusal)) => refusal.is_said(),
        _ => false,
    };
    (!holds).then(|| Broken {
        lines: vec![told(side, part, answer), format!("it must be {expected}")],
        part: part.into(),
        answers: vec![answer.clone()],
    })
}

/// Returns what came out on one line.
fn told(side: &str, part: &str, answer: &Answer) -> String {
    let name = if part.is_empty() {
        side.to_owned()
    } else {
        format!("{side}.{}", crate::expr::shown(part))
    };
    match answer {
        Ok(value) => format!("{name} is {value}"),
        Err(refusal) => format!("{name} fails: {}", first_line(&refusal.message)),
    }
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}
