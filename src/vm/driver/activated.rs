//! Scripts of the activation that fail while a system boots, where no exit code tells of them.

use diag::Severity;

use super::session::Session;
use crate::finding::Blame;
use crate::guest::Call;
use activation::Said;

/// What `stage-2-init.sh` of nixpkgs writes before it activates: on the console, unless a service of the initial RAM disk runs it.
const BEGINS: &str = "running activation script...";

/// The services of the initial RAM disk that activate a system: that of `prepare-root`, and that of nixos-init.
const SERVICES: [&str; 2] = ["initrd-nixos-activation.service", "initrd-switch-root.service"];

impl Session<'_> {
    /// Tells which scripts of the activation have failed in the boot that has just ended, before which the console had so
    /// many bytes. Those that fail whenever the base boots are not told.
    pub(super) fn compare_activation(&mut self, seen: usize) {
        let failed = self.failed_at_boot(seen);
        if !self.touched {
            self.old_snippets = failed;
            return;
        }
        for name in failed {
            if self.old_snippets.contains(&name) {
                continue;
            }
            let message = format!("the activation script `{name}` fails in {}", self.the_boot());
            let hint = "let it succeed also where nothing is there yet: at a boot it runs before all services";
            let blame = Blame::ActivationScript(name);
            self.tell("activation-failed", Severity::Error, message, blame, hint);
        }
    }

    fn failed_at_boot(&mut self, seen: usize) -> Vec<String> {
        let console = self.guest.console();
        // A console that has written more than is kept has nothing of the boot's beginning any more.
        let console = String::from_utf8_lossy(console.get(seen..).unwrap_or_default());
        if let Some((_, said)) = console.rsplit_once(BEGINS) {
            return Said::read(said.as_bytes()).snippets;
        }
        let [prepare, switch] = SERVICES.map(|unit| format!("_SYSTEMD_UNIT={unit}"));
        let call = [
            "journalctl",
            "--boot",
            "--quiet",
            "--no-pager",
            "--output=cat",
            &prepare,
            "+",
            &switch,
        ];
        let output = self.ask_anyway(&Call::new(call)).unwrap_or_default();
        Said::read(&output).snippets
    }
}
