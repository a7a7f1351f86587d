# Machines with little memory swap to compressed memory first.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.hardware.memory;
in
{
  options.fleet.hardware.memory = {
    compressedSwap = lib.mkEnableOption "swapping to compressed memory";
    swappiness = mkOption {
      type = types.nullOr (types.ints.between 0 200);
      default = null;
      description = "How readily the kernel swaps; null leaves the decision to it.";
    };
  };
  config = lib.mkMerge [
    (lib.mkIf cfg.compressedSwap {
      zramSwap = {
        enable = true;
        memoryPercent = lib.mkDefault 50;
      };
    })
    (lib.mkIf (cfg.swappiness != null) { boot.kernel.sysctl."vm.swappiness" = cfg.swappiness; })
  ];
}
