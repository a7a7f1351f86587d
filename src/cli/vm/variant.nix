# What is laid over a host whose own disks cannot be made in a virtual machine: one ext4 disk stands for all of them, and
# what waits for hardware or for other machines does not. What lies in memory stays. Applied to both generations alike, so that no difference
# between them is ours. As strong as NixOS's own overrides for machines of tests; everything else is the host's own.
kept: alone:
{
  lib,
  options,
  ...
}:
let
  inMemory = map (
    fileSystem:
    lib.nameValuePair fileSystem.mountPoint {
      inherit (fileSystem) device fsType options;
    }
  ) (builtins.fromJSON kept);
  force = lib.mkOverride 10;
  # An option of one release of NixOS is none of another.
  set =
    path: value:
    lib.optionalAttrs (lib.hasAttrByPath path options) (lib.setAttrByPath path value);
in
lib.mkMerge (
  [
    {
      fileSystems = force (
        lib.listToAttrs inMemory
        // {
          "/" = {
            device = "/dev/disk/by-label/cfgcheck-root";
            fsType = "ext4";
          };
        }
      );
      swapDevices = force [ ];
      boot.initrd.luks.devices = force { };
      # A container has no kernel; here it gets that of a machine.
      boot.isContainer = force false;
    }
    (lib.mkIf alone {
      boot.initrd.availableKernelModules = [
        "virtio_pci"
        "virtio_blk"
      ];
    })
  ]
  ++ map ({ path, value }: set path (force value)) [
    { path = [ "boot" "loader" "timeout" ]; value = 1; }
    { path = [ "boot" "loader" "efi" "canTouchEfiVariables" ]; value = false; }
    { path = [ "boot" "loader" "grub" "devices" ]; value = [ "nodev" ]; }
    { path = [ "boot" "loader" "grub" "mirroredBoots" ]; value = [ { path = "/boot"; devices = [ "nodev" ]; } ]; }
    { path = [ "boot" "initrd" "network" "enable" ]; value = false; }
    { path = [ "boot" "swraid" "enable" ]; value = false; }
    { path = [ "boot" "zfs" "forceImportRoot" ]; value = false; }
    { path = [ "hardware" "deviceTree" "filter" ]; value = null; }
    { path = [ "systemd" "network" "wait-online" "enable" ]; value = false; }
    { path = [ "services" "timesyncd" "enable" ]; value = false; }
    { path = [ "services" "smartd" "enable" ]; value = false; }
    { path = [ "virtualisation" "oci-containers" "containers" ]; value = { }; }
  ]
)
