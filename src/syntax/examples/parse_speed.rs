//! Parses every `*.nix` file below the folders that are named and prints how fast, and what failed.
//!
//! `cargo run --release -p cfgcheck-syntax --example parse_speed -- FOLDER…`

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a measurement reads files and the clock, and speaks"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if folder.is_file() {
        files.push(folder.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() {
            collect(&path, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|end| end == "nix") {
            files.push(path);
        }
    }
    Ok(())
}

/// How long this thread has run on a processor, where the system tells; waiting is not counted.
fn processor_time() -> Option<Duration> {
    let status = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = status.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

fn main() -> std::io::Result<()> {
    let mut files = Vec::new();
    for folder in std::env::args().skip(1) {
        collect(Path::new(&folder), &mut files)?;
    }
    files.sort();
    let texts: Vec<Vec<u8>> = files.iter().map(std::fs::read).collect::<Result<_, _>>()?;
    let bytes: usize = texts.iter().map(Vec::len).sum();
    let options = syntax::ParseOptions::new(b"/");
    let mut best = Duration::MAX;
    for round in 0..3 {
        let mut symbols = syntax::Symbols::new();
        let mut arena = bumpalo::Bump::new();
        let (clock, processor) = (Instant::now(), processor_time());
        for (path, text) in files.iter().zip(&texts) {
            let parsed = syntax::parse(text, diag::Pos(1), &mut symbols, &arena, &options);
            if round == 0 {
                for error in &parsed.errors {
                    println!(
                        "{}: offset {}: {}",
                        path.display(),
                        error.pos.0.saturating_sub(1),
                        error.message
                    );
                }
            }
            arena.reset();
        }
        let spent = processor.zip(processor_time()).map(|(before, after)| after - before);
        best = best.min(spent.unwrap_or_else(|| clock.elapsed()));
    }
    let rate = bytes as f64 / 1e6 / best.as_secs_f64();
    println!(
        "{} files, {:.1} MB, {:.3} s, {rate:.0} MB/s",
        files.len(),
        bytes as f64 / 1e6,
        best.as_secs_f64()
    );
    Ok(())
}
