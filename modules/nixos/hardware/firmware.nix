# Firmware: what devices are loaded with at each start, and what is written into them.
{ config, lib, ... }:
let
  cfg = config.fleet.hardware.firmware;
in
{
  options.fleet.hardware.firmware = {
    enable = lib.mkEnableOption "firmware that may be passed on freely, for devices that need it" // {
      default = !config.boot.isContainer && !config.fleet.virtualisation.guest.enable;
      defaultText = lib.literalExpression "whether the host is a machine of its own";
    };
    updates = lib.mkEnableOption "offering updates of the firmware in the machine itself, by fwupd";
  };
  config = lib.mkIf cfg.enable {
    hardware.enableRedistributableFirmware = true;
    services.fwupd.enable = cfg.updates;
  };
}
