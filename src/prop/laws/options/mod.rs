//! Laws about `lib/options.nix`: how options are declared, merged without a type, shown in messages and documented.
//!
//! Their scenes have no modules: what is asked is made of numbers that are drawn, one after the other, so that a
//! smaller number is a simpler question.

mod docs;
mod literal;
mod made;
mod merged;
mod pretty;
mod shown;

pub(super) use merged::has_functions;

use crate::random::Draw;
use crate::{Def, Ground, Law, Scene};

/// The laws about options as such.
pub(super) const LAWS: &[Law] = &[
    docs::DOCS,
    shown::NAMES,
    shown::DEFINITIONS,
    merged::MERGED,
    merged::FUNCTIONS,
    literal::LITERAL,
    made::ENABLE,
    made::PACKAGE,
    made::SINK,
];

/// Names as options have them, and some that need quotes.
const PARTS: [&str; 8] = ["alpha", "beta", "a-b", "a'b", "2bwm", "two words", "if", "$x\"y"];

/// Files of definitions.
const FILES: [&str; 3] = ["a.nix", "b.nix", "/c d.nix"];

/// Returns a name as the library writes it.
fn written(name: &str) -> String {
    let shown = crate::expr::shown(name);
    // It escapes every dollar, and not only those before a brace.
    match shown.starts_with('"') {
        true => shown.replace("\\$", "$").replace('$', "\\$"),
        false => shown,
    }
}

/// Draws a scene of numbers alone, for libraries of today.
fn numbers(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    let today = ground.has_function("mkPackageOption");
    today.then(|| Scene {
        modules: Vec::new(),
        // Every number of things to choose from divides this.
        choices: (0..24)
            .map(|_| u32::try_from(draw.below(5040)).unwrap_or_default())
            .collect(),
    })
}

/// The numbers of a scene, one after the other; zeros when they are used up.
struct Choices<'s>(std::slice::Iter<'s, u32>);

impl<'s> Choices<'s> {
    fn of(scene: &'s Scene) -> Choices<'s> {
        Choices(scene.choices.iter())
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0.next().map_or(0, |&choice| choice as usize % bound)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 1
    }

    /// A value without properties, of a few parts.
    fn value(&mut self, depth: usize) -> Def {
        match self.below(if depth == 0 { 5 } else { 7 }) {
            0 => Def::Int(i64::try_from(self.below(4)).unwrap_or_default()),
            1 => Def::Null,
            2 => Def::Bool(self.yes()),
            3 => Def::str(self.pick(&["", "x", "a \"b\" \\c ${d}"])),
            4 => Def::Int(-7),
            5 => {
                let count = self.below(4);
                Def::List((0..count).map(|_| self.value(depth - 1)).collect())
            }
            _ => {
                let count = self.below(3);
                let names = ["x", "y-z", "two words"];
                Def::Attrs(
                    names[..count]
                        .iter()
                        .map(|name| ((*name).to_owned(), self.value(depth - 1)))
                        .collect(),
                )
            }
        }
    }
}
