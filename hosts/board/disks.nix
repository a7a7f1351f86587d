# A memory card, written by an image and not by disko: two labelled partitions.
{
  fileSystems = {
    "/" = {
      label = "NIXOS_SD";
      fsType = "ext4";
      options = [ "noatime" ];
    };
    "/boot/firmware" = {
      label = "FIRMWARE";
      fsType = "vfat";
      options = [
        "nofail"
        "noauto"
      ];
    };
    "/tmp" = {
      device = "tmpfs";
      fsType = "tmpfs";
      options = [ "size=30%" ];
    };
  };
}
