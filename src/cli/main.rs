//! The binary: a doorway. Its name decides whose command line it speaks.

#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the commands that use the settings come next"))]
#[cfg_attr(test, expect(unused_imports, reason = "the commands that use the settings come next"))]
mod config;
#[expect(dead_code, reason = "the commands that use all exit codes come next")]
mod exit;
mod machine;
mod nix;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().map(|a| a.to_string_lossy().into_owned());
    let called = args.next().unwrap_or_default();
    let name = called.rsplit('/').next().unwrap_or_default().to_owned();
    let args: Vec<String> = args.collect();
    let code = machine::Machine::run(move |machine| {
        if name == "nix-instantiate" { nix::main(machine, args.clone()) } else { exit::USAGE }
    });
    ExitCode::from(code)
}
