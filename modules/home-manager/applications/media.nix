# Films and music.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.applications.media;
in
{
  options.fleet.applications.media = {
    enable = lib.mkEnableOption "a player of films and music";
    languages = mkOption {
      type = types.listOf (types.strMatching "[a-z]{2,3}");
      default = [
        "en"
        "de"
      ];
      description = "Languages of sound and subtitles, the best first.";
    };
  };
  config = lib.mkIf cfg.enable {
    programs.mpv = {
      enable = true;
      config = {
        alang = lib.concatStringsSep "," cfg.languages;
        slang = lib.concatStringsSep "," cfg.languages;
        hwdec = "auto-safe";
        save-position-on-quit = true;
      };
    };
  };
}
