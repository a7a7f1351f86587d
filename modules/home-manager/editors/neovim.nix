# Neovim, for those who write software all day.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.editors.neovim;
in
{
  options.fleet.editors.neovim = {
    enable = lib.mkEnableOption "the configuration of Neovim";
    indent = mkOption {
      type = types.ints.between 1 8;
      default = config.fleet.editors.vim.indent;
      defaultText = lib.literalExpression "config.fleet.editors.vim.indent";
      description = "How many spaces a step of indentation has.";
    };
  };
  config = lib.mkIf cfg.enable {
    programs.neovim = {
      enable = true;
      defaultEditor = true;
      viAlias = true;
      withPython3 = false;
      withRuby = false;
      extraConfig = ''
        set expandtab shiftwidth=${toString cfg.indent} tabstop=${toString cfg.indent}
        set number undofile
      '';
    };
  };
}
