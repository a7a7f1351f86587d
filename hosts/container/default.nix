# The container: the smallest system of the fleet, on another host's kernel. It
# is evaluated for both architectures.
{
  imports = [
    ./hardware-configuration.nix
    ./disks.nix
  ];

  system.stateVersion = "26.05";

  fleet = {
    boot.loader = "none";
    users = { inherit (import ../users.nix) alice; };
    programs.cli.enable = false;
    security.ssh.enable = true;
    security.hardening.level = "none";
  };

  # Its packages come with the host's updates.
  nix.gc.automatic = false;
  environment.defaultPackages = [ ];
}
