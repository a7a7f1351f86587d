//! Prints the tree of a file (or of standard input) as `nix-instantiate --parse` does, or its errors.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a program of its own reads its input and prints"
)]

use std::io::{Read, Write};

fn main() -> std::io::Result<()> {
    let text = match std::env::args().nth(1) {
        Some(path) => std::fs::read(path)?,
        None => {
            let mut text = Vec::new();
            std::io::stdin().read_to_end(&mut text)?;
            text
        }
    };
    let mut map = diag::SourceMap::new();
    let (_, base) = map.add(diag::Origin::Stdin, text.as_slice().into());
    let mut symbols = syntax::Symbols::new();
    let arena = bumpalo::Bump::new();
    let mut options = syntax::ParseOptions::new(b"/");
    options.home = Some(b"/root");
    let parsed = syntax::parse(&text, base, &mut symbols, &arena, &options);
    let show = |pos| match map.locate(pos) {
        Some((file, line, column)) => format!("{}:{line}:{column}", file.origin.display()),
        None => "nowhere".into(),
    };
    for warning in &parsed.warnings {
        eprintln!("warning: at {}: {}", show(warning.pos()), warning.message());
    }
    for error in &parsed.errors {
        println!("error: {}", error.text(show));
        if error.pos.is_some() {
            println!("       at {}:", show(error.pos));
        }
    }
    if parsed.errors.is_empty() {
        let mut out = syntax::print(parsed.root, &symbols);
        out.push(b'\n');
        std::io::stdout().write_all(&out)?;
    }
    Ok(())
}
