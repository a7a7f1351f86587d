# The server: web sites, their database, and the backups of the others. It is
# also evaluated for aarch64-linux, because it may move to such a machine.
{
  imports = [
    ./hardware-configuration.nix
    ./disks.nix
  ];

  system.stateVersion = "25.05";

  fleet = {
    users = {
      inherit (import ../users.nix) alice;
    };
    security = {
      ssh.enable = true;
      sudo.passwordless = true;
      hardening.level = "strict";
    };
    networking.lan = {
      enable = true;
      interface = "enp1s0";
      address = "192.0.2.10";
    };
    services = {
      web = {
        enable = true;
        sites."www.example.org" = {
          root = "/srv/www";
          aliases = [ "example.org" ];
          certificates = "/var/lib/certificates/example.org";
        };
        sites."wiki.example.org".port = 8080;
      };
      database = {
        enable = true;
        applications = [ "wiki" ];
        memory = "1GB";
      };
      backup = {
        enable = true;
        jobs.sites.paths = [ "/srv/www" ];
      };
    };
  };

  # The application behind the wiki's site, as a container image.
  virtualisation.oci-containers.containers.wiki = {
    image = "registry.example.org/wiki:4.2";
    ports = [ "127.0.0.1:8080:80" ];
    environment.DATABASE = "postgresql:///wiki";
  };
}
