//! Builds systems of `tests/boot` with a real Nix.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use testkit::{Oracle, Shared, said};

/// The variable that names nixpkgs's own `switch-to-configuration`, where systems are to be switched by that.
const NIXPKGS: &str = "CFGCHECK_SWITCH_TO_CONFIGURATION";

/// What the file is called in a folder that the oracle sees.
const SWITCH: &str = "switch-to-configuration";

/// A Nix with a copy of the repository.
pub struct Builder {
    oracle: Oracle,
    copy: Shared,
    // A folder with nixpkgs's program.
    nixpkgs: Option<Shared>,
    // A folder with cfgcheck.
    cfgcheck: Option<Shared>,
    host: &'static str,
    system: &'static str,
}

impl Builder {
    /// Returns a builder of the systems of a host for a platform.
    pub fn new(host: &'static str, system: &'static str) -> Builder {
        let oracle = Oracle::named();
        let copy = oracle.share();
        testkit::copy(copy.outside());
        // In the systems, it is a file of the store like any other. It is there for one processor.
        let nixpkgs = std::env::var_os(NIXPKGS).filter(|_| system == "x86_64-linux");
        let nixpkgs = nixpkgs.map(|program| {
            let folder = oracle.share();
            std::fs::copy(&program, folder.outside().join(SWITCH))
                .unwrap_or_else(|fault| panic!("{NIXPKGS} names {}: {fault}", program.display()));
            folder
        });
        Builder {
            oracle,
            copy,
            nixpkgs,
            cfgcheck: None,
            host,
            system,
        }
    }

    /// Returns a builder of systems that have cfgcheck.
    pub fn with_cfgcheck(host: &'static str, system: &'static str) -> Builder {
        let mut builder = Builder::new(host, system);
        let folder = builder.oracle.share();
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(folder.outside().join("cfgcheck"));
        said(&strip.arg(env!("CARGO_BIN_EXE_cfgcheck")).output().expect("strip runs"));
        builder.cfgcheck = Some(folder);
        builder
    }

    /// Returns the name of the host.
    pub fn host(&self) -> &str {
        self.host
    }

    /// Returns whether nixpkgs's own program switches the systems.
    pub fn switches_with_nixpkgs(&self) -> bool {
        self.nixpkgs.is_some()
    }

    /// Builds a system, such as `a` or `failing-unit`, and returns its path in the store.
    pub fn build(&self, name: &str) -> String {
        let expression = self.expression(name);
        self.oracle.bring_packages(&self.copy, &expression);
        let mut nix = self.nix("build");
        nix.args(["--no-link", "--print-out-paths", "--expr", &expression]);
        said(&nix.output().expect("Nix runs")).trim().to_owned()
    }

    /// Brings the packages of a system, and returns the copy of the repository, in which packages that Debian has withdrawn
    /// are renewed.
    pub fn bring(&self, name: &str) -> &Path {
        self.oracle.bring_packages(&self.copy, &self.expression(name));
        self.copy.outside()
    }

    /// Builds a system of a flake that the oracle sees, and returns its path in the store.
    pub fn build_flake(&self, flake: &str, host: &str) -> String {
        let expression =
            format!("(builtins.getFlake \"{flake}\").nixosConfigurations.{host}.config.system.build.toplevel");
        self.oracle.bring_packages(&self.copy, &expression);
        let mut nix = self.nix("build");
        nix.args(["--no-link", "--print-out-paths", "--expr", &expression]);
        said(&nix.output().expect("Nix runs")).trim().to_owned()
    }

    /// Returns what `nix path-info --recursive --json` says of a system.
    pub fn listed(&self, system: &str) -> String {
        let mut nix = self.nix("path-info");
        said(&nix.args(["--recursive", "--json", system]).output().expect("Nix runs"))
    }

    /// Returns a folder that the oracle sees as well.
    pub fn share(&self) -> Shared {
        self.oracle.share()
    }

    /// Returns the folder that is the oracle's root.
    pub fn root(&self) -> &Path {
        self.oracle.root()
    }

    /// Returns the program as it is put into systems.
    pub fn program(&self) -> PathBuf {
        let folder = self.cfgcheck.as_ref().expect("it builds systems with cfgcheck");
        folder.outside().join("cfgcheck")
    }

    /// Returns a path of the oracle as we see it, through all links.
    pub fn outside(&self, path: &str) -> PathBuf {
        let mut path = path.to_owned();
        loop {
            let outside = self.oracle.root().join(path.trim_start_matches('/'));
            match outside.read_link() {
                // Links of the store are absolute, and lead into the oracle's root.
                Ok(target) => path = target.to_str().expect("store paths are text").to_owned(),
                Err(_) => return outside,
            }
        }
    }

    /// Returns the closure of some systems.
    pub fn closure(&self, systems: &[&str]) -> Vec<String> {
        let output = self.store(&["--query", "--requisites"], systems);
        let mut paths: Vec<_> = output.lines().map(str::to_owned).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Returns what a Nix in the guest has to know about paths, for `nix-store --load-db`.
    pub fn registration(&self, paths: &[String]) -> String {
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        self.store(&["--dump-db"], &paths)
    }

    /// Returns a folder on the disk of the oracle's store, so that files can be linked into it.
    pub fn folder(&self) -> tempfile::TempDir {
        tempfile::tempdir_in(self.oracle.root().join("tmp")).expect("the oracle's /tmp can be written to")
    }

    fn expression(&self, name: &str) -> String {
        let Builder { host, system, .. } = self;
        let copy = self.copy.inside();
        let program = self.nixpkgs.as_ref().map_or(String::new(), |folder| {
            format!("switchToConfiguration = {}/{SWITCH};", folder.inside())
        });
        let cfgcheck = self
            .cfgcheck
            .as_ref()
            .map_or(String::new(), |folder| format!("cfgcheck = {};", folder.inside()));
        format!(
            "(import {copy}/tests/boot {{ flake = builtins.getFlake \"path:{copy}\"; \
             host = \"{host}\"; system = \"{system}\"; {program} {cfgcheck} }}).{name}"
        )
    }

    fn nix(&self, verb: &str) -> Command {
        let mut nix = self.oracle.nix(verb);
        nix.args([
            "--impure",
            "--max-jobs",
            "auto",
            "--option",
            "extra-platforms",
            "aarch64-linux",
        ]);
        nix.stderr(Stdio::inherit());
        nix
    }

    fn store(&self, operation: &[&str], paths: &[&str]) -> String {
        let mut command = self.oracle.command("nix-store");
        said(&command.args(operation).args(paths).output().expect("Nix runs"))
    }
}
