# The part of a home that needs a screen: keys and windows of Hyprland, and the
# programs that go with it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkDefault mkOption types;
  cfg = config.fleet.applications.desktop;
  workspaces = lib.range 1 5;
in
{
  options.fleet.applications.desktop = {
    enable = lib.mkEnableOption "the configuration of the desktop";
    terminal = mkOption {
      type = types.str;
      default = "foot";
      description = "The terminal that the window manager starts.";
    };
    monitors = mkOption {
      type = types.listOf types.str;
      default = [ ", preferred, auto, 1" ];
      example = [ "DP-1, 2560x1440@144, 0x0, 1" ];
      description = "The screens, as Hyprland's `monitor` says them.";
    };
    nightLight = lib.mkEnableOption "warmer colours at night";
  };
  config = lib.mkIf cfg.enable {
    fleet.applications = {
      browser.enable = mkDefault true;
      media.enable = mkDefault true;
      reader.enable = mkDefault true;
      terminal.enable = mkDefault true;
    };
    xdg.enable = true;
    wayland.windowManager.hyprland = {
      enable = true;
      # The system has installed both already, from Hyprland's own flake.
      package = null;
      portalPackage = null;
      configType = "hyprlang";
      settings = {
        "$mod" = "SUPER";
        monitor = cfg.monitors;
        input.kb_layout = "us";
        general = {
          gaps_in = 4;
          gaps_out = 8;
          border_size = 2;
        };
        bind = [
          "$mod, Return, exec, ${cfg.terminal}"
          "$mod SHIFT, Q, killactive"
          "$mod, F, fullscreen"
        ]
        ++ lib.concatMap (
          n:
          let
            key = toString n;
          in
          [
            "$mod, ${key}, workspace, ${key}"
            "$mod SHIFT, ${key}, movetoworkspace, ${key}"
          ]
        ) workspaces;
      };
    };
    systemd.user.services.night-light = lib.mkIf cfg.nightLight {
      Unit = {
        Description = "Warmer colours at night";
        PartOf = [ "graphical-session.target" ];
      };
      Service = {
        ExecStart = "${lib.getExe pkgs.wlsunset} -l 52.5 -L 13.4";
        Restart = "on-failure";
      };
      Install.WantedBy = [ "graphical-session.target" ];
    };
  };
}
