# Programming languages that somebody uses everywhere; projects bring their own.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.development.languages;
  tools = {
    nix = [ pkgs.nixfmt ];
    python = [ pkgs.python3 ];
    shell = [ pkgs.shellcheck ];
  };
in
{
  options.fleet.development.languages = {
    enable = lib.mkEnableOption "tools of programming languages";
    used = mkOption {
      type = types.listOf (types.enum (lib.attrNames tools));
      default = [ "shell" ];
      example = [
        "nix"
        "python"
      ];
      description = "The languages.";
    };
  };
  config = lib.mkIf cfg.enable {
    home.packages = lib.concatMap (language: tools.${language}) cfg.used;
    home.sessionVariables = lib.mkIf (lib.elem "python" cfg.used) {
      PYTHONDONTWRITEBYTECODE = "1";
    };
  };
}
