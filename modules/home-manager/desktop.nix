# The part of a home that needs a screen.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.desktop;
in
{
  options.fleet.desktop = {
    enable = lib.mkEnableOption "the configuration of the desktop";
    terminal = mkOption {
      type = types.str;
      default = "foot";
      description = "The terminal that the window manager starts.";
    };
    nightLight = lib.mkEnableOption "warmer colours at night";
  };
  config = lib.mkIf cfg.enable {
    programs.firefox = {
      enable = true;
      # The system has installed it already.
      package = null;
      profiles.default.settings = {
        "browser.aboutConfig.showWarning" = false;
        "privacy.donottrackheader.enabled" = true;
      };
    };
    xdg.enable = true;
    xdg.configFile."sway/config".text = ''
      set $mod Mod4
      bindsym $mod+Return exec ${cfg.terminal}
      bindsym $mod+Shift+q kill
    '';
    systemd.user.services.night-light = lib.mkIf cfg.nightLight {
      Unit.Description = "Warmer colours at night";
      Service.ExecStart = "${pkgs.coreutils}/bin/sleep infinity";
      Install.WantedBy = [ "graphical-session.target" ];
    };
  };
}
