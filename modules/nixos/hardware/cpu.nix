# The maker of the processor: its microcode, its virtualisation, its firmware.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  cfg = config.fleet.hardware.cpu;
  # The same host can be evaluated for another platform, where none of this exists.
  inherit (pkgs.stdenv.hostPlatform) isx86;
in
{
  options.fleet.hardware.cpu = {
    enable = lib.mkEnableOption "what the processor's maker wants" // {
      default = cfg.vendor != null;
      defaultText = lib.literalExpression "config.fleet.hardware.cpu.vendor != null";
    };
    vendor = mkOption {
      type = types.nullOr (
        types.enum [
          "amd"
          "intel"
        ]
      );
      default = null;
      description = "Who made the processor, or null when it does not matter.";
    };
    virtualisation = lib.mkEnableOption "virtual machines on this processor";
  };
  config = mkIf (cfg.enable && isx86) {
    hardware.cpu.amd.updateMicrocode = cfg.vendor == "amd";
    hardware.cpu.intel.updateMicrocode = cfg.vendor == "intel";
    boot.kernelModules = lib.optional cfg.virtualisation "kvm-${cfg.vendor}";
    # Intel's small computers get hot, and slow down early without it.
    services.thermald.enable = cfg.vendor == "intel" && config.fleet.hardware.battery.enable;
  };
}
