//! What Nix says of the twins: each evaluates, or fails to, exactly as it does there.
//!
//! The variable `CFGCHECK_ORACLE` names a command of the form `chroot DIR`, as `tests/oracle.sh` makes
//! one; the twins are copied into that folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::each_twin;
use crate::folder::{TWINS, Twin, copy_to, program};

/// Returns the root folder of the oracle.
fn oracle() -> PathBuf {
    let command = std::env::var("CFGCHECK_ORACLE").expect("CFGCHECK_ORACLE names a command; see tests/oracle.sh");
    let root = command.strip_prefix("chroot ").expect("the oracle is a `chroot DIR`");
    PathBuf::from(root.trim())
}

#[test]
fn oracle_twins_evaluate_as_nix_does() {
    let root = oracle();
    let inside = tempfile::tempdir_in(root.join("tmp")).expect("the oracle can be written to");
    copy_to(inside.path());
    let name = inside.path().file_name().expect("it has a name").to_string_lossy();
    let seen = format!("/tmp/{name}");
    each_twin(|twin| {
        let mut same = true;
        let mut told = String::new();
        for target in twin.golden.targets() {
            let nix = said(&mut nix(&root, &seen, twin, &target))?;
            let ours = said(&mut ours(inside.path(), twin, &target))?;
            // Until a flake is locked, Nix reads it in its store, and cfgcheck where it lies.
            let store = store_path(&nix).unwrap_or_default();
            let ours = ours.replace(&inside.path().display().to_string(), store);
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

fn nix(root: &Path, seen: &str, twin: &Twin, target: &str) -> Command {
    let mut command = Command::new("chroot");
    command
        .arg(root)
        .args(["nix", "eval", "--raw", "--offline", "--no-write-lock-file"])
        .args(["--extra-experimental-features", "nix-command flakes"])
        .args(["--option", "eval-cache", "false"])
        .args(["--option", "allow-import-from-derivation", "false"])
        .arg(format!("path:{seen}?dir={TWINS}/{}#{target}", twin.name))
        .env("NO_COLOR", "1")
        .env("LC_ALL", "C.UTF-8")
        .env("TMPDIR", "/tmp")
        .env_remove("NIX_PATH");
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
