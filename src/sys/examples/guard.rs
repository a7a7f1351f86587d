//! The guard as a program of its own, for tests of rooms that are no program.

#![expect(
    clippy::disallowed_macros,
    reason = "a guard says on standard error why it cannot work"
)]

use std::process::ExitCode;
use sys::{Env, GUARD, GUARD_FAILED, ProcessEnv};

fn main() -> ExitCode {
    let all = ProcessEnv.args();
    if all.get(1).is_none_or(|word| word != GUARD) {
        return ExitCode::from(GUARD_FAILED);
    }
    match sys::guard(&all[2..]) {
        Ok(code) => ExitCode::from(code),
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(GUARD_FAILED)
        }
    }
}
