# Finding files and old commands by a few letters of them.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.fleet.utilities.fzf;
in
{
  options.fleet.utilities.fzf = {
    enable = lib.mkEnableOption "finding files and old commands by a few letters";
    hidden = lib.mkEnableOption "finding files whose names begin with a dot";
  };
  config = lib.mkIf cfg.enable {
    programs.fzf = {
      enable = true;
      defaultCommand = "${lib.getExe pkgs.fd} --type f" + lib.optionalString cfg.hidden " --hidden";
    };
  };
}
