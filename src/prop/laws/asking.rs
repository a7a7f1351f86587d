//! How laws about the library ask: the shapes that their documentation and their questions have in common.

use crate::random::Draw;
use crate::{Claim, Expected, Expr, Ground, Law, Question, Scene, Scope, Side};
use diag::Severity;

/// What to do about any finding on the library.
const FIX: &str = "Find out which of its changes to the module system breaks this, and undo it; or, if it is a nixpkgs \
                   of your own on purpose, do not run the laws about `lib` on it.";

/// How a law draws its scenes.
pub(super) type Drawing = fn(&mut Draw<'_>, &Ground) -> Option<Scene>;

/// What a law asks of a scene.
pub(super) type Asking = fn(&Scene, &Ground) -> Option<Question>;

/// Returns a law about the library.
pub(super) const fn law(
    id: &'static str,
    title: &'static str,
    why: &'static str,
    draw: Drawing,
    question: Asking,
) -> Law {
    Law {
        id,
        scope: Scope::Lib,
        severity: Severity::Error,
        title,
        why,
        fix: FIX,
        draw,
        question,
    }
}

/// Returns the question whether two expressions give the same.
pub(super) fn same(left: (&'static str, Expr), right: (&'static str, Expr)) -> Option<Question> {
    Some(Question {
        sides: sides([left, right]),
        claims: vec![Claim::Same(0, 1)],
    })
}

/// Returns the question whether two expressions give the same but for the order of lists.
pub(super) fn same_up_to_order(left: (&'static str, Expr), right: (&'static str, Expr)) -> Option<Question> {
    Some(Question {
        sides: sides([left, right]),
        claims: vec![Claim::SameUpToOrder(0, 1)],
    })
}

/// Returns the question whether an expression gives a set with these in it.
pub(super) fn gives<N: Into<String>>(
    name: &'static str,
    expr: Expr,
    expected: impl IntoIterator<Item = (N, Expected)>,
) -> Option<Question> {
    let expected = expected.into_iter().map(|(part, expected)| (part.into(), expected));
    Some(Question {
        sides: sides([(name, expr)]),
        claims: vec![Claim::Parts(0, expected.collect())],
    })
}

fn sides<const N: usize>(sides: [(&'static str, Expr); N]) -> Vec<Side> {
    sides.map(|(name, expr)| Side { name, expr }).into()
}

/// Returns a refusal with all of these in its message.
pub(super) fn refused<const N: usize>(words: [&str; N]) -> Expected {
    Expected::Refused(words.map(Into::into).into())
}
