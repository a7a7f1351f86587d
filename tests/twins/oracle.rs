//! What Nix says of the twins: each evaluates, or fails to, exactly as it does there.
//!
//! The variable `CFGCHECK_ORACLE` names a command of the form `chroot DIR`, as `tests/oracle.sh` makes
//! one; the twins are copied into that folder.

use std::path::Path;
use std::process::{Command, Output};

use testkit::{Oracle, Shared};

use crate::each_twin;
use crate::folder::{TWINS, Twin, copy_to, program};

#[test]
fn oracle_twins_evaluate_as_nix_does() {
    let oracle = Oracle::named();
    let copy = oracle.share();
    copy_to(copy.outside());
    each_twin(|twin| {
        let mut same = true;
        let mut told = String::new();
        for target in twin.golden.targets() {
            let nix = said(&mut nix(&oracle, &copy, twin, &target))?;
            let ours = said(&mut ours(copy.outside(), twin, &target))?;
            // Until a flake is locked, Nix reads it in its store, and cfgcheck where it lies.
            let store = store_path(&nix).unwrap_or_default();
            let ours = ours.replace(&copy.outside().display().to_string(), store);
            let failed = |said: &str| said.starts_with("error:");
            if ours != nix {
                same = false;
                let both_fail = failed(&ours) && failed(&nix);
                if twin.golden.differs_from_nix.is_none() || !both_fail {
                    told.push_str(&format!("-- {target}\nNix: {nix}\ncfgcheck: {ours}\n"));
                }
            }
        }
        match &twin.golden.differs_from_nix {
            Some(reason) if same => Err(format!("it does not differ from Nix any more: {reason}\n")),
            _ if told.is_empty() => Ok(()),
            _ => Err(told),
        }
    });
}

/// Returns the first path of a source in the store that a text names.
fn store_path(text: &str) -> Option<&str> {
    let start = text.find("/nix/store/")?;
    let end = start + text[start..].find("-source/")? + "-source".len();
    Some(&text[start..end])
}

fn nix(oracle: &Oracle, copy: &Shared, twin: &Twin, target: &str) -> Command {
    let mut command = oracle.nix("eval");
    command
        .args(["--raw", "--offline", "--no-write-lock-file"])
        .args(["--option", "eval-cache", "false"])
        .args(["--option", "allow-import-from-derivation", "false"])
        .arg(format!("path:{}?dir={TWINS}/{}#{target}", copy.inside(), twin.name));
    command
}

fn ours(inside: &Path, twin: &Twin, target: &str) -> Command {
    let mut command = program(inside);
    command.args(["eval", "--raw", "--offline"]);
    command.arg(format!("path:{}?dir={TWINS}/{}#{target}", inside.display(), twin.name));
    command
}

/// Returns what a program printed, or its error: the last block of it, which is the message with its
/// place and the lines around it.
fn said(command: &mut Command) -> Result<String, String> {
    let Output { status, stdout, stderr } = command.output().map_err(|error| error.to_string())?;
    let (out, told) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    if status.success() {
        return Ok(out.into_owned());
    }
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    let start = lines
        .iter()
        .rposition(|line| *line == "error:" || line.starts_with("error: "));
    let start = start.ok_or_else(|| format!("it failed without an error: {told}"))?;
    // Behind a trace the message is indented; both programs leave the trace out where there is none.
    Ok(lines[start..].join("\n"))
}
