# How long a host remembers what happened, and how much room that may take.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.services.logs;
in
{
  options.fleet.services.logs = {
    enable = lib.mkEnableOption "limits of the journal" // {
      default = true;
    };
    size = mkOption {
      type = types.strMatching "[0-9]+[MG]";
      default = "1G";
      description = "How much room the journal may take.";
    };
    keepDays = mkOption {
      type = types.ints.positive;
      default = 90;
      description = "After how many days entries are deleted.";
    };
    volatile = lib.mkEnableOption "keeping the journal in memory, for storage that wears out";
  };
  config = lib.mkIf cfg.enable {
    services.journald = {
      storage = if cfg.volatile then "volatile" else "persistent";
      extraConfig = ''
        ${if cfg.volatile then "RuntimeMaxUse" else "SystemMaxUse"}=${cfg.size}
        MaxRetentionSec=${toString cfg.keepDays}day
      '';
    };
  };
}
