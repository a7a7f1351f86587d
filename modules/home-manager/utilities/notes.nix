# Notes as lines of text, by a small program that somebody publishes in the Nix User
# Repository.
{
  config,
  inputs,
  lib,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.utilities.notes;
in
{
  imports = [ inputs.nur.repos.field-notes.homeModules.jot ];

  options.fleet.utilities.notes = {
    enable = lib.mkEnableOption "keeping notes";
    folder = mkOption {
      type = types.str;
      default = "${config.home.homeDirectory}/notes";
      defaultText = lib.literalExpression "\"\${config.home.homeDirectory}/notes\"";
      description = "Where the notes are.";
    };
  };
  config = lib.mkIf cfg.enable {
    programs.jot = {
      enable = true;
      inherit (cfg) folder;
    };
  };
}
