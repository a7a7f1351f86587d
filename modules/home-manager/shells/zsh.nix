# Zsh, for those who like its completion.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.shells.zsh;
in
{
  options.fleet.shells.zsh = {
    enable = lib.mkEnableOption "the configuration of Zsh";
    suggestions = lib.mkEnableOption "suggestions from the history while one types";
    history = mkOption {
      type = types.ints.positive;
      default = 20000;
      description = "How many commands are remembered.";
    };
  };
  config = lib.mkIf cfg.enable {
    programs.zsh = {
      enable = true;
      dotDir = "${config.xdg.configHome}/zsh";
      autosuggestion.enable = cfg.suggestions;
      history = {
        size = cfg.history;
        save = cfg.history;
        ignoreSpace = true;
      };
    };
  };
}
