//! `cfgcheck man`: the manual, a page for each command, as the command line says it itself.

use crate::args::Cli;
use crate::exit;
use crate::machine::Machine;
use crate::stream::complain;
use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::io;
use std::path::PathBuf;
use sys::{FsError, Mode};

/// What the program says of how it ended (`docs/ARCHITECTURE.md` has the codes of all commands).
const CODES: [(u8, &str); 10] = [
    (exit::CLEAN, "Nothing was found that fails a run."),
    (
        exit::FINDINGS,
        "There are findings, something could not be judged, or the flake or its lock is broken.",
    ),
    (exit::USAGE, "The command line or cfgcheck.yaml is wrong."),
    (
        exit::CANNOT_START,
        "The run cannot start: a component is missing, the network or the disk fails.",
    ),
    (
        exit::ROLLED_BACK,
        "A deployment was taken back: what was before runs again.",
    ),
    (exit::ROLLBACK_FAILED, "A deployment was taken back, and not whole."),
    (exit::REFUSED, "A deployment was refused: nothing was changed."),
    (exit::REBOOT_PENDING, "A deployment comes about with the next boot."),
    (exit::OUR_BUG, "A bug of cfgcheck's."),
    (exit::INTERRUPTED, "It was interrupted."),
];

/// Arguments of `cfgcheck man`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck man ~/.local/share/man/man1      then: man cfgcheck-check
  cfgcheck man . && man ./cfgcheck.1
")]
pub struct ManArgs {
    /// The folder that the pages are written to; it is made if it is not there.
    folder: PathBuf,
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &ManArgs) -> u8 {
    match write(machine, args) {
        Ok(()) => exit::CLEAN,
        Err(error) => {
            complain(&format!("error: {error}"));
            exit::CANNOT_START
        }
    }
}

/// Writes all pages.
fn write(machine: &Machine, args: &ManArgs) -> Result<(), FsError> {
    machine.fs.create_dir_all(&args.folder)?;
    for (name, page) in pages() {
        machine.fs.write(&args.folder.join(name), &page, Mode::Plain)?;
    }
    Ok(())
}

/// Returns all pages by the names of their files.
fn pages() -> Vec<(String, Vec<u8>)> {
    let mut all = Cli::command().disable_help_subcommand(true);
    all.build();
    let mut pages = Vec::new();
    let mut pending = vec![(all, None)];
    while let Some((command, above)) = pending.pop() {
        let name = command
            .get_display_name()
            .unwrap_or_else(|| command.get_name())
            .to_owned();
        let shown = command.get_subcommands().filter(|below| !below.is_hide_set());
        pending.extend(shown.map(|below| (below.clone(), Some(name.clone()))));
        let page = page(command, above).expect("memory can be written to");
        pages.push((format!("{name}.1"), page));
    }
    pages
}

/// Returns the page of a command; `above` is the one that it is a part of.
fn page(command: Command, above: Option<String>) -> io::Result<Vec<u8>> {
    let (has_parts, help) = (command.has_subcommands(), command.get_after_help().cloned());
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    // Without a date, which would be that of the build: the same sources give the same pages. It is written here, as an
    // empty word would be left out.
    let version = env!("CARGO_PKG_VERSION");
    let mut page = format!(".TH {name} 1 \"\" \"cfgcheck {version}\" \"User Commands\"\n").into_bytes();
    let man = Man::new(command);
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_parts {
        man.render_subcommands_section(&mut page)?;
    }
    let mut rest = Roff::new();
    if let Some(help) = help {
        examples(&mut rest, &help.to_string());
    }
    match above {
        Some(above) => {
            rest.control("SH", ["SEE ALSO"]);
            rest.text([bold(above), roman("(1)")]);
        }
        None => {
            rest.control("SH", ["EXIT STATUS"]);
            for (code, meaning) in CODES {
                rest.control("TP", []);
                rest.text([bold(code.to_string())]);
                rest.text([roman(meaning)]);
            }
        }
    }
    rest.to_writer(&mut page)?;
    Ok(ascii(&page).into_bytes())
}

/// Returns a page with all that is not ASCII written by its number, as not every `man` takes it otherwise.
fn ascii(page: &[u8]) -> String {
    let mut out = String::new();
    for c in String::from_utf8_lossy(page).chars() {
        match c.is_ascii() {
            true => out.push(c),
            false => out.push_str(&format!("\\[u{:04X}]", u32::from(c))),
        }
    }
    out
}

/// Adds what stands below a command's help, whose lines stay as they are.
fn examples(page: &mut Roff, help: &str) {
    let lines = help.strip_prefix("Examples:\n").unwrap_or(help);
    page.control("SH", ["EXAMPLES"]);
    page.control("nf", []);
    for line in lines.trim_end().lines() {
        page.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    page.control("fi", []);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_a_page_with_its_examples() {
        let pages: std::collections::BTreeMap<String, Vec<u8>> = pages().into_iter().collect();
        for name in ["cfgcheck.1", "cfgcheck-check.1", "cfgcheck-list-hosts.1"] {
            assert!(pages.contains_key(name), "{name}: {:?}", pages.keys());
        }
        let text = |name: &str| String::from_utf8(pages[name].clone()).expect("pages are text");
        let check = text("cfgcheck-check.1");
        assert!(check.contains(".SH EXAMPLES\n.nf\ncfgcheck check  "), "{check}");
        assert!(check.ends_with(".SH \"SEE ALSO\"\n\\fBcfgcheck\\fR(1)\n"), "{check}");
        assert!(text("cfgcheck.1").contains(".SH \"EXIT STATUS\""));
        assert!(pages.values().all(|page| page.is_ascii()));
        assert_eq!(ascii("a … b".as_bytes()), "a \\[u2026] b");
        // Only the commands themselves are explained, not `help` for each of them.
        assert!(!pages.keys().any(|name| name.contains("help")), "{:?}", pages.keys());
    }
}
