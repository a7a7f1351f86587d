# What the installer found out about the machine.
{ lib, ... }:
{
  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  boot.initrd.availableKernelModules = [
    "ahci"
    "nvme"
    "sd_mod"
    "usbhid"
    "xhci_pci"
  ];
  fleet.hardware = {
    cpu = {
      vendor = "amd";
      virtualisation = true;
    };
    graphics.vendor = "amd";
    memory.size = 32768;
  };
}
