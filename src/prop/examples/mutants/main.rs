//! Mutation test of the laws: a library's module system is changed at one place, and some law must notice.
//!
//! `docs/mutants.md` has the figures, the command and why each survivor survives. Each mutant is judged by the laws
//! about `lib` in a process of its own, with the cases that a run of them has, up to the first that fails.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a program of its own reads its arguments and prints"
)]

mod judge;
mod library;
mod operators;
mod table;
mod workers;

use clap::Parser;
use judge::Fate;
use prop::{Law, Scope};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use sys::{DiskFs, Fs, Mode};

/// Changes a library's module system at one place after the other, and tells which changes no law notices.
#[derive(Parser, Debug)]
pub struct Arguments {
    /// The folder of nixpkgs's `lib`.
    library: PathBuf,
    /// Only this file, relative to the folder; may be given several times.
    #[arg(long)]
    file: Vec<String>,
    /// Cases of each law.
    #[arg(long, default_value_t = 100)]
    cases: u64,
    /// The seed of the cases, and of the choice of mutants.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Judge so many mutants, chosen by the seed, and not all.
    #[arg(long)]
    sample: Option<usize>,
    /// Judge only the mutants of these lines, such as `120-180`.
    #[arg(long, value_parser = lines)]
    lines: Option<(usize, usize)>,
    /// Only this law; may be given several times.
    #[arg(long)]
    law: Vec<String>,
    /// Mutants that are judged at once.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Writes all mutants with their fates as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Writes the figures and the survivors as Markdown.
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Judge again only those that survived in this JSON, and take the fates of the others from it.
    #[arg(long)]
    again: Option<PathBuf>,
    /// The text that explains survivors, `docs/mutants.md`: only those that it does not are told, and are a failure.
    #[arg(long)]
    explained: Option<PathBuf>,
    /// Judges one mutant, `FILE:NUMBER`, and prints its fate as JSON: what each process is started with.
    #[arg(long, hide = true)]
    one: Option<String>,
}

fn lines(text: &str) -> Result<(usize, usize), String> {
    let (from, to) = text.split_once('-').ok_or("two numbers with a hyphen between them")?;
    let number = |text: &str| text.parse().map_err(|_| format!("'{text}' is no number"));
    Ok((number(from)?, number(to)?))
}

impl Arguments {
    /// Returns the laws that judge.
    pub fn laws(&self) -> Vec<&'static Law> {
        let wanted =
            |law: &&Law| law.scope == Scope::Lib && (self.law.is_empty() || self.law.iter().any(|l| l == law.id));
        prop::laws::all().iter().filter(wanted).collect()
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let laws = arguments.laws();
    if let Some(one) = &arguments.one {
        let (file, number) = one.rsplit_once(':').ok_or("--one needs FILE:NUMBER")?;
        let number: usize = number.parse()?;
        let changes = library::changes(&arguments.library, file)?;
        let change = changes.get(number).ok_or("no such mutant")?;
        let fate = judge::fate(&arguments.library, Some(change), &laws, arguments.cases, arguments.seed);
        println!("{}", table::fate_to_json(&fate));
        return Ok(());
    }
    match judge::fate(&arguments.library, None, &laws, arguments.cases, arguments.seed) {
        Fate::Survived => {}
        other => return Err(format!("the library as it is does not hold the laws: {other:?}").into()),
    }
    let judged = workers::judge_all(arguments)?;
    if let Some(path) = &arguments.json {
        DiskFs.write(path, table::json(&judged).as_bytes(), Mode::Plain)?;
    }
    let explained = match &arguments.explained {
        Some(path) => String::from_utf8_lossy(&DiskFs.read(path)?).into_owned(),
        None => String::new(),
    };
    let markdown = table::markdown(&judged, &explained);
    if let Some(path) = &arguments.markdown {
        DiskFs.write(path, markdown.as_bytes(), Mode::Plain)?;
    }
    print!("{markdown}");
    match table::unexplained(&judged, &explained).len() {
        count if count > 0 && arguments.explained.is_some() => {
            Err(format!("{count} survivors are not explained").into())
        }
        _ => Ok(()),
    }
}
