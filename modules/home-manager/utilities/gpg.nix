# GnuPG, for mail and for those who sign with it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.utilities.gpg;
in
{
  options.fleet.utilities.gpg = {
    enable = lib.mkEnableOption "GnuPG and its agent";
    minutes = mkOption {
      type = types.ints.positive;
      default = 30;
      description = "How long the agent remembers a passphrase.";
    };
  };
  config = lib.mkIf cfg.enable {
    programs.gpg = {
      enable = true;
      settings = {
        no-comments = true;
        keyid-format = "0xlong";
      };
    };
    services.gpg-agent = {
      enable = true;
      defaultCacheTtl = cfg.minutes * 60;
      pinentry.package = pkgs.pinentry-curses;
    };
  };
}
