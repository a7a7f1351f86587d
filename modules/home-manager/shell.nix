# The shell: history, aliases, a multiplexer.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.shell;
in
{
  options.fleet.shell = {
    enable = lib.mkEnableOption "the shell configuration" // {
      default = true;
    };
    aliases = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = { gs = "git status"; };
      description = "Aliases besides those that everybody has.";
    };
    multiplexer = lib.mkEnableOption "tmux";
  };
  config = lib.mkIf cfg.enable {
    programs.bash = {
      enable = true;
      historyControl = [ "ignoreboth" ];
      shellAliases = {
        ".." = "cd ..";
        rebuild = "sudo nixos-rebuild switch --flake .";
      }
      // cfg.aliases;
    };
    programs.tmux = lib.mkIf cfg.multiplexer {
      enable = true;
      baseIndex = 1;
      keyMode = "vi";
      mouse = true;
    };
    home.sessionPath = [ "$HOME/.local/bin" ];
  };
}
