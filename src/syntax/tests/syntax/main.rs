//! The language as this room reads it, in tables: what is typed, and what Nix makes of it.
//!
//! The expected columns were obtained from Nix 2.34.8.

mod corpus;
mod deep;
mod errors;
mod options;
mod positions;
mod printed;

use bumpalo::Bump;
use diag::{Origin, SourceMap};
use syntax::{ParseOptions, Symbols};

/// What a text is: its printed tree, or the first error as Nix reports it.
fn outcome(text: &[u8], options: &ParseOptions<'_>) -> Result<String, String> {
    let mut map = SourceMap::new();
    let (_, base) = map.add(Origin::Stdin, text.into());
    let mut symbols = Symbols::new();
    let arena = Bump::new();
    let parsed = syntax::parse(text, base, &mut symbols, &arena, options);
    let show = |pos| {
        map.locate(pos)
            .map_or("nowhere".into(), |(_, line, column)| format!("{line}:{column}"))
    };
    match parsed.errors.first() {
        None => Ok(String::from_utf8_lossy(&syntax::print(parsed.root, &symbols)).into_owned()),
        Some(error) => Err(format!("{} at {}", error.text(show), show(error.pos))),
    }
}
