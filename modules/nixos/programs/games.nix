# Games. The one package here that is not free is allowed by its name.
{ config, lib, ... }:
{
  options.fleet.programs.games.enable = lib.mkEnableOption "games";
  config = lib.mkIf config.fleet.programs.games.enable {
    programs.steam.enable = true;
    nixpkgs.config.allowUnfreePredicate = pkg: lib.elem (lib.getName pkg) [ "steam" ];
  };
}
