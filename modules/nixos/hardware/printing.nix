# Printers, by CUPS. Network printers need no drivers of their own today.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.hardware.printing;
in
{
  options.fleet.hardware.printing = {
    enable = lib.mkEnableOption "printing";
    drivers = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = lib.literalExpression "[ pkgs.gutenprint ]";
      description = "Drivers of printers that cannot do without.";
    };
  };
  config = lib.mkIf cfg.enable {
    services.printing = {
      enable = true;
      inherit (cfg) drivers;
      # It starts when somebody prints, listens to nobody else, and forgets no one's queue.
      startWhenNeeded = true;
      openFirewall = false;
    };
  };
}
