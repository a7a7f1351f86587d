# The editor.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.editor;
in
{
  options.fleet.editor = {
    enable = lib.mkEnableOption "the configuration of the editor" // {
      default = true;
    };
    indent = mkOption {
      type = types.ints.between 1 8;
      default = 2;
      description = "How many spaces a step of indentation has.";
    };
  };
  config = lib.mkIf cfg.enable {
    programs.vim = {
      enable = true;
      defaultEditor = true;
      settings = {
        expandtab = true;
        shiftwidth = cfg.indent;
        tabstop = cfg.indent;
        number = true;
      };
    };
  };
}
