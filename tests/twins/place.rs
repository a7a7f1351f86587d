//! Where twins are tried in machines: a copy of them that the oracle sees, and a home for the program.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::{Oracle, Shared};

use crate::folder::{TWINS, copy_to, program, repository};

/// The host of every twin.
pub const HOST: &str = "web";

/// Names nixpkgs's own `switch-to-configuration`, a program for this machine. If it is set, the twins have it in the place
/// of the stand-in's.
const NIXPKGS: &str = "CFGCHECK_SWITCH_TO_CONFIGURATION";

/// A copy of the twins, built by the oracle's Nix.
pub struct Place {
    oracle: Oracle,
    copy: Shared,
    /// The program's home, in which also the oracle's Nix is, as an installed one.
    pub home: tempfile::TempDir,
}

impl Place {
    /// Returns a new copy.
    pub fn new() -> Place {
        let oracle = Oracle::named();
        let copy = oracle.share();
        copy_to(copy.outside());
        if let Some(switch) = std::env::var_os(NIXPKGS) {
            with_switch(&copy.outside().join(TWINS).join("base"), Path::new(&switch));
        }
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        for name in ["nix-store", "nix-instantiate"] {
            let program = home.path().join(name);
            let root = oracle.root().display();
            let script = format!("#!/bin/sh\nexec chroot '{root}' {name} \"$@\"\n");
            std::fs::write(&program, script).expect("files can be written");
            std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("files can be changed");
        }
        Place { oracle, copy, home }
    }

    /// Returns the folder of the copy in which a twin is.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.copy.outside().join(TWINS).join(name)
    }

    /// Returns the program with all that it needs to switch a host of one twin to the host of another one, whose packages
    /// are there then.
    pub fn vm(&self, before: (&str, &str), name: &str) -> Command {
        self.tries(before, name, &["--host", HOST])
    }

    /// Returns the program with all that it needs to try a twin with these arguments, which begin with the host or home;
    /// packages are there then.
    pub fn tries(&self, (before, of): (&str, &str), name: &str, args: &[&str]) -> Command {
        let home = match args {
            ["--home", home, ..] => Some(*home),
            _ => None,
        };
        for (name, of) in [(before, of), (name, home.unwrap_or(HOST))] {
            let flake = format!("builtins.getFlake \"path:{}?dir={TWINS}/{name}\"", self.copy.inside());
            match home {
                None => self.bring(&format!(
                    "({flake}).nixosConfigurations.{of}.config.system.build.toplevel"
                )),
                Some(_) => self.bring_home(&format!("({flake}).homeConfigurations.\"{of}\"")),
            }
        }
        let flake = |name: &str| format!("path:{}?dir={TWINS}/{name}", self.copy.outside().display());
        let path = std::env::var("PATH").unwrap_or_default();
        let mut run = program(self.home.path());
        run.env("PATH", format!("{}:{path}", self.home.path().display()))
            .env("XDG_CACHE_HOME", cache())
            .args(["vm", "--offline", "--trust", "--build-with", "nix", "--verbose"])
            .args(args)
            .args(["--base", &format!("{}#{of}", flake(before))])
            .args(["--output", "json=-", &flake(name)]);
        run
    }

    fn bring(&self, derivation: &str) {
        self.oracle.bring_packages(&self.copy, derivation);
    }

    /// Brings the packages of a home, and of the machine that it is tried on.
    fn bring_home(&self, home: &str) {
        self.bring(&format!("({home}).activationPackage"));
        let machine = self.oracle.share();
        std::fs::copy(
            repository().join("src/cli/vm/home.nix"),
            machine.outside().join("home.nix"),
        )
        .expect("a file can be copied");
        self.bring(&format!(
            "(import {}/home.nix ({home})).machine.config.system.build.toplevel",
            machine.inside()
        ));
    }
}

/// Returns where images, and the moment after the first boot, are kept between tests.
pub fn cache() -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_cfgcheck")).ancestors().nth(2);
    let cache = target.expect("the program lies in a target folder").join("machines");
    std::fs::create_dir_all(&cache).expect("the target folder can be written to");
    cache
}

/// Gives the machine of the twins, in a folder, another program that switches.
fn with_switch(folder: &Path, switch: &Path) {
    let module = repository().join("tests/boot/upstream.nix");
    std::fs::copy(module, folder.join("upstream.nix")).expect("a file can be copied");
    std::fs::copy(switch, folder.join("switch-to-configuration")).expect("the program can be copied");
    let file = folder.join("machine.nix");
    let text = std::fs::read_to_string(&file).expect("the twins have a machine");
    let (head, body) = text.split_once("\n{\n").expect("it is a function");
    let imports = "  imports = [ (import ./upstream.nix ./switch-to-configuration) ];";
    std::fs::write(&file, format!("{head}\n{{\n{imports}\n{body}")).expect("files can be written");
}
