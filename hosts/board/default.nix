# The board: a small aarch64 computer that measures and reports.
{
  config,
  pkgs,
  ...
}:
{
  imports = [
    ./hardware-configuration.nix
    ./disks.nix
  ];

  system.stateVersion = "26.05";

  fleet = {
    boot = {
      loader = "extlinux";
      generations = 3;
    };
    users = { inherit (import ../users.nix) alice; };
    security = {
      ssh.enable = true;
      sudo.passwordless = true;
    };
    hardware.memory = {
      compressedSwap = true;
      swappiness = 100;
    };
    networking.lan = {
      enable = true;
      interface = "end0";
      address = "192.0.2.20";
    };
    nix.keepDays = 7;
  };

  # The one thing that it is for.
  systemd.services.report = {
    description = "Report measurements";
    startAt = "*:0/5";
    path = [ pkgs.curl ];
    script = ''
      curl --fail --data "host=${config.networking.fqdn}" https://www.example.org/measurements
    '';
    serviceConfig = {
      Type = "oneshot";
      DynamicUser = true;
    };
  };
}
