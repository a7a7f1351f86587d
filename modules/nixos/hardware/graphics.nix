# Graphics cards. The vendor's free drivers are in the kernel and in Mesa; what is
# said here is the acceleration that programs may use.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  cfg = config.fleet.hardware.graphics;
in
{
  options.fleet.hardware.graphics = {
    enable = lib.mkEnableOption "hardware acceleration of graphics";
    vendor = mkOption {
      type = types.nullOr (
        types.enum [
          "amd"
          "intel"
        ]
      );
      default = null;
      description = "Who made the graphics card, or null when it does not matter.";
    };
    games = lib.mkEnableOption "the same acceleration for 32-bit programs, which many games are";
  };
  config = mkIf cfg.enable {
    hardware.graphics = {
      enable = true;
      # There is no 32-bit variant of an ARM system's drivers.
      enable32Bit = mkIf (cfg.games && pkgs.stdenv.hostPlatform.isx86) true;
    };
    # The screen shows something before the root file system is there.
    boot.initrd.kernelModules =
      lib.optional (cfg.vendor == "amd") "amdgpu" ++ lib.optional (cfg.vendor == "intel") "i915";
  };
}
