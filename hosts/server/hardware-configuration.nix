# What the installer found out about the machine, which is a virtual one.
{ lib, ... }:
{
  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  boot.initrd.availableKernelModules = [
    "ahci"
    "sd_mod"
  ];
  fleet.hardware.memory.size = 4096;
  fleet.virtualisation.guest.enable = true;
}
