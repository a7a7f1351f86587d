//! The root disk of the build VM: the kit, and a store with all that is to be built from.

use super::limits::BuildLimits;
use crate::image::{Entry, Plan, Size};
use crate::kit::Kit;
use crate::realised::Info;
use std::collections::BTreeMap;
use store::StorePath;

/// Users that builders run as, at most so many at once.
const BUILDERS: u32 = 16;
/// Their first number.
const FIRST: u32 = 30_001;
/// Their group.
const GROUP: u32 = 30_000;

/// Returns what is on the disk. `infos` is what the store has beside the kit.
pub(super) fn plan(kit: &Kit, infos: &BTreeMap<StorePath, Info>, limits: &BuildLimits) -> Plan {
    let mut plan = Plan::new(Size::Room(limits.disk));
    plan.label = Some("build".into());
    plan.add("/usr", Entry::Part(kit.path.clone(), "usr".into()));
    for link in ["bin", "sbin", "lib", "lib64"] {
        plan.add(format!("/{link}"), Entry::Link(format!("usr/{link}")));
    }
    for folder in [
        "/dev",
        "/proc",
        "/sys",
        "/run",
        "/tmp",
        "/root",
        "/var/tmp",
        "/nix/var/nix",
        "/nix/build",
    ] {
        plan.add(folder, Entry::Folder);
    }
    let mut text = |path: &str, text: String| plan.add(path, Entry::File(text.into_bytes(), false));
    let names: Vec<String> = (1..=BUILDERS).map(|number| format!("nixbld{number}")).collect();
    let users = names
        .iter()
        .zip(FIRST..)
        .map(|(name, number)| format!("{name}:x:{number}:{GROUP}:builder:/var/empty:/bin/false\n"));
    text(
        "/etc/passwd",
        format!("root:x:0:0:root:/root:/bin/sh\n{}", users.collect::<String>()),
    );
    text(
        "/etc/group",
        format!("root:x:0:\nnixbld:x:{GROUP}:{}\n", names.join(",")),
    );
    text("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n".into());
    text(
        "/etc/nsswitch.conf",
        "passwd: files\ngroup: files\nhosts: files\n".into(),
    );
    text("/etc/nix/nix.conf", settings(limits));
    plan.add_closure(infos);
    plan
}

/// Returns the settings of the Nix in the VM.
fn settings(limits: &BuildLimits) -> String {
    let (time, log, processors) = (limits.time.as_secs(), limits.log, limits.processors);
    format!(
        "sandbox = true
sandbox-fallback = false
sandbox-paths = /bin/sh=/usr/bin/busybox
build-users-group = nixbld
build-dir = /nix/build
substitute = false
substituters =
max-jobs = {processors}
cores = {processors}
timeout = {time}
max-silent-time = 0
max-build-log-size = {log}
fsync-metadata = false
require-sigs = false
hashed-mirrors =
"
    )
}
