//! What a plan changes in the configuration: that of the commit which runs, compared with that which is wanted.

use super::args::WhatArgs;
use super::source::{Named, output, reference};
use super::target::Target;
use crate::args::{Cli, Command};
use crate::exit;
use crate::machine::Machine;
use crate::stream::say;
use ::deploy::Status;
use clap::Parser;
use diag::clean_line;

/// Tells how the configuration of a host changes, on standard output; or why that cannot be told, as it is no more than a help.
pub fn tell(machine: &Machine, target: &Target, what: &WhatArgs, named: &Named, status: &Status, commit: Option<&str>) {
    let untold = |why: &str| target.tell(&format!("what changes in the configuration is not told: {why}"));
    let Some(before) = running(status) else {
        return untold("which commit runs is not known");
    };
    if commit == Some(before) {
        return say(b"  the configuration is the same: it is of the commit that runs\n");
    }
    let (Some(host), Some(_)) = (&named.host, &named.repository) else {
        return untold("it needs a flake in a Git repository on this machine");
    };
    let references = reference(named, Some(before)).and_then(|base| Ok((base, reference(named, commit)?)));
    let (base, head) = match references {
        Ok(references) => references,
        Err(trouble) => return trouble.tell(target),
    };
    let output = output(target.home);
    let argv = ["cfgcheck", "diff", "--of", output, "--host", host];
    let mut argv: Vec<String> = argv.map(str::to_owned).to_vec();
    argv.extend(what.offline.then(|| "--offline".to_owned()));
    argv.extend(what.trust.then(|| "--trust".to_owned()));
    if let Some(platform) = &what.platform {
        argv.extend(["--platform".to_owned(), platform.clone()]);
    }
    argv.extend(["--flake".to_owned(), head.clone(), "--".to_owned(), base, head]);
    let parsed = Cli::try_parse_from(argv).map_err(|error| error.to_string());
    let diff = match parsed.map(|cli| cli.command) {
        Ok(Command::Diff(diff)) => diff,
        Ok(_) => return,
        Err(why) => return untold(&why),
    };
    say(format!(
        "\nwhat changes in the configuration of {}, since {before:.10}\n",
        clean_line(host)
    )
    .as_bytes());
    match crate::diff::run(machine, &diff) {
        exit::CLEAN => {}
        _ => untold("one of both does not evaluate, or is not in the repository"),
    }
}

/// Returns the commit of the system that runs, if cfgcheck has deployed it.
fn running(status: &Status) -> Option<&str> {
    let deployed = status.deployed.as_ref()?;
    let runs = status.now.current.as_deref() == Some(deployed.order.system.as_str());
    deployed.order.origin.commit.as_deref().filter(|_| runs)
}
