# What makes any host of the fleet bootable in QEMU: its disks become one ext4
# disk, its console the serial line, its network what is there. Everything else
# stays as the host has it, so its own boot loader, services and users are what
# is tested. All overrides are as strong as those of NixOS's own VMs.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkVMOverride;
  inherit (pkgs.stdenv.hostPlatform) isAarch64;
in
{
  # Where the installer of the boot loader writes is a folder of the root disk.
  fileSystems = mkVMOverride {
    "/" = {
      device = "/dev/vda";
      fsType = "ext4";
    };
  };
  swapDevices = mkVMOverride [ ];
  zramSwap.enable = mkVMOverride false;
  boot = {
    initrd = {
      luks.devices = mkVMOverride { };
      availableKernelModules = mkVMOverride [
        "virtio_blk"
        "virtio_console"
        "virtio_net"
        "virtio_pci"
        "virtio_rng"
      ];
      # In this order, because stage 1 takes them one by one.
      kernelModules = mkVMOverride [
        "virtio_ring"
        "virtio"
        "virtio_pci_legacy_dev"
        "virtio_pci_modern_dev"
        "virtio_pci"
        "virtio_console"
        "virtio_blk"
      ];
      compressor = mkVMOverride "gzip";
    };
    kernelParams = [
      "console=${if isAarch64 then "ttyAMA0" else "ttyS0"}"
      "panic=1"
      "boot.panic_on_fail"
    ];
    loader.timeout = mkVMOverride 1;
    loader.efi.canTouchEfiVariables = mkVMOverride false;
  };
  hardware.firmware = mkVMOverride [ ];
  hardware.enableRedistributableFirmware = mkVMOverride false;
  hardware.deviceTree.filter = mkVMOverride null;

  # A machine with little memory, and the time of an emulated processor.
  services.postgresql.settings.shared_buffers = mkVMOverride "16MB";

  # No card is plugged in: interfaces with the names of the host's are there to have
  # its addresses, and nothing waits for a network behind them.
  systemd.network = {
    wait-online.enable = mkVMOverride false;
    netdevs = lib.mkIf config.networking.useNetworkd (
      lib.mapAttrs' (
        _: i:
        lib.nameValuePair "10-${i.name}" {
          netdevConfig = {
            Kind = "dummy";
            Name = i.name;
          };
        }
      ) config.networking.interfaces
    );
  };
  # No clock of another machine is in reach.
  services.timesyncd.enable = mkVMOverride false;

  # Images of containers cannot be fetched.
  virtualisation.oci-containers.containers = mkVMOverride { };

  # A shell for the test, on a line of its own: a command comes as one line of
  # base64, its exit code and output go back as another.
  systemd.services.test-shell = {
    description = "Root shell of the boot test";
    wantedBy = [ "multi-user.target" ];
    restartIfChanged = false;
    path = lib.mkForce [ ];
    enableDefaultPath = false;
    environment = {
      HOME = "/root";
      PATH = lib.mkForce "/run/wrappers/bin:/run/current-system/sw/bin";
    };
    serviceConfig = {
      ExecStart = "${pkgs.runtimeShell} ${./shell.sh} /dev/virtio-ports/test-shell";
      KillMode = "process";
    };
  };
}
