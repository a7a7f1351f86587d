# Tools for the command line that are the same on every host.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.programs.cli;
in
{
  options.fleet.programs.cli = {
    enable = lib.mkEnableOption "the usual command line tools" // {
      default = true;
    };
    extraPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = lib.literalExpression "[ pkgs.hello ]";
      description = "More tools.";
    };
  };
  config = lib.mkIf cfg.enable {
    environment.systemPackages = [
      pkgs.fd
      pkgs.fleet-status
      pkgs.htop
      pkgs.jq
      pkgs.ripgrep
      pkgs.tmux
    ]
    ++ cfg.extraPackages;
    environment.shellAliases.g = "git";
    programs.git.enable = true;
    programs.vim = {
      enable = true;
      defaultEditor = true;
    };
  };
}
