//! The unit that is a machine's shell, and how systemd gets it.

use agent::PORT;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The name of the unit.
const NAME: &str = "cfgcheck-shell.service";

/// Where NixOS has programs: of the wrappers, and of the system that runs.
const PATH: &str = "/run/wrappers/bin:/run/current-system/sw/bin:/run/current-system/sw/sbin";

/// Returns the parameters of the kernel by which systemd has a unit with the shell, and starts it.
///
/// The unit comes as a credential, `systemd.extra-unit.NAME` (systemd.system-credentials(7), since version 256), which its
/// generator of debugging units makes a file of. That it is wanted is told by `systemd.wants` (kernel-command-line(7)), which
/// stage 1 does not read.
pub fn parameters() -> String {
    format!(
        "systemd.set_credential_binary=systemd.extra-unit.{NAME}:{} systemd.wants={NAME}",
        STANDARD.encode(unit())
    )
}

/// Returns the unit. It neither waits for the system to be up, as that is what is asked about, nor stops with it before all
/// others; a shell that was ended is started again.
fn unit() -> String {
    let device = format!("/dev/virtio-ports/{PORT}");
    let awaited = format!("dev-virtio\\x2dports-{PORT}.device");
    format!(
        "[Unit]\nDefaultDependencies=no\nRequires={awaited}\nAfter={awaited}\nIgnoreOnIsolate=yes\n\
         [Service]\nExecStart=/bin/sh -c 'exec bash --noprofile --norc'\nEnvironment=PATH={PATH} HOME=/root LANG=C.UTF-8\n\
         StandardInput=file:{device}\nStandardOutput=file:{device}\nStandardError=journal\nRestart=always\nRestartSec=1\n\
         KillMode=process\nOOMScoreAdjust=-1000\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least that a kernel takes for its command line (x86: COMMAND_LINE_SIZE).
    const COMMAND_LINE: usize = 2048;

    #[test]
    fn the_command_line_has_room_for_others() {
        let parameters = parameters();
        assert!(parameters.len() < COMMAND_LINE / 2, "{}", parameters.len());
        assert_eq!(parameters.split(' ').count(), 2);
    }
}
