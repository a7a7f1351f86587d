# The browser, and what it tells others.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.applications.browser;
in
{
  options.fleet.applications.browser = {
    enable = lib.mkEnableOption "the configuration of the browser";
    installed = lib.mkEnableOption "the package; hosts of the fleet have it already";
    settings = mkOption {
      type = types.attrsOf (
        types.oneOf [
          types.bool
          types.int
          types.str
        ]
      );
      default = { };
      example = {
        "browser.tabs.inTitlebar" = 0;
      };
      description = "More settings, as `about:config` names them.";
    };
  };
  config = lib.mkIf cfg.enable {
    programs.firefox = {
      enable = true;
      package = lib.mkIf (!cfg.installed) null;
      profiles.default.settings = {
        "browser.aboutConfig.showWarning" = false;
        "dom.security.https_only_mode" = true;
        "privacy.donottrackheader.enabled" = true;
      }
      // cfg.settings;
    };
  };
}
