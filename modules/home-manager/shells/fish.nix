# Fish, for those who want a shell that needs no configuration; so there is little.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.shells.fish;
in
{
  options.fleet.shells.fish = {
    enable = lib.mkEnableOption "the configuration of Fish";
    abbreviations = mkOption {
      type = types.attrsOf types.str;
      default = {
        g = "git";
      };
      description = "Words that become a whole command when they are typed.";
    };
  };
  config = lib.mkIf cfg.enable {
    programs.fish = {
      enable = true;
      shellAbbrs = cfg.abbreviations;
      interactiveShellInit = "set -g fish_greeting";
    };
  };
}
