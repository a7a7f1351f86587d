# The prompt: where one is, on which branch, and whether the last command failed. It
# names the host only where somebody came in by SSH.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.shells.prompt;
in
{
  options.fleet.shells.prompt = {
    enable = lib.mkEnableOption "a prompt that is the same in every shell";
    symbol = mkOption {
      type = types.str;
      default = "›";
      description = "What stands before the command.";
    };
  };
  config = lib.mkIf cfg.enable {
    programs.starship = {
      enable = true;
      settings = {
        add_newline = false;
        format = "$hostname$directory$git_branch$git_status$nix_shell$character";
        hostname.ssh_only = true;
        character = {
          success_symbol = "[${cfg.symbol}](bold green)";
          error_symbol = "[${cfg.symbol}](bold red)";
        };
      };
    };
  };
}
