# The server: web sites, their database, the fleet's application, and the backups of
# the others. It is made for both architectures, because it may move to an ARM machine.
{
  imports = [
    ./hardware-configuration.nix
    ./disks.nix
  ];

  system.stateVersion = "25.11";

  fleet = {
    base = {
      users.people = { inherit (import ../users.nix) alice; };
      role.name = "server";
    };
    networking = {
      lan = {
        enable = true;
        interface = "enp1s0";
      };
      vpn.enable = true;
    };
    security.secrets.enable = true;
    services = {
      web = {
        enable = true;
        sites."www.example.org" = {
          root = "/srv/www";
          aliases = [ "example.org" ];
          certificates = "/var/lib/certificates/example.org";
        };
      };
      app = {
        enable = true;
        site = "app.example.org";
      };
      database = {
        enable = true;
        applications = [ "shop" ];
        memory = "1GB";
      };
      backup = {
        enable = true;
        jobs.sites.paths = [ "/srv/www" ];
      };
    };
  };
}
