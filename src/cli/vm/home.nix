# The machine that a home is tried on: a small NixOS of the home's own nixpkgs, with nothing but a Nix and the home's user.
home:
let
  inherit (home) config pkgs;
  inherit (config.home) username homeDirectory;
  machine =
    { lib, options, ... }:
    let
      # An option of one release of NixOS is none of another.
      set =
        path: value: lib.optionalAttrs (lib.hasAttrByPath path options) (lib.setAttrByPath path value);
    in
    {
      config = lib.mkMerge [
        {
          nixpkgs.hostPlatform = pkgs.stdenv.hostPlatform.system;
          networking.hostName = "machine";
          # Where no agent is there to load them.
          boot.initrd.availableKernelModules = [
            "virtio_pci"
            "virtio_blk"
          ];
          fileSystems."/" = {
            device = "/dev/disk/by-label/cfgcheck-root";
            fsType = "ext4";
          };
          # It is started from outside.
          boot.loader.grub.enable = false;
          users.users.${username} = {
            isNormalUser = true;
            home = homeDirectory;
            uid = config.home.uid or null;
          };
          system.stateVersion = lib.trivial.release;
        }
        (set [ "documentation" "enable" ] false)
        (set [ "services" "timesyncd" "enable" ] false)
        # All that an activation builds is the user's environment, which Nix itself does, without a builder to guard against.
        (set [ "nix" "settings" ] {
          build-users-group = "";
          sandbox = false;
        })
      ];
    };
in
{
  user = username;
  machine = import (pkgs.path + "/nixos/lib/eval-config.nix") {
    # The module says it.
    system = null;
    modules = [ machine ];
  };
}
