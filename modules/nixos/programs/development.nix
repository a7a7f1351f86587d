# Machines that software is written on: the tools are those of `packages.dev`, and
# here is what they want of the system.
{ config, lib, ... }:
let
  cfg = config.fleet.programs.development;
in
{
  options.fleet.programs.development = {
    enable = lib.mkEnableOption "software development";
    containers = lib.mkEnableOption "containers, also under the name `docker`";
    capture = lib.mkEnableOption "looking at the network's packets, for administrators";
  };
  config = lib.mkIf cfg.enable {
    fleet.programs.packages.dev.enable = lib.mkDefault true;
    fleet.virtualisation.podman = lib.mkIf cfg.containers {
      enable = lib.mkDefault true;
      docker = lib.mkDefault true;
    };
    programs.direnv.enable = true;
    programs.wireshark.enable = cfg.capture;
    # Builds are many files: this is how many may be watched for changes.
    boot.kernel.sysctl."fs.inotify.max_user_watches" = 524288;
  };
}
