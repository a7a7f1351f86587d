//! `cfgcheck docs`: the reference of the options that a flake declares, in Markdown.

mod markdown;

use crate::args::{FlakeArgs, LimitArgs};
use crate::configurations::Configurations;
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, write_out};
use clap::Args;
use std::path::{Path, PathBuf};
use sys::Mode;

/// Arguments of `cfgcheck docs`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck docs                          write docs/options.md anew
  cfgcheck docs --check                  fail if docs/options.md is out of date
  cfgcheck docs --output -               print it
  cfgcheck docs --output OPTIONS.md github:owner/repo
")]
pub struct DocsArgs {
    /// The flake: a path or a reference.
    #[arg(default_value = ".")]
    pub flake: String,
    /// The file, `-` for standard output; `docs/options.md` in the flake's folder by default.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write nothing, but fail if the file is not what would be written.
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    pub flakes: FlakeArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// The file that is written unless another is asked for, in the flake's folder.
const FILE: &str = "docs/options.md";

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &DocsArgs) -> u8 {
    if args.check && args.output.as_deref() == Some(Path::new("-")) {
        complain("error: --check compares with a file, and `-` is none");
        return exit::USAGE;
    }
    match documented(machine, args) {
        Ok(code) | Err(code) => code,
    }
}

fn documented(machine: &Machine, args: &DocsArgs) -> Result<u8, u8> {
    let mut all = Configurations::open(machine, &args.flake, &args.flakes, &args.limits)?;
    let flake = all.disk().map(Path::to_owned);
    let path = match (&args.output, &flake) {
        (Some(path), _) => path.clone(),
        (None, Some(flake)) => flake.join(FILE),
        (None, None) => {
            complain("error: the flake is not on the disk; --output FILE says where its reference is to be");
            return Err(exit::USAGE);
        }
    };
    let chosen = all.chosen(None)?;
    let (reference, code) = all.reference(machine, &chosen, false)?;
    if code != exit::CLEAN {
        complain("error: the reference would lack the options of what does not evaluate");
        return Err(code);
    }
    let (entries, hosts) = reference.entries();
    let below = flake.as_deref().and_then(|flake| depth(machine, flake, &path));
    // What a hostile flake says must not steer the terminal that shows the file.
    let text = diag::clean(&markdown::write(&entries, &hosts, below)).into_owned();
    if path.as_os_str() == "-" {
        return match write_out(text.as_bytes()) {
            Ok(()) => Ok(exit::CLEAN),
            Err(error) => {
                complain(&format!("error: cannot write to standard output: {error}"));
                Err(exit::CANNOT_START)
            }
        };
    }
    if args.check {
        return compared(machine, &path, &text);
    }
    match machine.fs.write_atomic(&path, text.as_bytes(), Mode::default()) {
        Ok(()) => Ok(exit::CLEAN),
        Err(error) => {
            complain(&format!("error: {error}"));
            Err(exit::CANNOT_START)
        }
    }
}

/// Returns how many folders the file lies below the flake's; `None` if it lies elsewhere.
fn depth(machine: &Machine, flake: &Path, file: &Path) -> Option<usize> {
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let folder = machine.fs.canonicalize(folder).ok()?;
    let flake = machine.fs.canonicalize(flake).ok()?;
    Some(folder.strip_prefix(flake).ok()?.components().count())
}

/// Lines of context in the difference that is shown.
const CONTEXT: usize = 3;
/// Most lines of the difference that are shown.
const MOST_LINES: usize = 80;

fn compared(machine: &Machine, path: &Path, text: &str) -> Result<u8, u8> {
    let shown = path.display();
    let old = match machine.fs.read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.is_absent() => {
            complain(&format!(
                "error: there is no '{shown}'\nhelp: `cfgcheck docs` writes it"
            ));
            return Ok(exit::FINDINGS);
        }
        Err(error) => {
            complain(&format!("error: {error}"));
            return Err(exit::CANNOT_START);
        }
    };
    if old == text {
        return Ok(exit::CLEAN);
    }
    let diff = similar::TextDiff::from_lines(old.as_str(), text);
    let diff = diff
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&shown.to_string(), "as the modules say")
        .to_string();
    let lines: Vec<&str> = diff.lines().collect();
    let cut = lines.len().saturating_sub(MOST_LINES);
    let mut said = lines[..lines.len() - cut].join("\n");
    if cut > 0 {
        said.push_str(&format!("\n… {cut} more lines"));
    }
    if let Err(error) = write_out(format!("{}\n", diag::clean(&said)).as_bytes()) {
        complain(&format!("error: cannot write to standard output: {error}"));
        return Err(exit::CANNOT_START);
    }
    complain(&format!(
        "error: '{shown}' is out of date\nhelp: `cfgcheck docs` writes it anew"
    ));
    Ok(exit::FINDINGS)
}
