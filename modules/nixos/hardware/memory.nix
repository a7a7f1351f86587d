# How much memory there is, and what follows: machines with little of it swap to
# compressed memory first.
{ config, lib, ... }:
let
  inherit (lib)
    mkIf
    mkMerge
    mkOption
    types
    ;
  cfg = config.fleet.hardware.memory;
in
{
  options.fleet.hardware.memory = {
    enable = lib.mkEnableOption "settings that fit the size of the memory" // {
      default = !config.boot.isContainer;
      defaultText = lib.literalExpression "!config.boot.isContainer";
    };
    size = mkOption {
      type = types.ints.positive;
      default = 8192;
      example = 1024;
      description = "The size of the memory in MiB.";
    };
    compressedSwap = lib.mkEnableOption "swapping to compressed memory" // {
      default = cfg.size <= 4096;
      defaultText = lib.literalExpression "config.fleet.hardware.memory.size <= 4096";
    };
    swappiness = mkOption {
      type = types.nullOr (types.ints.between 0 200);
      default = null;
      description = "How readily the kernel swaps; null leaves the decision to it.";
    };
  };
  config = mkIf cfg.enable (mkMerge [
    (mkIf cfg.compressedSwap {
      zramSwap = {
        enable = true;
        memoryPercent = lib.mkDefault 50;
      };
    })
    (mkIf (cfg.swappiness != null) { boot.kernel.sysctl."vm.swappiness" = cfg.swappiness; })
  ]);
}
