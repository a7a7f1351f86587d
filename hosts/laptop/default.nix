# The laptop: one person, encrypted disk, on battery, in foreign networks.
{
  imports = [
    ./hardware-configuration.nix
    ./disks.nix
  ];

  system.stateVersion = "25.11";

  fleet = {
    users = { inherit (import ../users.nix) alice; };
    programs = {
      desktop.enable = true;
      development.enable = true;
    };
    hardware.battery = {
      enable = true;
      chargeLimit = 80;
    };
    hardware.memory.compressedSwap = true;
    networking.wireless = {
      enable = true;
      powersave = true;
      bluetooth = true;
    };
    security.hardening.level = "strict";
    # It travels, so it shows the time of where it is.
    locale.timeZone = "Europe/Lisbon";
  };
}
