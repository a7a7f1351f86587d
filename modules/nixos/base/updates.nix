# Updates that a host takes by itself from the fleet's repository. They are built
# and become the default of the next boot; the running system is left alone unless
# the host may restart itself. docs/fleet.md tells how to update by hand.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.base.updates;
in
{
  options.fleet.base.updates = {
    enable = lib.mkEnableOption "updates without somebody's doing";
    flake = mkOption {
      type = types.str;
      default = "github:example/fleet";
      example = "git+ssh://git@server/srv/git/fleet";
      description = "Where the fleet's repository is.";
    };
    schedule = mkOption {
      type = types.str;
      default = "Sun 04:00";
      description = "When, in the words of {manpage}`systemd.time(7)`.";
    };
    restart = lib.mkEnableOption "a restart at night when an update brings another kernel";
  };
  config = lib.mkIf cfg.enable {
    system.autoUpgrade = {
      enable = true;
      # Only what the repository's lock file says: updates of inputs are commits.
      flake = "${cfg.flake}#${config.networking.hostName}";
      operation = "boot";
      dates = cfg.schedule;
      randomizedDelaySec = "45min";
      allowReboot = cfg.restart;
      rebootWindow = lib.mkIf cfg.restart {
        lower = "03:00";
        upper = "05:30";
      };
    };
  };
}
