# The laptop: one person, encrypted disk, on battery, in foreign networks.
let
  people = import ../users.nix;
in
{
  imports = [
    ./hardware-configuration.nix
    ./disks.nix
  ];

  system.stateVersion = "25.11";

  fleet = {
    base = {
      users.people.alice = people.alice // {
        home.modules = [
          {
            fleet.utilities = {
              gpg.enable = true;
              notes.enable = true;
            };
          }
        ];
      };
      role.name = "laptop";
      updates.enable = true;
      # It travels, so it shows the time of where it is.
      locale.timeZone = "Europe/Lisbon";
    };
    networking = {
      links.enable = true;
      vpn.enable = true;
    };
    programs = {
      development = {
        enable = true;
        capture = true;
      };
      packages.hack.enable = true;
      theme.fontSize = 13;
    };
    security = {
      audit.enable = true;
      secrets.enable = true;
    };
    services.backup = {
      enable = true;
      jobs.homes = {
        paths = [ "/home" ];
        # When it is opened in the evening, and not while it travels.
        schedule = "19:00";
      };
    };
  };
}
