//! Laws that are tables: expressions of the library, asked with random data, beside what they must give.

use super::known::Since;
use crate::model::Edition;
use crate::random::{Draw, scenes};
use crate::{Claim, Expected, Expr, Ground, Question, Scene, Side};

/// One row of a table. Each text is Nix for a function from a set of data to a set: `a`, `b` and `c` are words, all
/// different; `m` and `n` are integers, `m` the smaller one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// In which libraries it holds.
    pub since: Since,
    /// What is asked.
    pub asked: &'static str,
    /// What it must be.
    pub is: &'static str,
}

/// One row of a table of what is refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    /// In which libraries it is.
    pub since: Since,
    /// What is asked, as in [`Row`]: each attribute must be refused.
    pub asked: &'static str,
    /// The names of the attributes, and words in the messages; `$a` stands for `a` of the data.
    pub words: &'static [(&'static str, &'static [&'static str])],
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

/// Asks the row of a table that the scene says.
pub(super) fn ask(rows: &[Row], refusals: &[Refusal], scene: &Scene, ground: &Ground) -> Option<Question> {
    let edition = Edition::of(ground)?;
    let mut rows = rows.iter().filter(|row| row.since.covers(Some(edition)));
    let mut refusals = refusals.iter().filter(|row| row.since.covers(Some(edition)));
    let count = rows.clone().count();
    let all = count + refusals.clone().count();
    let which = *scene.choices.first()? as usize % all.max(1);
    let data = data(scene)?;
    let asked = |name, text| Side {
        name,
        expr: Expr::call(text, [Expr::attrs(data.clone())]),
    };
    if let Some(row) = rows.nth(which) {
        return Some(Question {
            sides: vec![asked("asked", row.asked), asked("expected", row.is)],
            claims: vec![Claim::Same(0, 1)],
        });
    }
    let row = refusals.nth(which - count)?;
    let filled = |template: &&str| {
        data.iter()
            .fold((*template).to_owned(), |text, (name, value)| match value {
                Expr::Str(word) => text.replace(&format!("${name}"), word),
                other => text.replace(&format!("${name}"), &other.print(0)),
            })
    };
    let expected = row.words.iter().map(|(part, words)| {
        let words = words.iter().map(filled).collect();
        ((*part).to_owned(), Expected::Refused(words))
    });
    Some(Question {
        sides: vec![asked("asked", row.asked)],
        claims: vec![Claim::Parts(0, expected.collect())],
    })
}

fn data(scene: &Scene) -> Option<[(&'static str, Expr); 5]> {
    let [_, first, second, third, low, step] = scene.choices[..] else {
        return None;
    };
    let mut words = WORDS.to_vec();
    let mut word = |choice: u32| Expr::str(words.remove(choice as usize % words.len()));
    let low = i64::from(low % 50) + 1;
    Some([
        ("a", word(first)),
        ("b", word(second)),
        ("c", word(third)),
        ("m", Expr::Int(low)),
        ("n", Expr::Int(low + 1 + i64::from(step % 50))),
    ])
}
