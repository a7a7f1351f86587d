# The terminal.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.applications.terminal;
in
{
  options.fleet.applications.terminal = {
    enable = lib.mkEnableOption "the terminal";
    lines = mkOption {
      type = types.ints.positive;
      default = 10000;
      description = "How many lines can be scrolled back.";
    };
  };
  config = lib.mkIf cfg.enable {
    programs.foot = {
      enable = true;
      settings = {
        main.term = "xterm-256color";
        scrollback.lines = cfg.lines;
        mouse.hide-when-typing = "yes";
      };
    };
  };
}
