# Virtual machines, by libvirt and QEMU, where the processor can do it.
{
  config,
  lib,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.virtualisation.libvirt;
in
{
  options.fleet.virtualisation.libvirt = {
    enable = lib.mkEnableOption "virtual machines";
    users = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Users who may manage the machines. Whoever may do that can become root.";
    };
  };
  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = config.fleet.hardware.cpu.virtualisation;
        message = "fleet.virtualisation.libvirt is enabled on ${config.networking.hostName}, whose processor cannot do it (fleet.hardware.cpu.virtualisation)";
      }
    ];
    virtualisation.libvirtd = {
      enable = true;
      onBoot = "ignore";
      onShutdown = "shutdown";
      qemu.runAsRoot = false;
    };
    users.groups.libvirtd.members = cfg.users;
  };
}
