//! `cfgcheck verdict push`: verdicts are put beside the commit that they are of, where machines that pull look for them.

use crate::exit;
use crate::git::{Git, GitError, Place};
use crate::machine::Machine;
use crate::pull::VERDICTS;
use crate::stream::{complain, say};
use clap::Args;
use deploy::commit::Commit;
use deploy::verdict::Envelope;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How often is tried again when somebody else pushes at the same moment.
const TRIES: u32 = 5;

/// Arguments of `cfgcheck verdict push`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck verdict push                              all of the folder verdicts, to origin
  cfgcheck verdict push --remote git@git.example.org:fleet.git verdicts/web.json

They become the reference refs/cfgcheck/verdicts/COMMIT, with HOST.json for each host; those of other hosts that are there stay.
")]
pub struct PushArgs {
    /// Verdicts of one commit, or folders of them.
    #[arg(value_name = "FILE", default_value = "verdicts")]
    files: Vec<PathBuf>,
    /// Where they go: a name that the repository has for it, or an address.
    #[arg(long, value_name = "NAME", default_value = "origin")]
    remote: String,
    /// The folder of the repository.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    repository: PathBuf,
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &PushArgs) -> u8 {
    let (commit, verdicts) = match verdicts(machine, &args.files) {
        Ok(read) => read,
        Err(why) => return exit::wrong_usage(&why),
    };
    let git = Git {
        machine,
        place: Place::Tree(args.repository.clone()),
        token: None,
    };
    let name = format!("{VERDICTS}/{}", commit.as_str());
    let mut tries = 1;
    loop {
        match pushed(&git, args, &name, &commit, &verdicts) {
            Ok(count) => {
                let hosts = if count == 1 { "host" } else { "hosts" };
                say(format!("{name} has verdicts of {count} {hosts}\n").as_bytes());
                return exit::CLEAN;
            }
            // Somebody else was faster: what they have brought is taken along.
            Err(error) if tries < TRIES && is_stale(&error) => tries += 1,
            Err(error) => return exit::cannot_start(&error),
        }
    }
}

fn is_stale(error: &GitError) -> bool {
    let text = error.to_string();
    [
        "stale info",
        "rejected",
        "failed to update ref",
        "cannot lock ref",
        "reference already exists",
    ]
    .iter()
    .any(|word| text.contains(word))
}

/// Returns the files of verdicts by their hosts, and the commit that all of them are of.
fn verdicts(machine: &Machine, paths: &[PathBuf]) -> Result<(Commit, BTreeMap<String, Vec<u8>>), String> {
    let mut files = Vec::new();
    for path in paths {
        let stat = machine.fs.stat(path).map_err(|error| error.to_string())?;
        if stat.is_some_and(|stat| stat.kind == sys::FileKind::Directory) {
            let entries = machine.fs.read_dir(path).map_err(|error| error.to_string())?;
            let names = entries.into_iter().map(|entry| path.join(entry.name));
            files.extend(names.filter(|name| name.extension().is_some_and(|kind| kind == "json")));
        } else {
            files.push(path.clone());
        }
    }
    let mut commit: Option<Commit> = None;
    let mut verdicts = BTreeMap::new();
    for file in &files {
        let wrong = |why: &dyn std::fmt::Display| format!("'{}' is no verdict to be pushed: {why}", file.display());
        let bytes = machine.fs.read(file).map_err(|error| error.to_string())?;
        let (_, verdict) = Envelope::read(&bytes).map_err(|error| wrong(&error))?;
        let its = Commit::new(&verdict.commit).map_err(|error| wrong(&error))?;
        match &commit {
            Some(commit) if *commit != its => {
                return Err(wrong(&format!("it is of commit {its}, and others are of {commit}")));
            }
            _ => commit = Some(its),
        }
        if verdict.host.contains(['/', '\0', '\n', '\t']) || verdict.host.starts_with('.') {
            return Err(wrong(&"the name of its host is none of a file"));
        }
        verdicts.insert(format!("{}.json", verdict.host), bytes);
    }
    match commit {
        Some(commit) => Ok((commit, verdicts)),
        None => Err("there are no verdicts: `cfgcheck verdict sign` writes them".to_owned()),
    }
}

/// Adds verdicts to those that are there, and returns how many there are then.
fn pushed(
    git: &Git<'_>,
    args: &PushArgs,
    name: &str,
    commit: &Commit,
    verdicts: &BTreeMap<String, Vec<u8>>,
) -> Result<usize, GitError> {
    let listed = git.text(&["ls-remote", "--", &args.remote, name])?;
    let before = listed.split_whitespace().next().unwrap_or_default().to_owned();
    // Blobs by the names of their files.
    let mut tree: BTreeMap<String, String> = BTreeMap::new();
    if !before.is_empty() {
        git.done(
            &[
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--",
                &args.remote,
                name,
            ],
            &[],
        )?;
        for line in git.text(&["ls-tree", &before])?.lines() {
            let Some((about, file)) = line.split_once('\t') else {
                continue;
            };
            if let [_, "blob", id] = about.split(' ').collect::<Vec<_>>()[..] {
                tree.insert(file.to_owned(), id.to_owned());
            }
        }
    }
    for (file, bytes) in verdicts {
        let id = git.done(&["hash-object", "-w", "--stdin"], bytes)?;
        tree.insert(file.clone(), String::from_utf8_lossy(&id).trim().to_owned());
    }
    let lines: String = tree
        .iter()
        .map(|(file, id)| format!("100644 blob {id}\t{file}\n"))
        .collect();
    let id = git.done(&["mktree"], lines.as_bytes())?;
    let id = String::from_utf8_lossy(&id).trim().to_owned();
    let message = format!("Verdicts of {}", commit.as_str());
    // It says nothing of who has signed them, and so needs nobody's name.
    let made = git.text(&[
        "-c",
        "user.name=cfgcheck",
        "-c",
        "user.email=cfgcheck@localhost",
        "-c",
        "commit.gpgSign=false",
        "commit-tree",
        "-m",
        &message,
        &id,
    ])?;
    // Only if it is still what it was: another job may have pushed meanwhile.
    let lease = format!("--force-with-lease={name}:{before}");
    let spec = format!("{made}:{name}");
    complain(&format!("pushing {name}"));
    git.done(
        &["push", "--quiet", "--porcelain", &lease, "--", &args.remote, &spec],
        &[],
    )?;
    Ok(tree.len())
}
