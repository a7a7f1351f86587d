# No disks of its own: what is not in the host's folders is in memory.
{
  disko.devices.nodev."/tmp" = {
    fsType = "tmpfs";
    mountOptions = [
      "mode=1777"
      "size=512M"
    ];
  };
}
