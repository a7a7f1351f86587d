//! A host has no root file system.

use crate::{Level, Rule};
use report::Stage;

/// The rule. Its findings are those of NixOS's own assertion, which the case of the host's evaluation has.
pub const RULE: Rule = Rule {
    id: "root-file-system-missing",
    stage: Stage::Policy,
    level: Level::Error,
    title: "A host has a root file system",
    why: "Without one there is nothing to start from. Mostly the file that describes the disks is missing from \
          `imports`.",
    fix: "Describe the disks, by hand, with disko, or with what `nixos-generate-config` finds.",
    wrong: "nixosConfigurations.web = nixpkgs.lib.nixosSystem {\n  modules = [ ./web.nix ];\n};",
    right: "nixosConfigurations.web = nixpkgs.lib.nixosSystem {\n  modules = [ ./web.nix ./disks.nix ];\n};",
};

/// What to do about it.
pub(super) const HINT: &str =
    "describe the disks: `fileSystems.\"/\" = { device = \"/dev/disk/by-label/root\"; fsType = \"ext4\"; };`";

/// Whether an assertion is the one of NixOS on the root file system.
pub(super) fn is_about_root(message: &str) -> bool {
    message.contains("option does not specify your root file system")
}

#[cfg(test)]
mod tests {
    use super::is_about_root;

    #[test]
    fn the_assertion_is_recognised() {
        assert!(is_about_root(
            "The ‘fileSystems’ option does not specify your root file system."
        ));
        assert!(!is_about_root("The ‘fileSystems’ option is wrong."));
    }
}
