# Machines that move from network to network.
{ config, lib, ... }:
let
  cfg = config.fleet.networking.wireless;
  administrators = lib.filterAttrs (_name: user: user.admin) config.fleet.base.users.people;
in
{
  options.fleet.networking.wireless = {
    enable = lib.mkEnableOption "wireless networks";
    powersave = lib.mkEnableOption "power saving of the wireless card" // {
      default = config.fleet.hardware.battery.enable;
      defaultText = lib.literalExpression "config.fleet.hardware.battery.enable";
    };
  };
  config = lib.mkIf cfg.enable {
    networking.networkmanager = {
      enable = true;
      wifi = {
        inherit (cfg) powersave;
        # Each network sees another card, so that nobody can follow the machine.
        macAddress = "random";
      };
    };
    users.groups.networkmanager.members = lib.attrNames administrators;
  };
}
