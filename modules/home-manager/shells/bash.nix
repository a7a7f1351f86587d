# Bash: the shell that is everywhere.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.shells.bash;
in
{
  options.fleet.shells.bash = {
    enable = lib.mkEnableOption "the configuration of Bash" // {
      default = true;
    };
    history = mkOption {
      type = types.ints.positive;
      default = 20000;
      description = "How many commands are remembered.";
    };
  };
  config = lib.mkIf cfg.enable {
    programs.bash = {
      enable = true;
      historyControl = [ "ignoreboth" ];
      historySize = cfg.history;
      historyFileSize = cfg.history * 10;
    };
  };
}
