# A graphical desktop: window manager, browser, sound.
{ config, lib, ... }:
let
  inherit (lib) mkDefault mkOption types;
  cfg = config.fleet.programs.desktop;
in
{
  options.fleet.programs.desktop = {
    enable = lib.mkEnableOption "a graphical desktop";
    autologin = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "alice";
      description = "Who is logged in without being asked.";
    };
    homepage = mkOption {
      type = types.strMatching "https?://.+";
      default = "https://nixos.org";
      description = "Where the browser begins.";
    };
  };
  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.autologin != null -> config.fleet.users ? ${toString cfg.autologin};
        message = "fleet.programs.desktop.autologin is ‘${toString cfg.autologin}’, who is not in fleet.users";
      }
    ];
    programs.sway.enable = true;
    programs.firefox = {
      enable = true;
      policies = {
        DisableTelemetry = true;
        Homepage.URL = cfg.homepage;
      };
    };
    services.getty.autologinUser = cfg.autologin;
    fleet.hardware.audio.enable = mkDefault true;
    fleet.homes.modules = [ { fleet.desktop.enable = mkDefault true; } ];
  };
}
