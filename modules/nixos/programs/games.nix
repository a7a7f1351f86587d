# Games. The few packages here that are not free are allowed by their names.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.fleet.programs.games;
in
{
  options.fleet.programs.games = {
    enable = lib.mkEnableOption "games";
    unfree = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [
        "steam"
        "steam-original"
        "steam-run"
        "steam-unwrapped"
      ];
      description = "Packages that are not free and are installed nevertheless.";
    };
  };
  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = pkgs.stdenv.hostPlatform.isx86;
        message = "fleet.programs.games is enabled on ${config.networking.hostName}, and the games are for x86 only";
      }
    ];
    programs.steam.enable = true;
    fleet.hardware.graphics.games = lib.mkDefault true;
    nixpkgs.config.allowUnfreePredicate = package: lib.elem (lib.getName package) cfg.unfree;
  };
}
