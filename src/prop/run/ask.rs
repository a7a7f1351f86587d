//! Asking one question: evaluating its sides and judging what came out.

use crate::ground::Seen;
use crate::plain::beginning;
use crate::{Answer, Claim, Expected, Ground, Plain, Question, Refusal};
use diag::Span;
use eval::error::Eval;
use eval::{ErrorKind, Evaluator, Limits, Stopped};
use std::collections::BTreeMap;

/// What one case may use: memory in bytes, and steps of evaluation, of which a usual case takes some hundreds. Steps
/// are counted and not timed, so that the same case stops everywhere or nowhere.
const LIMITS: Limits = Limits {
    memory: Some(512 << 20),
    millis: None,
    calls: Some(5_000_000),
};

/// Bytes of a line that says what came out.
const MOST_LINE: usize = 2_000;

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
    let seen = match ev.trial_with(LIMITS, |ev| look(ev, ground, question)) {
        Ok(seen) => seen,
        Err(Stopped::Panicked(message)) => return Ok(Verdict::Crashed(message)),
        Err(Stopped::Failed(error)) => {
            // What the user or the whole run's limits ended is no matter of this case.
            return ev.check_limits().map(|()| Verdict::Stopped(error.message));
        }
    };
    // A file that several cases import belongs to the library, such as the one that words an error.
    if ground.import_again(ev.imported_in_trial()) || warm {
        // It went well a moment ago; if it does not now, there is a next time.
        let warmed = ev.contained(|ev| look(ev, ground, question));
        if warmed.is_err() {
            ended(ev)?;
        }
    }
    Ok(judge(question, &seen))
}

fn look(ev: &mut Evaluator, ground: &Ground, question: &Question) -> Eval<Vec<Seen>> {
    question.sides.iter().map(|side| ground.look(ev, &side.expr)).collect()
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
    let names: Vec<&str> = question.sides.iter().map(|side| side.name).collect();
    judge_sides(&names, &question.claims, seen)
}

/// Returns whether claims about sides of these names hold.
pub fn judge_sides(names: &[&str], claims: &[Claim], seen: &[Seen]) -> Verdict {
    for claim in claims {
        let broken = match claim {
            Claim::Same(left, right) => same(names, seen, (*left, *right), false),
            Claim::SameUpToOrder(left, right) => same(names, seen, (*left, *right), true),
            Claim::Parts(side, expected) => parts(names, seen, *side, expected),
            Claim::Given(left, right) => match same(names, seen, (*left, *right), true) {
                Some(_) => return Verdict::Holds,
                None => None,
            },
            Claim::HasValue(side) => match &seen[*side] {
                Seen::Whole(Err(_)) => return Verdict::Holds,
                _ => None,
            },
            Claim::Accepted(side) => match &seen[*side] {
                Seen::Whole(answer) if answer.is_ok() => None,
                Seen::Parts(parts) if parts.values().all(Result::is_ok) => None,
                _ => return Verdict::Holds,
            },
            Claim::Yes(side) => match &seen[*side] {
                Seen::Whole(Ok(Plain::Bool(true))) => None,
                _ => return Verdict::Holds,
            },
            Claim::NotRefused(side) => match &seen[*side] {
                Seen::Whole(Err(refusal)) if refusal.is_said() => return Verdict::Holds,
                _ => None,
            },
            Claim::NoCrash(side, texts, own) => crash(names[*side], &seen[*side], texts, own),
            Claim::Names(side, texts, words) => unnamed(names[*side], &seen[*side], texts, words),
            Claim::Whole(side, expected) => {
                let name = names[*side];
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

fn same(names: &[&str], seen: &[Seen], (left, right): (usize, usize), up_to_order: bool) -> Option<Broken> {
    let names = [names[left], names[right]];
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

fn parts(names: &[&str], seen: &[Seen], side: usize, expected: &BTreeMap<String, Expected>) -> Option<Broken> {
    let name = names[side];
    expected.iter().find_map(|(part, expected)| match &seen[side] {
        // What fails as a whole fails in all its parts.
        Seen::Whole(answer) => is(name, part, answer, expected),
        Seen::Parts(parts) => {
            let missing = || {
                Err(Refusal::new(
                    eval::ErrorKind::Eval,
                    format!("attribute '{part}' missing"),
                ))
            };
            is(name, part, parts.get(part).unwrap_or(&missing()), expected)
        }
    })
}

/// Returns the crash of a side, or of one of its parts, if there is one in these texts.
fn crash(name: &str, seen: &Seen, texts: &[Span], own: &[String]) -> Option<Broken> {
    let of = |part: &str, answer: &Answer| {
        let refusal = answer.as_ref().err()?;
        let is_own = |name: &String| refusal.message == format!("attribute '{name}' missing");
        // A file that is not there was made up by the case, and what needs something built is not told here.
        let is_outside = matches!(refusal.kind, ErrorKind::Io | ErrorKind::ImportFromDerivation);
        let crashes = !refusal.is_said() && !is_outside && !own.iter().any(is_own);
        (crashes && refusal.place_in(texts).is_some()).then(|| Broken {
            lines: vec![told(name, part, answer)],
            part: part.into(),
            answers: vec![answer.clone()],
        })
    };
    match seen {
        Seen::Whole(answer) => of("", answer),
        Seen::Parts(parts) => parts.iter().find_map(|(part, answer)| of(part, answer)),
    }
}

/// Returns the first part of a side that is refused in these texts by words that lack one of `wanted`.
fn unnamed(name: &str, seen: &Seen, texts: &[Span], wanted: &[String]) -> Option<Broken> {
    let of = |part: &str, answer: &Answer| {
        let refusal = answer.as_ref().err()?;
        let lacks = |word: &&String| !refusal.message.contains(word.as_str());
        let lacking: Vec<&str> = wanted.iter().filter(lacks).map(String::as_str).collect();
        let is_own = refusal.is_said() && refusal.is_raised_in(texts);
        (is_own && !lacking.is_empty()).then(|| Broken {
            lines: vec![
                told(name, part, answer),
                format!("the message does not name {}", lacking.join(", ")),
            ],
            part: part.into(),
            answers: vec![answer.clone()],
        })
    };
    match seen {
        Seen::Whole(answer) => of("", answer),
        Seen::Parts(parts) => parts.iter().find_map(|(part, answer)| of(part, answer)),
    }
}

fn is(side: &str, part: &str, answer: &Answer, expected: &Expected) -> Option<Broken> {
    let holds = match (expected, answer) {
        (Expected::Value(wanted), Ok(value)) => value == wanted,
        (Expected::UpToOrder(wanted), Ok(value)) => value == wanted || value.without_order() == wanted.without_order(),
        (Expected::Refused(words), Err(refusal)) => {
            refusal.is_said() && words.iter().all(|word| refusal.message.contains(word.as_str()))
        }
        (Expected::Says(message), Err(refusal)) => refusal.is_said() && refusal.message == *message,
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
    let line = match answer {
        Ok(value) => format!("{name} is {value}"),
        Err(refusal) => format!("{name} fails: {}", first_line(&refusal.message)),
    };
    beginning(&line, MOST_LINE)
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::on_stand_in;
    use crate::{Expr, Side};

    /// Asks one claim about expressions of the stand-in's library.
    fn verdict(sides: &'static [&'static str], claim: Claim) -> Verdict {
        on_stand_in(move |ev, ground| {
            let named = sides.iter().zip(["one", "two"]);
            let question = Question {
                sides: named
                    .map(|(text, name)| Side {
                        name,
                        expr: Expr::nix(text),
                    })
                    .collect(),
                claims: vec![claim],
            };
            let before = ev.mem.heap.cell_count();
            let first = ask(ev, ground, &question, false).expect("the run goes on");
            let again = ask(ev, ground, &question, true).expect("the run goes on");
            assert_eq!(first, again, "a trial changed something");
            assert!(ev.mem.heap.cell_count() < before + 100_000);
            first
        })
    }

    fn lines(verdict: &Verdict) -> Vec<&str> {
        match verdict {
            Verdict::Broken(broken) => broken.lines.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn two_sides_are_compared_part_by_part() {
        let table: [(&[&str], Claim, &[&str]); 7] = [
            (&["{ a = 1; }", "{ a = 1; }"], Claim::Same(0, 1), &[]),
            (
                &["{ a = 1; }", "{ a = 2; }"],
                Claim::Same(0, 1),
                &["one.a is 1", "two.a is 2"],
            ),
            (
                &["{ a = [ 1 2 ]; }", "{ a = [ 2 1 ]; }"],
                Claim::SameUpToOrder(0, 1),
                &[],
            ),
            (&["{ a = 1; }", "{ }"], Claim::Same(0, 1), &["only one has `a`"]),
            (
                &["{ a = throw \"x\"; }", "{ a = throw \"y\"; }"],
                Claim::Same(0, 1),
                &[],
            ),
            (
                &["{ a = throw \"x\"; }", "{ a = { }.b; }"],
                Claim::Same(0, 1),
                &["one.a fails: x", "two.a fails: attribute 'b' missing"],
            ),
            (&["1", "{ }"], Claim::Same(0, 1), &["one is 1", "two is { }"]),
        ];
        for (sides, claim, expected) in table {
            assert_eq!(lines(&verdict(Vec::leak(sides.to_vec()), claim)), expected, "{sides:?}");
        }
    }

    #[test]
    fn a_part_must_be_what_is_expected() {
        let table: [(&str, Expected, bool); 10] = [
            (
                "{ a = [ 2 1 ]; }",
                Expected::Value(Plain::List(vec![Plain::Int(1), Plain::Int(2)])),
                false,
            ),
            (
                "{ a = [ 2 1 ]; }",
                Expected::UpToOrder(Plain::List(vec![Plain::Int(1), Plain::Int(2)])),
                true,
            ),
            (
                "{ a = throw \"no, as b\"; }",
                Expected::Refused(vec!["no".into(), "b".into()]),
                true,
            ),
            ("{ a = throw \"no\"; }", Expected::Refused(vec!["yes".into()]), false),
            ("{ a = throw \"no\"; }", Expected::Says("no".into()), true),
            ("{ a = throw \"no\\n\"; }", Expected::Says("no".into()), false),
            ("{ a = 1 + { }; }", Expected::Refused(Vec::new()), false),
            ("{ a = 1 + { }; }", Expected::Sane, false),
            ("{ a = throw \"no\"; }", Expected::Sane, true),
            ("{ }", Expected::Accepted, false),
        ];
        for (side, expected, holds) in table {
            let claim = Claim::Parts(0, BTreeMap::from([("a".to_owned(), expected)]));
            let verdict = verdict(Vec::leak(vec![side]), claim);
            assert_eq!(verdict == Verdict::Holds, holds, "{side}: {verdict:?}");
        }
    }

    #[test]
    fn what_runs_away_is_stopped_and_the_run_goes_on() {
        let endless = "{ a = let n = builtins.genList (x: x) 10000; in builtins.foldl' (a: _: builtins.foldl' (b: _: b + 1) a n) 0 n; }";
        let large = "{ a = let f = list: builtins.seq (builtins.length list) (f (list ++ list)); in f [ 1 ]; }";
        let deep = "{ a = let f = n: 1 + f (n + 1); in f 0; }";
        for (side, why) in [(endless, "steps"), (large, "memory")] {
            match verdict(Vec::leak(vec![side]), Claim::Whole(0, Expected::Accepted)) {
                Verdict::Stopped(message) => assert!(message.contains(why), "{message}"),
                other => panic!("{side}: {other:?}"),
            }
        }
        let verdict = verdict(Vec::leak(vec![deep]), Claim::Whole(0, Expected::Sane));
        assert_eq!(lines(&verdict)[0], "one fails: stack overflow; max-call-depth exceeded");
    }
}
