# How a host boots, as one choice instead of one switch for each boot loader.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    mkDefault
    mkIf
    mkMerge
    mkOption
    types
    ;
  cfg = config.fleet.base.boot;
in
{
  options.fleet.base.boot = {
    enable = lib.mkEnableOption "a boot loader and a kernel" // {
      default = !config.boot.isContainer;
      defaultText = lib.literalExpression "!config.boot.isContainer";
    };
    loader = mkOption {
      type = types.enum [
        "systemd-boot"
        "grub"
        "extlinux"
      ];
      default = "systemd-boot";
      description = "What starts the kernel: `systemd-boot` on machines with EFI, `grub` on those without, `extlinux` on boards with U-Boot.";
    };
    grubDevice = mkOption {
      type = types.str;
      default = "nodev";
      example = "/dev/sda";
      description = "The disk that GRUB is installed on.";
    };
    generations = mkOption {
      type = types.ints.positive;
      default = 10;
      description = "How many systems the boot menu offers; as many steps back are possible.";
    };
    latestKernel = lib.mkEnableOption "the newest kernel instead of the long-term one";
  };

  config = mkIf cfg.enable (mkMerge [
    (mkIf (cfg.loader == "systemd-boot") {
      boot.loader = {
        systemd-boot = {
          enable = true;
          configurationLimit = cfg.generations;
          # Whoever can edit the kernel's command line is root.
          editor = false;
        };
        efi.canTouchEfiVariables = mkDefault true;
      };
    })
    (mkIf (cfg.loader == "grub") {
      boot.loader.grub = {
        enable = true;
        device = cfg.grubDevice;
        configurationLimit = cfg.generations;
      };
    })
    (mkIf (cfg.loader == "extlinux") {
      boot.loader.grub.enable = false;
      boot.loader.generic-extlinux-compatible = {
        enable = true;
        configurationLimit = cfg.generations;
      };
    })
    (mkIf cfg.latestKernel { boot.kernelPackages = pkgs.linuxPackages_latest; })
  ]);
}
