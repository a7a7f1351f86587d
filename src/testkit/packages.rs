//! The Debian packages that the fixtures' systems are made of, in the oracle's store.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Oracle, Shared, said};

/// Where the downloads lie in the oracle's root, to be used again by the next run.
const DOWNLOADS: &str = "var/cache/cfgcheck-debs";

/// The folder of the command that brings packages, in a copy of the repository.
const DEBIAN: &str = "fixtures/inputs/nixpkgs/pkgs/debian";

impl Oracle {
    /// Fetches the Debian packages that a derivation needs, and puts them into the store. Nix itself cannot: their URLs are
    /// `mirror://debian/…`.
    ///
    /// `copy` has the fixtures as in the repository; what Debian has withdrawn is renewed in it, and told, after which
    /// `expression` may be another derivation.
    ///
    /// # Panics
    ///
    /// If a package cannot be had.
    pub fn bring_packages(&self, copy: &Shared, expression: &str) {
        let downloads = self.root().join(DOWNLOADS);
        std::fs::create_dir_all(&downloads).expect("the oracle's root can be written to");
        // Tests that run beside each other fetch the same.
        let lock =
            std::fs::File::create(downloads.with_extension("lock")).expect("the oracle's root can be written to");
        lock.lock().expect("files can be locked");
        let data = copy.outside().join(DEBIAN);
        let debs = data.join("debs");
        // Not in the copy: it is a flake, and another file would make other systems of it.
        let scratch = self.share();
        let list = scratch.outside().join("needed");
        loop {
            let derivation = self.derivation(expression);
            let mut query = self.command("nix-store");
            query.args(["--query", "--requisites", &derivation]);
            let needed = said(&query.output().expect("Nix runs"));
            std::fs::write(&list, needed).expect("files can be written");
            let mut fetch = Command::new(&debs);
            fetch.arg("fetch").arg(&downloads).arg("--only").arg(&list);
            fetch.arg("--renew-into").arg(&data).stderr(Stdio::inherit());
            eprint!(
                "{}",
                said(&fetch.output().expect("the command that fetches packages runs"))
            );
            if self.derivation(expression) == derivation {
                break;
            }
        }
        let mut seed = Command::new(&debs);
        seed.arg("seed").arg(&downloads).arg("--nix");
        seed.arg(format!("chroot {}", self.root().display()));
        seed.arg("--as").arg(Path::new("/").join(DOWNLOADS));
        said(&seed.output().expect("the command that seeds packages runs"));
    }

    /// Returns the derivation that an expression is.
    fn derivation(&self, expression: &str) -> String {
        let mut nix = self.nix("eval");
        nix.args(["--impure", "--raw", "--expr", &format!("({expression}).drvPath")]);
        nix.stderr(Stdio::inherit());
        said(&nix.output().expect("Nix runs"))
    }
}
