# A graphical desktop: the window manager Hyprland, from its own flake, with a screen
# to log in at, a browser and fonts.
{
  config,
  lib,
  pkgs,
  ...
}:
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
        assertion =
          cfg.autologin != null -> config.fleet.base.users.people ? ${toString cfg.autologin};
        message = "fleet.programs.desktop.autologin is ‘${toString cfg.autologin}’, who is not one of the host's users";
      }
    ];
    # The package is that of Hyprland's flake, whose module every host has.
    programs.hyprland.enable = true;
    services.greetd = {
      enable = true;
      settings = {
        default_session.command = "${pkgs.greetd}/bin/agreety --cmd Hyprland";
        initial_session = lib.mkIf (cfg.autologin != null) {
          command = "Hyprland";
          user = cfg.autologin;
        };
      };
    };
    programs.firefox = {
      enable = true;
      policies = {
        DisableTelemetry = true;
        Homepage.URL = cfg.homepage;
      };
    };
    fonts.packages = [ pkgs.dejavu_fonts ];
    security.polkit.enable = true;
    fleet.base.homes.modules = [ { fleet.applications.desktop.enable = mkDefault true; } ];
  };
}
