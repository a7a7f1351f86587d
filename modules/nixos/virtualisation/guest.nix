# Hosts that are virtual machines themselves: the drivers of QEMU's devices, and an
# agent by which the machine around them can shut them down in order.
{ config, lib, ... }:
let
  cfg = config.fleet.virtualisation.guest;
in
{
  options.fleet.virtualisation.guest = {
    enable = lib.mkEnableOption "being a virtual machine";
    agent = lib.mkEnableOption "the agent of QEMU";
  };
  config = lib.mkIf cfg.enable {
    boot.initrd.availableKernelModules = [
      "virtio_blk"
      "virtio_net"
      "virtio_pci"
      "virtio_scsi"
    ];
    services.qemuGuest.enable = cfg.agent;
  };
}
