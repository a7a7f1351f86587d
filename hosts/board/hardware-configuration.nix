# The board's own facts: an aarch64 computer whose firmware is U-Boot.
{ lib, pkgs, ... }:
{
  nixpkgs.hostPlatform = lib.mkDefault "aarch64-linux";

  boot.initrd.availableKernelModules = [
    "mmc_block"
    "usbhid"
    "xhci_pci"
  ];
  boot.kernelParams = [ "console=ttyS1,115200n8" ];
  hardware.deviceTree.filter = "bcm2711-rpi-4-*.dtb";

  fleet.hardware.memory = {
    size = 2048;
    swappiness = 100;
  };

  # For writing a new card: the boot loader that belongs to this board.
  system.build.uboot = pkgs.ubootRaspberryPi4;
}
