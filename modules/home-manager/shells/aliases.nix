# Short names of commands, the same in every shell.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.shells.aliases;
in
{
  options.fleet.shells.aliases = {
    enable = lib.mkEnableOption "short names of commands" // {
      default = true;
    };
    names = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = {
        gs = "git status";
      };
      description = "Short names besides those that everybody has.";
    };
  };
  config = lib.mkIf cfg.enable {
    home.shellAliases = {
      ".." = "cd ..";
      rebuild = "sudo nixos-rebuild switch --flake .";
    }
    // cfg.names;
    home.sessionPath = [ "$HOME/.local/bin" ];
  };
}
