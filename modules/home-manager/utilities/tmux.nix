# Several terminals in one, which stay when the connection goes.
{ config, lib, ... }:
let
  cfg = config.fleet.utilities.tmux;
in
{
  options.fleet.utilities.tmux = {
    enable = lib.mkEnableOption "several terminals in one";
    mouse = lib.mkEnableOption "the mouse in it" // {
      default = true;
    };
  };
  config = lib.mkIf cfg.enable {
    programs.tmux = {
      enable = true;
      baseIndex = 1;
      keyMode = "vi";
      inherit (cfg) mouse;
    };
  };
}
