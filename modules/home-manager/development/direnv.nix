# A project's tools appear when its folder is entered, and go when it is left.
{ config, lib, ... }:
let
  cfg = config.fleet.development.direnv;
in
{
  options.fleet.development.direnv = {
    enable = lib.mkEnableOption "the tools of a project in its folder";
    quiet = lib.mkEnableOption "saying nothing about it" // {
      default = true;
    };
  };
  config = lib.mkIf cfg.enable {
    programs.direnv = {
      enable = true;
      silent = cfg.quiet;
      # Keeps the tools from garbage collection, so that entering is quick.
      nix-direnv.enable = true;
    };
  };
}
