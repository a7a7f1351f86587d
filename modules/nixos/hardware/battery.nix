# Machines that run on a battery.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.hardware.battery;
in
{
  options.fleet.hardware.battery = {
    enable = lib.mkEnableOption "power saving on battery";
    chargeLimit = mkOption {
      type = types.ints.between 50 100;
      default = 100;
      example = 80;
      description = "Up to how many percent the battery is charged. Batteries that are not charged fully live longer.";
    };
    name = mkOption {
      type = types.strMatching "BAT[0-9]";
      default = "BAT0";
      description = "The kernel's name of the battery.";
    };
  };
  config = lib.mkIf cfg.enable {
    # Tells programs how full it is, and shuts down before it is empty.
    services.upower.enable = true;
    services.tlp = {
      enable = true;
      settings = {
        CPU_SCALING_GOVERNOR_ON_AC = "performance";
        CPU_SCALING_GOVERNOR_ON_BAT = "powersave";
      }
      // lib.optionalAttrs (cfg.chargeLimit < 100) {
        "START_CHARGE_THRESH_${cfg.name}" = cfg.chargeLimit - 5;
        "STOP_CHARGE_THRESH_${cfg.name}" = cfg.chargeLimit;
      };
    };
  };
}
