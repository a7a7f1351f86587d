//! Claims as Nix, and read back.

use crate::{Claim, Expected, Expr, Plain, Question};
use diag::{Pos, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns the claims of a question as Nix; `None` if a value of theirs cannot be written, as it was cut.
pub(super) fn written(question: &Question) -> Option<Expr> {
    let name = |side: usize| Expr::str(question.sides[side].name);
    let both = |word: &str, left: usize, right: usize| Expr::attrs([(word, Expr::List(vec![name(left), name(right)]))]);
    let claims = question.claims.iter().map(|claim| {
        Some(match claim {
            Claim::Same(left, right) => both(SAME, *left, *right),
            Claim::SameUpToOrder(left, right) => both(SAME_UP_TO_ORDER, *left, *right),
            Claim::Given(left, right) => both(GIVEN, *left, *right),
            Claim::HasValue(side) => Expr::attrs([(HAS_VALUE, name(*side))]),
            Claim::Accepted(side) => Expr::attrs([(ACCEPTED, name(*side))]),
            Claim::Yes(side) => Expr::attrs([(YES, name(*side))]),
            Claim::NotRefused(side) => Expr::attrs([(NOT_REFUSED, name(*side))]),
            // A file knows no places of other files: no crash is good, wherever it is.
            Claim::NoCrash(side, ..) => Expr::attrs([(SIDE, name(*side)), (WHOLE, Expr::str(SANE))]),
            // Wherever the words are written: who saves the case wants them to have these.
            Claim::Names(side, _, words) => {
                let words = words.iter().map(Expr::str).collect();
                Expr::attrs([(SIDE, name(*side)), (NAMES, Expr::List(words))])
            }
            Claim::Whole(side, wanted) => Expr::attrs([(SIDE, name(*side)), (WHOLE, expected(wanted)?)]),
            Claim::Parts(side, parts) => {
                let parts = parts
                    .iter()
                    .map(|(name, wanted)| Some((name.clone(), expected(wanted)?)));
                let parts = Expr::Attrs(parts.collect::<Option<_>>()?);
                Expr::attrs([(SIDE, name(*side)), (PARTS, parts)])
            }
        })
    });
    claims.collect::<Option<_>>().map(Expr::List)
}

const SAME: &str = "same";
const SAME_UP_TO_ORDER: &str = "sameUpToOrder";
const GIVEN: &str = "given";
const HAS_VALUE: &str = "hasValue";
const YES: &str = "yes";
const NOT_REFUSED: &str = "notRefused";
const SIDE: &str = "side";
const NAMES: &str = "names";
const WHOLE: &str = "whole";
const PARTS: &str = "parts";
const VALUE: &str = "value";
const UP_TO_ORDER: &str = "upToOrder";
const REFUSED: &str = "refused";
const SAYS: &str = "says";
const ACCEPTED: &str = "accepted";
const SANE: &str = "sane";

fn expected(wanted: &Expected) -> Option<Expr> {
    Some(match wanted {
        Expected::Value(value) => Expr::attrs([(VALUE, plain(value)?)]),
        Expected::UpToOrder(value) => Expr::attrs([(UP_TO_ORDER, plain(value)?)]),
        Expected::Refused(words) => Expr::attrs([(REFUSED, Expr::List(words.iter().map(Expr::str).collect()))]),
        Expected::Says(message) => Expr::attrs([(SAYS, Expr::str(message))]),
        Expected::Accepted => Expr::str(ACCEPTED),
        Expected::Sane => Expr::str(SANE),
    })
}

/// Returns an expression whose value, read again, is this one.
fn plain(value: &Plain) -> Option<Expr> {
    Some(match value {
        Plain::Null => Expr::Null,
        Plain::Bool(value) => Expr::Bool(*value),
        Plain::Int(value) => Expr::Int(*value),
        Plain::Float(value) => Expr::Float(*value),
        Plain::Str(text) => Expr::str(text),
        Plain::Path(text) => Expr::Path(text.clone()),
        Plain::List(elements) => Expr::List(elements.iter().map(plain).collect::<Option<_>>()?),
        Plain::Attrs(entries) => {
            let entries = entries.iter().map(|(name, value)| Some((name.clone(), plain(value)?)));
            Expr::Attrs(entries.collect::<Option<_>>()?)
        }
        // All functions are alike.
        Plain::Function => Expr::nix("x: x"),
        Plain::Derivation(path) => Expr::attrs([("type", Expr::str("derivation")), ("outPath", Expr::str(path))]),
        Plain::Cut => return None,
    })
}

/// Returns the claims that a value says, about sides of these names; an error says which claim is none.
pub(super) fn read(value: &Plain, sides: &[String]) -> Result<Vec<Claim>, String> {
    let Plain::List(claims) = value else {
        return Err(format!("`claims` must be a list, and is {value}"));
    };
    if claims.is_empty() {
        return Err("`claims` is empty: nothing is claimed of the sides".into());
    }
    claims.iter().map(|claim| one(claim, sides)).collect()
}

fn one(claim: &Plain, sides: &[String]) -> Result<Claim, String> {
    let wrong = || format!("this is no claim: {claim}");
    let side = |name: &Plain| {
        let found = match name {
            Plain::Str(name) => sides.iter().position(|side| side == name),
            _ => None,
        };
        found.ok_or_else(|| format!("there is no side {name}; there are {}", sides.join(", ")))
    };
    let Plain::Attrs(entries) = claim else {
        return Err(wrong());
    };
    let entries: Vec<(&str, &Plain)> = entries.iter().map(|(name, value)| (name.as_str(), value)).collect();
    Ok(match entries.as_slice() {
        [(word @ (SAME | SAME_UP_TO_ORDER | GIVEN), Plain::List(names))] => {
            let [left, right] = names.as_slice() else {
                return Err(wrong());
            };
            let (left, right) = (side(left)?, side(right)?);
            match *word {
                SAME => Claim::Same(left, right),
                GIVEN => Claim::Given(left, right),
                _ => Claim::SameUpToOrder(left, right),
            }
        }
        [(HAS_VALUE, name)] => Claim::HasValue(side(name)?),
        [(ACCEPTED, name)] => Claim::Accepted(side(name)?),
        [(YES, name)] => Claim::Yes(side(name)?),
        [(NOT_REFUSED, name)] => Claim::NotRefused(side(name)?),
        [(NAMES, Plain::List(words)), (SIDE, name)] => {
            Claim::Names(side(name)?, anywhere(), texts(words).ok_or_else(wrong)?)
        }
        [(SIDE, name), (WHOLE, wanted)] => Claim::Whole(side(name)?, read_expected(wanted)?),
        [(PARTS, Plain::Attrs(parts)), (SIDE, name)] => {
            let parts = parts
                .iter()
                .map(|(name, wanted)| Ok((name.clone(), read_expected(wanted)?)));
            Claim::Parts(side(name)?, parts.collect::<Result<BTreeMap<_, _>, String>>()?)
        }
        _ => return Err(wrong()),
    })
}

/// Returns elements that are all strings.
fn texts(elements: &[Plain]) -> Option<Vec<String>> {
    let text = |element: &Plain| match element {
        Plain::Str(text) => Some(text.clone()),
        _ => None,
    };
    elements.iter().map(text).collect()
}

/// Returns the span of all texts.
fn anywhere() -> Arc<[Span]> {
    Arc::new([Span::new(Pos(1), Pos(u32::MAX))])
}

fn read_expected(wanted: &Plain) -> Result<Expected, String> {
    let wrong = || format!("this cannot be expected: {wanted}");
    let entries = match wanted {
        Plain::Str(word) if word == ACCEPTED => return Ok(Expected::Accepted),
        Plain::Str(word) if word == SANE => return Ok(Expected::Sane),
        Plain::Attrs(entries) if entries.len() == 1 => entries,
        _ => return Err(wrong()),
    };
    for (word, value) in entries {
        match (word.as_str(), value) {
            (VALUE, value) => return Ok(Expected::Value(value.clone())),
            (UP_TO_ORDER, value) => return Ok(Expected::UpToOrder(value.clone())),
            (SAYS, Plain::Str(message)) => return Ok(Expected::Says(message.clone())),
            (REFUSED, Plain::List(words)) => return texts(words).map(Expected::Refused).ok_or_else(wrong),
            _ => {}
        }
    }
    Err(wrong())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::fixture::on_stand_in;

    /// Returns what becomes of claims that are written, evaluated and read.
    fn again(claims: Vec<Claim>) -> Result<Vec<Claim>, String> {
        let side = |name| Side { name, expr: Expr::Null };
        let question = Question {
            sides: vec![side("a"), side("b")],
            claims,
        };
        let nix = written(&question).expect("nothing is cut").print(0);
        on_stand_in(move |ev, _| {
            let value = ev
                .eval_text(diag::Origin::String, nix.as_bytes(), b"/")
                .expect("claims evaluate");
            let cell = ev.cell(value);
            let value = Plain::read(ev, cell).expect("they are data");
            read(&value, &["a".into(), "b".into()])
        })
    }

    #[test]
    fn claims_are_read_as_they_were_written() {
        let hostile = Plain::attrs([
            ("a b", Plain::str("x${y}\n\"'' \u{1b}")),
            ("function", Plain::Function),
            ("least", Plain::Int(i64::MIN)),
            (
                "list",
                Plain::List(vec![Plain::Null, Plain::Float(-1e22), Plain::Path("/a b".into())]),
            ),
        ]);
        let parts = [
            ("x".to_owned(), Expected::Value(hostile.clone())),
            (
                "y".to_owned(),
                Expected::UpToOrder(Plain::Derivation("/nix/store/x".into())),
            ),
            ("z".to_owned(), Expected::Refused(vec!["option `z'".into()])),
        ];
        let claims = vec![
            Claim::Given(0, 1),
            Claim::HasValue(0),
            Claim::Accepted(1),
            Claim::Yes(0),
            Claim::NotRefused(1),
            Claim::Names(1, anywhere(), vec!["option `x'".into(), "a.nix".into()]),
            Claim::Same(0, 1),
            Claim::SameUpToOrder(1, 0),
            Claim::Whole(1, Expected::Sane),
            Claim::Whole(0, Expected::Accepted),
            Claim::Whole(0, Expected::Says("no, \"a\"".into())),
            Claim::Parts(0, parts.into_iter().collect()),
        ];
        assert_eq!(format!("{:?}", again(claims.clone()).unwrap()), format!("{claims:?}"));
    }

    #[test]
    fn what_is_no_claim_is_told() {
        let check = |claims: Plain, message: &str| {
            assert_eq!(read(&claims, &["a".into()]).unwrap_err(), message);
        };
        let list = |claim: Plain| Plain::List(vec![claim]);
        check(Plain::Null, "`claims` must be a list, and is null");
        check(
            Plain::List(vec![]),
            "`claims` is empty: nothing is claimed of the sides",
        );
        check(list(Plain::Int(1)), "this is no claim: 1");
        check(
            list(Plain::attrs([(
                "same",
                Plain::List(vec![Plain::str("a"), Plain::str("c")]),
            )])),
            "there is no side \"c\"; there are a",
        );
        check(
            list(Plain::attrs([("side", Plain::str("a")), ("whole", Plain::str("good"))])),
            "this cannot be expected: \"good\"",
        );
    }
}
