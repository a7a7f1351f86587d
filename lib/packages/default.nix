# The fleet's own packages: `callPackage` gives each file what it asks for.
{ callPackage }:
{
  fleet-inventory = callPackage ./fleet-inventory.nix { };
  fleet-rollback = callPackage ./fleet-rollback.nix { };
  fleet-status = callPackage ./fleet-status.nix { };
}
