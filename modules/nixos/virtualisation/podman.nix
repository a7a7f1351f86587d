# Containers by Podman: no daemon, and no group whose members are root in disguise.
{ config, lib, ... }:
let
  cfg = config.fleet.virtualisation.podman;
in
{
  options.fleet.virtualisation.podman = {
    enable = lib.mkEnableOption "containers by Podman";
    docker = lib.mkEnableOption "the command `docker` as another name of Podman";
    clean = lib.mkEnableOption "removing images that nothing uses, each week" // {
      default = true;
    };
  };
  config = lib.mkIf cfg.enable {
    virtualisation.podman = {
      enable = true;
      dockerCompat = cfg.docker;
      defaultNetwork.settings.dns_enabled = true;
      autoPrune.enable = cfg.clean;
    };
  };
}
