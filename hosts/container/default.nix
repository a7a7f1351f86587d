# The container: the smallest system of the fleet, on another machine's kernel, and a
# good one to begin with. It is made for both architectures.
{
  imports = [
    ./hardware-configuration.nix
    ./disks.nix
  ];

  system.stateVersion = "26.05";

  fleet.base = {
    role.name = "container";
    users.people = { inherit (import ../users.nix) alice; };
    homes.enable = false;
  };

  # Nothing but what it is for.
  environment.defaultPackages = [ ];
}
