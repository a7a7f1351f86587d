# Files with colours, where `cat` has none.
{ config, lib, ... }:
let
  cfg = config.fleet.utilities.bat;
in
{
  options.fleet.utilities.bat = {
    enable = lib.mkEnableOption "showing files with colours";
    plain = lib.mkEnableOption "showing no frame and no line numbers" // {
      default = true;
    };
  };
  config = lib.mkIf cfg.enable {
    programs.bat = {
      enable = true;
      config.style = if cfg.plain then "plain" else "full";
    };
    home.sessionVariables.PAGER = "bat";
  };
}
