//! Laws that are tables: expressions of the library, asked with random data, beside what they must give.

use super::known::Since;
use crate::model::Edition;
use crate::random::{Draw, scenes};
use crate::{Claim, Expr, Ground, Question, Scene, Side};

/// One row of a table. Each text is Nix for a function from a set of data (`a`, `b`, `c`: words, all different; `m`,
/// `n`: integers, `m` the smaller one) to a set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// In which libraries it holds.
    pub since: Since,
    /// What is asked.
    pub asked: &'static str,
    /// What it must be: a value for each of some names, and for each other name nothing is said.
    pub is: &'static str,
}

/// One row of a table of what is refused; texts as in [`Row`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    /// In which libraries it is.
    pub since: Since,
    /// What is asked, and refused.
    pub asked: &'static str,
    /// The words that are in the message of each: a list for each name.
    pub words: &'static str,
}

/// Words of the data.
const WORDS: [&str; 9] = ["ash", "beech", "cedar", "elm", "fir", "hazel", "oak", "pine", "yew"];

/// Draws the choices of a case: which row, and its data.
pub(super) fn drawn(draw: &mut Draw<'_>, _: &Ground) -> Option<Scene> {
    Some(Scene {
        modules: Vec::new(),
        choices: scenes::choices(draw, 6),
    })
}

/// Asks one row of a table, which one the scene says.
pub(super) fn ask(rows: &[Row], refusals: &[Refusal], scene: &Scene, ground: &Ground) -> Option<Question> {
    let holds = |since: Since| Edition::of(ground).is_some_and(|edition| since.covers(Some(edition)));
    let rows: Vec<&Row> = rows.iter().filter(|row| holds(row.since)).collect();
    let refusals: Vec<&Refusal> = refusals.iter().filter(|row| holds(row.since)).collect();
    let which = *scene.choices.first()? as usize % (rows.len() + refusals.len()).max(1);
    let data = data(scene)?;
    let side = |name, text| Side {
        name,
        expr: Expr::call(text, [data.clone()]),
    };
    if let Some(row) = rows.get(which) {
        return Some(Question {
            sides: vec![side("asked", row.asked), side("expected", row.is)],
            claims: vec![Claim::Has(0, 1)],
        });
    }
    let row = refusals.get(which - rows.len())?;
    Some(Question {
        sides: vec![side("asked", row.asked), side("words", row.words)],
        claims: vec![Claim::RefusedWith(0, 1)],
    })
}

fn data(scene: &Scene) -> Option<Expr> {
    let [_, first, second, third, low, step] = scene.choices[..] else { return None };
    let mut words = WORDS.to_vec();
    let mut word = |choice: u32| Expr::str(words.remove(choice as usize % words.len()));
    let low = i64::from(low % 50) + 1;
    let entries = [
        ("a", word(first)),
        ("b", word(second)),
        ("c", word(third)),
        ("m", Expr::Int(low)),
        ("n", Expr::Int(low + 1 + i64::from(step % 50))),
    ];
    Some(Expr::attrs(entries))
}
