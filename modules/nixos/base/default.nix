# What every host has: a role, a way to boot, a language, Nix, users and their homes.
{
  imports = [
    ./boot.nix
    ./homes.nix
    ./locale.nix
    ./nix.nix
    ./role.nix
    ./updates.nix
    ./users.nix
  ];
}
