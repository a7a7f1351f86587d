# The right time, on which certificates and logs depend.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.services.time;
in
{
  options.fleet.services.time = {
    enable = lib.mkEnableOption "setting the clock by time servers" // {
      default = true;
    };
    servers = mkOption {
      type = types.nonEmptyListOf types.str;
      default = [
        "0.nixos.pool.ntp.org"
        "1.nixos.pool.ntp.org"
      ];
      description = "Time servers that are asked.";
    };
  };
  config = lib.mkIf cfg.enable {
    services.timesyncd = {
      enable = true;
      inherit (cfg) servers;
    };
  };
}
