# The desktop: two people, games, music, software development.
{ lib, pkgs, ... }:
let
  people = import ../users.nix;
in
{
  imports = [
    ./hardware-configuration.nix
    ./disks.nix
  ];

  system.stateVersion = "26.05";

  fleet = {
    boot.latestKernel = true;
    users = {
      inherit (people) bob;
      alice = people.alice // {
        home.modules = [
          {
            fleet.desktop.nightLight = true;
            fleet.shell.multiplexer = true;
          }
        ];
      };
    };
    programs = {
      desktop.enable = true;
      development = {
        enable = true;
        containers = true;
      };
      games.enable = true;
      cli.extraPackages = [ pkgs.hello ];
    };
    hardware.audio.lowLatency = true;
    networking.wireless.enable = true;
    services.backup = {
      enable = true;
      jobs.homes = {
        paths = [ "/home" ];
        target = "server:/srv/backup/nixos";
      };
    };
  };

  # An entry in the boot menu for when the newest kernel does not work.
  specialisation.safe.configuration = {
    fleet.boot.latestKernel = lib.mkForce false;
    system.nixos.tags = [ "safe" ];
  };
}
