# What the installer found out about the machine.
{ lib, ... }:
{
  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  boot.initrd.availableKernelModules = [
    "nvme"
    "thunderbolt"
    "usb_storage"
    "xhci_pci"
  ];
  fleet.hardware = {
    battery.chargeLimit = 80;
    cpu.vendor = "intel";
    graphics.vendor = "intel";
    memory = {
      size = 16384;
      compressedSwap = true;
    };
  };
}
