# Vim: small, and the same on every host.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.editors.vim;
in
{
  options.fleet.editors.vim = {
    enable = lib.mkEnableOption "the configuration of Vim" // {
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
      # Whoever has Neovim, too, means it.
      defaultEditor = !config.fleet.editors.neovim.enable;
      settings = {
        expandtab = true;
        shiftwidth = cfg.indent;
        tabstop = cfg.indent;
        number = true;
      };
    };
  };
}
