//! `cfgcheck verdict verify`: whether a verdict holds, and whether a store has what it is of.

use super::listed::Listed;
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, say};
use clap::{ArgGroup, Args};
use deploy::moment;
use deploy::verdict::{ClosureError, Difference, PublicKey, Verdict, Wanted, differences, hash_closure, place, verify};
use report::Stage;
use serde::Deserialize as _;
use serde::de::IntoDeserializer;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use store::StorePath;

/// Arguments of `cfgcheck verdict verify`.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("who").required(true).multiple(true).args(["policy", "key"]),
    after_help = "Examples:
  cfgcheck verdict verify --policy policy.yaml --commit \"$(git rev-parse HEAD)\" --host web verdicts/web.json
  cfgcheck verdict verify --key fleet-1:… --repository github:acme/fleet --commit … --host web \\
    --out-path \"$(readlink -f result)\" --store-root / verdicts/web.json

Ends with 0 if it holds, and with 6 if it does not."
)]
pub struct VerifyArgs {
    /// The verdict, as `cfgcheck verdict sign` wrote it.
    file: PathBuf,
    /// Whose verdicts count, of which repository, and which stages have to have run: as this policy says.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A public key whose verdicts count; may be repeated.
    #[arg(long, value_name = "NAME:BASE64")]
    key: Vec<String>,
    /// The repository that it has to be of, as `github:OWNER/NAME` [default: that of the policy].
    #[arg(long, required_unless_present = "policy")]
    repository: Option<String>,
    /// The commit that it has to be of, with all of its digits.
    #[arg(long)]
    commit: String,
    /// The host that it has to be of.
    #[arg(long)]
    host: String,
    /// The system that it has to be for, such as `x86_64-linux`.
    #[arg(long)]
    system: Option<String>,
    /// The commit's tree that it has to be of.
    #[arg(long)]
    tree: Option<String>,
    /// The derivation that it has to be of.
    #[arg(long, value_name = "PATH", value_parser = store_path)]
    drv: Option<StorePath>,
    /// The built system that it has to be of.
    #[arg(long, value_name = "PATH", value_parser = store_path)]
    out_path: Option<StorePath>,
    /// A stage that has to have run and passed, beside those of the policy; may be repeated.
    #[arg(long, value_parser = stage)]
    stage: Vec<Stage>,
    /// Hash the closure in the store of the machine whose root is this folder, and compare it.
    #[arg(long, value_name = "FOLDER")]
    store_root: Option<PathBuf>,
    /// The paths that are to be there, as `nix path-info --recursive` lists them [default: those of the verdict].
    #[arg(long, value_name = "FILE", requires = "store_root")]
    closure: Option<PathBuf>,
}

fn store_path(text: &str) -> Result<StorePath, String> {
    StorePath::parse(text).map_err(|error| error.to_string())
}

fn stage(text: &str) -> Result<Stage, String> {
    let deserializer: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    Stage::deserialize(deserializer).map_err(|error| error.to_string())
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &VerifyArgs) -> u8 {
    let asked = asked(machine, args).and_then(|(keys, wanted)| {
        let bytes = machine.fs.read(&args.file).map_err(|error| exit::wrong_usage(&error))?;
        Ok((keys, wanted, bytes))
    });
    let (keys, wanted, bytes) = match asked {
        Ok(asked) => asked,
        Err(code) => return code,
    };
    let verdict = match verify(&bytes, &keys, &wanted, machine.clock.unix_time()) {
        Ok(verdict) => verdict,
        Err(refusals) => {
            for refusal in &refusals {
                complain(&format!("refused: {refusal}\n  help: {}", refusal.hint()));
            }
            return exit::REFUSED;
        }
    };
    let compared = match &args.store_root {
        None => Ok(()),
        Some(root) => compared(machine, args, root, &verdict),
    };
    if let Err(code) = compared {
        return code;
    }
    let text = format!(
        "it holds: {} at {}, {} ({}{}), until {}\n",
        verdict.host,
        verdict.commit,
        verdict.out,
        super::paths(verdict.closure.len()),
        if args.store_root.is_some() {
            ", as they are in the store"
        } else {
            ""
        },
        moment(verdict.expires)
    );
    say(diag::clean(&text).as_bytes());
    exit::CLEAN
}

/// Returns the keys that count, and what is asked; what is wrong with it has been told, and is the exit code.
fn asked(machine: &Machine, args: &VerifyArgs) -> Result<(Vec<PublicKey>, Wanted), u8> {
    let policy = args
        .policy
        .as_deref()
        .map(|path| crate::policy::read(machine, path))
        .transpose()?;
    let mut keys = Vec::new();
    let mut stages: BTreeSet<Stage> = args.stage.iter().copied().collect();
    if let Some(policy) = &policy {
        let Some(verdicts) = &policy.require.verdict else {
            return Err(exit::wrong_usage(
                &"the policy does not ask for a verdict: it has no `require.verdict`",
            ));
        };
        keys = verdicts.public_keys().map_err(|error| exit::wrong_usage(&error))?;
        stages.extend(&verdicts.stages);
    }
    for text in &args.key {
        keys.push(PublicKey::parse(text).map_err(|error| exit::wrong_usage(&error))?);
    }
    let repository = args.repository.clone();
    let repository = repository.or_else(|| policy.map(|policy| policy.repository));
    let wanted = Wanted {
        repository: repository.unwrap_or_default(),
        commit: args.commit.clone(),
        host: args.host.clone(),
        tree: args.tree.clone(),
        lock: None,
        system: args.system.clone(),
        drv: args.drv.clone(),
        out: args.out_path.clone(),
        stages,
    };
    Ok((keys, wanted))
}

/// Compares a store with a verdict; what differs has been told, and is the exit code.
fn compared(machine: &Machine, args: &VerifyArgs, root: &Path, verdict: &Verdict) -> Result<(), u8> {
    let fs = machine.fs.as_ref();
    let mut differing = Vec::new();
    let listed: BTreeSet<StorePath> = match &args.closure {
        None => verdict.closure.keys().cloned().collect(),
        Some(file) => {
            let bytes = fs.read(file).map_err(|error| exit::wrong_usage(&error))?;
            let told = |error| exit::wrong_usage(&format!("'{}': {error}", file.display()));
            Listed::read(&bytes)
                .and_then(|listed| listed.closure(&verdict.out))
                .map_err(told)?
        }
    };
    let mut there = Vec::new();
    for path in &listed {
        match fs.lstat(&place(root, path)) {
            Ok(Some(_)) => there.push(path),
            Ok(None) => differing.push(Difference::Missing(path.clone())),
            Err(error) => return Err(exit::cannot_start(&error)),
        }
    }
    let found = hash_closure(fs, root, there, &mut |_| !sys::interrupted());
    let found = found.map_err(|error| match error {
        ClosureError::Interrupted => exit::INTERRUPTED,
        error => exit::cannot_start(&error),
    })?;
    let missing: BTreeSet<StorePath> = listed
        .iter()
        .filter(|path| !found.contains_key(*path))
        .cloned()
        .collect();
    let others = differences(&verdict.closure, &found).into_iter();
    differing.extend(others.filter(|other| !matches!(other, Difference::Missing(path) if missing.contains(path))));
    for difference in &differing {
        complain(&format!(
            "refused: {difference}\n  help: copy the very closure that was judged, and compare again"
        ));
    }
    match differing.is_empty() {
        true => Ok(()),
        false => Err(exit::REFUSED),
    }
}
