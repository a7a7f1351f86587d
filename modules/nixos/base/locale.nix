# Language, keyboard and time.
{ config, lib, ... }:
let
  inherit (lib) mkDefault mkOption types;
  cfg = config.fleet.base.locale;
in
{
  options.fleet.base.locale = {
    enable = lib.mkEnableOption "the fleet's language and time zone" // {
      default = true;
    };
    timeZone = mkOption {
      type = types.str;
      default = "Europe/Berlin";
      example = "Europe/Lisbon";
      description = "Where the host stands.";
    };
    language = mkOption {
      type = types.strMatching "[a-z]{2}_[A-Z]{2}\\.UTF-8";
      default = "en_US.UTF-8";
      description = "The language of messages.";
    };
    formats = mkOption {
      type = types.strMatching "[a-z]{2}_[A-Z]{2}\\.UTF-8";
      default = "de_DE.UTF-8";
      description = "The country whose way to write dates, numbers and amounts is used.";
    };
  };

  config = lib.mkIf cfg.enable {
    time.timeZone = mkDefault cfg.timeZone;
    i18n = {
      defaultLocale = mkDefault cfg.language;
      extraLocaleSettings = lib.genAttrs [
        "LC_MEASUREMENT"
        "LC_MONETARY"
        "LC_NUMERIC"
        "LC_PAPER"
        "LC_TIME"
      ] (_: cfg.formats);
    };
    console.keyMap = mkDefault "us";
  };
}
