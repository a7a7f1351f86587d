# Addresses that guess passwords are shut out for a while, and longer each time.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.security.bans;
in
{
  options.fleet.security.bans = {
    enable = lib.mkEnableOption "shutting out addresses that guess passwords, by fail2ban";
    attempts = mkOption {
      type = types.ints.positive;
      default = 5;
      description = "How many failures are forgiven.";
    };
    time = mkOption {
      type = types.strMatching "[0-9]+[smhdw]";
      default = "1h";
      description = "For how long an address is shut out the first time.";
    };
    never = mkOption {
      type = types.listOf types.str;
      default = [
        "192.0.2.0/24"
        "198.51.100.0/24"
      ];
      description = "Networks that are never shut out: the fleet's own.";
    };
  };
  config = lib.mkIf cfg.enable {
    services.fail2ban = {
      enable = true;
      maxretry = cfg.attempts;
      bantime = cfg.time;
      bantime-increment = {
        enable = true;
        maxtime = "1w";
      };
      ignoreIP = cfg.never;
    };
  };
}
