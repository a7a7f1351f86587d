# Bluetooth: head sets, mice, keyboards.
{ config, lib, ... }:
let
  cfg = config.fleet.hardware.bluetooth;
in
{
  options.fleet.hardware.bluetooth = {
    enable = lib.mkEnableOption "Bluetooth";
    alwaysOn = lib.mkEnableOption "Bluetooth from the start; otherwise it is switched on when it is wanted";
  };
  config = lib.mkIf cfg.enable {
    hardware.bluetooth = {
      enable = true;
      powerOnBoot = cfg.alwaysOn;
      settings.General = {
        # Strangers do not see the host, and pairing is asked for each time.
        DiscoverableTimeout = 60;
        Privacy = "device";
      };
    };
  };
}
