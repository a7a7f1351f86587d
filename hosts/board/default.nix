# The board: a small aarch64 computer that measures and reports, and answers the local
# network's questions for names.
{
  config,
  lib,
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
    base = {
      role.name = "board";
      users.people = { inherit (import ../users.nix) alice; };
      homes.enable = false;
    };
    networking = {
      dns.serve = true;
      lan = {
        enable = true;
        interface = "end0";
      };
    };
    programs.packages.base.exclude = [
      "rsync"
      "vim"
    ];
    security = {
      isolation.services.report = { };
      secrets = {
        enable = true;
        names = [ "measurements/token" ];
      };
    };
    # A memory card does not like to be written to.
    services.logs = {
      volatile = true;
      size = "64M";
    };
  };

  # The one thing that it is for.
  systemd.services.report = {
    description = "Report measurements";
    startAt = "*:0/5";
    path = [ pkgs.curl ];
    script = ''
      printf 'Authorization: Bearer %s\n' "$(cat "$CREDENTIALS_DIRECTORY/token")" |
        curl --fail --header @- --data "host=${config.networking.fqdn}" \
          https://www.example.org/measurements
    '';
    serviceConfig = {
      Type = "oneshot";
      DynamicUser = true;
      # The service gets this one secret, and cannot read the files of others.
      LoadCredential = lib.mkIf config.fleet.security.secrets.enable "token:${
        config.sops.secrets."measurements/token".path
      }";
    };
  };
}
