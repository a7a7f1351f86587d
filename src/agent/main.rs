//! The agent: a guest's first process, which starts its system and leaves a server beside it that answers the host.
//!
//! One program has three parts. The kernel starts it as the init (`guest::init`), which starts it again as the server
//! (`guest::server`), which starts it again for each program that the host wants run (`guest::child`). The server's name
//! begins with `@`: systemd and NixOS's stage 1 spare such processes when they end all others.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "it runs alone in a guest: there is no room `sys`, and its outputs are the guest's console or the host's"
)]

mod guest;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let _own = arguments.next();
    match arguments.next().as_deref().and_then(std::ffi::OsStr::to_str) {
        _ if rustix::process::getpid().is_init() => guest::init(),
        Some(guest::SERVE) => guest::serve(arguments.next().unwrap_or_default().to_string_lossy().into_owned()),
        Some(guest::CARRY) => guest::carry(),
        Some(guest::RUN) => guest::run(arguments.collect()),
        _ => {
            eprintln!("this is the agent of a guest: it is started by the guest's kernel");
            ExitCode::from(2)
        }
    }
}
