//! How to get what is missing, in lines that can be copied.

/// Where a line is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// A shell with Nix, for now.
    NixShell,
    /// `configuration.nix`, for good.
    Nixos,
    /// A shell of Debian or Ubuntu.
    Debian,
    /// A step of a job on GitHub's runners.
    Github,
    /// A shell anywhere.
    Shell,
}

impl Place {
    /// Returns its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Place::NixShell => "nix-shell",
            Place::Nixos => "nixos",
            Place::Debian => "debian",
            Place::Github => "github",
            Place::Shell => "shell",
        }
    }

    /// Returns its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Place::NixShell => "Nix, for now",
            Place::Nixos => "NixOS",
            Place::Debian => "Debian, Ubuntu",
            Place::Github => "GitHub Actions",
            Place::Shell => "in a shell",
        }
    }
}

/// Lines that get what is missing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Remedy(pub Vec<(Place, String)>);

impl Remedy {
    /// Adds a line.
    pub fn on(mut self, place: Place, line: impl Into<String>) -> Remedy {
        self.0.push((place, line.into()));
        self
    }

    /// Returns how to get a package: its names in nixpkgs and in Debian.
    pub fn package(nix: &str, debian: &str) -> Remedy {
        Remedy::default()
            .on(Place::NixShell, format!("nix shell nixpkgs#{nix}"))
            .on(Place::Nixos, format!("environment.systemPackages = [ pkgs.{nix} ];"))
            .on(Place::Debian, format!("sudo apt-get install {debian}"))
            .on(
                Place::Github,
                format!("- run: sudo apt-get update && sudo apt-get install -y {debian}"),
            )
    }
}

/// Returns how to get a folder that can be written to.
pub fn writable_cache() -> Remedy {
    Remedy::default()
        .on(Place::Shell, "export XDG_CACHE_HOME=\"$(mktemp -d)\"")
        .on(
            Place::Github,
            "- run: echo \"XDG_CACHE_HOME=$RUNNER_TEMP/cache\" >> \"$GITHUB_ENV\"",
        )
}

/// Returns how a user may use KVM.
pub fn kvm_access(user: &str) -> Remedy {
    Remedy::default()
        .on(
            Place::Nixos,
            format!("users.users.{user}.extraGroups = [ \"kvm\" ]; # then log in again"),
        )
        .on(
            Place::Debian,
            format!("sudo usermod -aG kvm {user} # then log in again"),
        )
        .on(Place::Github, "- run: sudo chmod 0666 /dev/kvm")
}

/// Returns how the device of KVM is for the group that it usually has.
pub fn kvm_group() -> Remedy {
    Remedy::default()
        .on(Place::Shell, "sudo chgrp kvm /dev/kvm && sudo chmod 0660 /dev/kvm")
        .on(Place::Github, "- run: sudo chmod 0666 /dev/kvm")
}

/// Returns how a machine gets KVM that can have it.
pub fn kvm_device() -> Remedy {
    Remedy::default()
        .on(
            Place::Nixos,
            "boot.kernelModules = [ \"kvm-intel\" \"kvm-amd\" ]; # whichever it is",
        )
        .on(Place::Debian, "sudo modprobe kvm_intel || sudo modprobe kvm_amd")
        .on(
            Place::Github,
            "runs-on: ubuntu-24.04 # runners for x86_64 have it, those for ARM do not",
        )
}

/// Returns how a program built from source gets the agent of another processor.
pub fn agent(processor: &str) -> Remedy {
    Remedy::default().on(
        Place::Shell,
        format!("rustup target add {processor}-unknown-linux-musl # then build cfgcheck anew"),
    )
}

/// Returns how to get an installed Nix.
pub fn nix() -> Remedy {
    Remedy::default()
        .on(Place::Nixos, "nix.enable = true; # as it is by default")
        .on(Place::Debian, "sudo apt-get install nix-bin nix-setup-systemd")
        .on(
            Place::Github,
            "- uses: cachix/install-nix-action@630ae543ea3a38a9a4166f03376c02c50f408342 # v31.11.0",
        )
}

/// Returns how a user reaches the daemon of an installed Nix.
pub fn nix_daemon(user: &str) -> Remedy {
    Remedy::default()
        .on(Place::Nixos, "sudo systemctl restart nix-daemon.socket")
        .on(
            Place::Debian,
            format!("sudo systemctl restart nix-daemon.socket; sudo usermod -aG nix-users {user} # then log in again"),
        )
        .on(
            Place::Github,
            "- uses: cachix/install-nix-action@630ae543ea3a38a9a4166f03376c02c50f408342 # v31.11.0",
        )
}

/// Returns how to get the certificates of public authorities.
pub fn certificates() -> Remedy {
    Remedy::default()
        .on(
            Place::Nixos,
            "security.pki.installCACerts = true; # as it is by default",
        )
        .on(
            Place::NixShell,
            "export SSL_CERT_FILE=$(nix build --no-link --print-out-paths nixpkgs#cacert)/etc/ssl/certs/ca-bundle.crt",
        )
        .on(Place::Debian, "sudo apt-get install ca-certificates")
        .on(
            Place::Github,
            "- run: sudo apt-get update && sudo apt-get install -y ca-certificates",
        )
}
