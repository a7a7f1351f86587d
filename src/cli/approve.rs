//! `cfgcheck approve`: what a policy says of a commit, for people who try one out.

use crate::approval::{of_clone, revision};
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, write_out};
use clap::Args;
use deploy::Policy;
use deploy::approval::Judgement;
use deploy::commit::Commit;
use diag::clean_line;
use flake::git::Repository;
use std::path::PathBuf;

/// Arguments of `cfgcheck approve`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck approve --policy policy.yaml                          the commit that is checked out here
  cfgcheck approve --policy policy.yaml --deployed v1 main       all that main brings since v1
  cfgcheck approve --policy policy.yaml --json origin/main

GitHub is asked with the token in GITHUB_TOKEN, which need only read: docs/approval.md.
")]
pub struct ApproveArgs {
    /// The commit, as a branch, a tag or a commit of the repository.
    #[arg(default_value = "HEAD")]
    commit: String,
    /// The policy.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// What is deployed; by default nothing is.
    #[arg(long, value_name = "REV")]
    deployed: Option<String>,
    /// The folder of the repository.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    repository: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command and returns its exit code: 0 if the commit is approved, 6 if not.
pub fn run(machine: &Machine, args: &ApproveArgs) -> u8 {
    match judged(machine, args) {
        Ok((commit, policy, judgement)) => {
            let text = match args.json {
                true => json(&commit, &policy, &judgement),
                false => text(&commit, &policy, &judgement),
            };
            if let Err(error) = write_out(text.as_bytes()) {
                complain(&format!("error: cannot write to standard output: {error}"));
                return exit::CANNOT_START;
            }
            match judgement.is_approved() {
                true => exit::CLEAN,
                false => exit::REFUSED,
            }
        }
        Err(code) => code,
    }
}

fn judged(machine: &Machine, args: &ApproveArgs) -> Result<(Commit, Policy, Judgement), u8> {
    let policy = crate::policy::read(machine, &args.policy)?;
    let folder = machine
        .fs
        .canonicalize(&args.repository)
        .map_err(|error| exit::wrong_usage(&error))?;
    let repository = Repository::open(machine.fs.clone(), &folder).map_err(|error| exit::wrong_usage(&error))?;
    let named = |text: &str| revision(&repository, text);
    let commit = named(&args.commit).map_err(|error| exit::wrong_usage(&error))?;
    let deployed = args.deployed.as_deref().map(named).transpose();
    let deployed = deployed.map_err(|error| exit::wrong_usage(&error))?;
    let judgement = of_clone(
        machine,
        &policy,
        (&folder, &repository),
        &commit,
        deployed.as_ref(),
        None,
    );
    let judgement = judgement.map_err(|error| exit::wrong_usage(&error))?;
    Ok((commit, policy, judgement))
}

/// Returns what people read: what holds, and what does not with what would make it hold.
fn text(commit: &Commit, policy: &Policy, judgement: &Judgement) -> String {
    let mut out = format!("commit {} for {}\n\n", commit.as_str(), clean_line(&policy.repository));
    for shown in &judgement.shown {
        out.push_str(&format!("✓ {}\n", clean_line(&shown.to_string())));
    }
    for refusal in &judgement.refusals {
        out.push_str(&format!("✗ {}\n", clean_line(&refusal.to_string())));
        out.push_str(&format!("    help: {}\n", clean_line(&refusal.hint())));
    }
    let verdict = policy.require.verdict.is_some();
    if verdict {
        out.push_str("- the signed verdict that the policy demands is not judged here\n");
    }
    out.push_str(&match judgement.refusals.len() {
        0 if verdict => "\napproved, but for the verdict\n".to_owned(),
        0 => "\napproved\n".to_owned(),
        1 => "\nrefused: one thing does not hold\n".to_owned(),
        count => format!("\nrefused: {count} things do not hold\n"),
    });
    out
}

/// Returns what programs read.
fn json(commit: &Commit, policy: &Policy, judgement: &Judgement) -> String {
    let refusals: Vec<serde_json::Value> = judgement
        .refusals
        .iter()
        .map(|refusal| {
            serde_json::json!({
                "condition": refusal.condition(), "message": refusal.to_string(), "help": refusal.hint(), "refusal": refusal,
            })
        })
        .collect();
    let shown: Vec<serde_json::Value> = judgement
        .shown
        .iter()
        .map(|shown| serde_json::json!({ "message": shown.to_string(), "shown": shown }))
        .collect();
    let value = serde_json::json!({
        "schema": 1, "commit": commit, "repository": policy.repository, "branch": policy.branch,
        "approved": judgement.is_approved(), "refusals": refusals, "shown": shown,
        "verdict-not-judged": policy.require.verdict.is_some(),
    });
    format!("{value:#}\n")
}
