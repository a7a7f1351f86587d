#!/usr/bin/env python3
"""Writes a flake of so many NixOS hosts, for x86_64 and aarch64 in turn, into a new Git repository.

    benches/fleet.py HOSTS NIXPKGS FOLDER [--one-system]

NIXPKGS is a folder with nixpkgs, whose path becomes the input, or the input's address. Hosts have a module in common and one each, and differ in
what web server and database they have, as hosts of a fleet do.
"""

import pathlib
import subprocess
import sys

COMMON = """{ config, lib, pkgs, ... }: {
  boot.loader.systemd-boot.enable = true;
  fileSystems."/" = { device = "/dev/disk/by-label/root"; fsType = "ext4"; };
  fileSystems."/boot" = { device = "/dev/disk/by-label/boot"; fsType = "vfat"; };
  networking.firewall.allowedTCPPorts = [ 22 443 ];
  services.openssh = { enable = true; settings.PasswordAuthentication = false; };
  services.nginx = {
    enable = true;
    virtualHosts.${config.networking.hostName}.locations."/".return = "200";
  };
  users.users.admin = { isNormalUser = true; extraGroups = [ "wheel" ]; openssh.authorizedKeys.keys = [ ]; };
  environment.systemPackages = [ pkgs.git pkgs.htop ];
  system.stateVersion = "26.05";
}
"""

OWN = [
    "services.postgresql.enable = true;",
    "services.redis.servers.main.enable = true;",
    "services.prometheus.enable = true;",
    "services.grafana = { enable = true; settings.security.secret_key = \"$__file{/run/key}\"; };",
]


def main() -> None:
    args = [arg for arg in sys.argv[1:] if not arg.startswith("--")]
    hosts, nixpkgs, folder = int(args[0]), args[1], pathlib.Path(args[2])
    if ":" not in nixpkgs:
        nixpkgs = f"path:{pathlib.Path(nixpkgs).resolve()}"
    systems = ["x86_64-linux"] if "--one-system" in sys.argv else ["x86_64-linux", "aarch64-linux"]
    (folder / "hosts").mkdir(parents=True)
    (folder / "common.nix").write_text(COMMON)
    names = [f"h{number:03}" for number in range(hosts)]
    for number, name in enumerate(names):
        own = f'networking.hostName = "{name}"; networking.hostId = "{number:08x}"; {OWN[number % len(OWN)]}'
        (folder / "hosts" / f"{name}.nix").write_text(f"{{ {own} }}\n")
    lines = [
        f'        {name} = host "{systems[number % len(systems)]}" ./hosts/{name}.nix;' for number, name in enumerate(names)
    ]
    flake = """{
  inputs.nixpkgs.url = "NIXPKGS";
  outputs = { self, nixpkgs }:
    let
      host = system: own: nixpkgs.lib.nixosSystem { modules = [ ./common.nix own { nixpkgs.hostPlatform = system; } ]; };
    in {
      nixosConfigurations = {
HOSTS
      };
    };
}
"""
    (folder / "flake.nix").write_text(flake.replace("NIXPKGS", nixpkgs).replace("HOSTS", "\n".join(lines)))
    git = ["git", "-C", str(folder), "-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "a fleet"], check=True)


main()
