# Machines that software is written on.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.fleet.programs.development;
in
{
  options.fleet.programs.development = {
    enable = lib.mkEnableOption "tools for software development";
    containers = lib.mkEnableOption "containers by Podman, also under the name `docker`";
  };
  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ pkgs.nixfmt ];
    virtualisation.podman = lib.mkIf cfg.containers {
      enable = true;
      dockerCompat = true;
    };
  };
}
