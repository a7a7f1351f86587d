//! Any bytes are parsed without a panic, errors have a place in the text, and a text without errors is
//! printed as one that has none either.

#![no_main]

use bumpalo::Bump;
use diag::{Origin, SourceMap};
use libfuzzer_sys::fuzz_target;
use syntax::{ParseOptions, Symbols};

fuzz_target!(|text: &[u8]| {
    let mut map = SourceMap::new();
    let (_, base) = map.add(Origin::Stdin, text.into());
    let arena = Bump::new();
    let mut symbols = Symbols::new();
    let mut options = ParseOptions::new(b"/base");
    options.home = Some(b"/home/user");
    options.pipe_operators = true;
    let parsed = syntax::parse(text, base, &mut symbols, &arena, &options);
    for error in &parsed.errors {
        assert!(
            !error.pos.is_some() || map.locate(error.pos).is_some(),
            "an error lies outside the text"
        );
        assert!(!error.message.is_empty());
    }
    if parsed.errors.is_empty() {
        syntax::print(parsed.root, &symbols);
    }
    syntax::comments(text, base);
});
