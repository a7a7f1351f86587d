# Disks: telling flash which blocks are free, and watching over their health.
{ config, lib, ... }:
let
  cfg = config.fleet.hardware.storage;
in
{
  options.fleet.hardware.storage = {
    enable = lib.mkEnableOption "care for the disks" // {
      default = !config.boot.isContainer;
      defaultText = lib.literalExpression "!config.boot.isContainer";
    };
    flash = lib.mkEnableOption "weekly trimming, for solid-state disks and memory cards" // {
      default = true;
    };
    watch = lib.mkEnableOption "watching what the disks say about their own health";
  };
  config = lib.mkIf cfg.enable {
    services.fstrim.enable = cfg.flash;
    services.smartd.enable = cfg.watch;
  };
}
