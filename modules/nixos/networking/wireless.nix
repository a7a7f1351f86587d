# Machines that move from network to network.
{ config, lib, ... }:
let
  cfg = config.fleet.networking.wireless;
in
{
  options.fleet.networking.wireless = {
    enable = lib.mkEnableOption "wireless networks";
    powersave = lib.mkEnableOption "power saving of the wireless card";
    bluetooth = lib.mkEnableOption "Bluetooth";
  };
  config = lib.mkIf cfg.enable {
    networking.networkmanager = {
      enable = true;
      wifi.powersave = cfg.powersave;
    };
    hardware.bluetooth = lib.mkIf cfg.bluetooth {
      enable = true;
      powerOnBoot = false;
    };
  };
}
