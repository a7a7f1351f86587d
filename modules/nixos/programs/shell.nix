# The shells that people may have, and what is the same in all of them.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.programs.shell;
  packages = {
    bash = pkgs.bashInteractive;
    inherit (pkgs) fish zsh;
  };
in
{
  options.fleet.programs.shell = {
    enable = lib.mkEnableOption "the fleet's shells" // {
      default = true;
    };
    default = mkOption {
      type = types.enum (lib.attrNames packages);
      default = "bash";
      description = "The shell of users who have not chosen one.";
    };
    more = mkOption {
      type = types.listOf (types.enum (lib.attrNames packages));
      default = [ ];
      example = [ "zsh" ];
      description = "More shells that users may choose.";
    };
    aliases = mkOption {
      type = types.attrsOf types.str;
      default = {
        g = "git";
        ll = "ls -l";
      };
      description = "Short names of commands, in each shell.";
    };
  };
  config =
    let
      installed = [ cfg.default ] ++ cfg.more;
    in
    lib.mkIf cfg.enable {
      users.defaultUserShell = packages.${cfg.default};
      environment.shellAliases = cfg.aliases;
      programs.zsh.enable = lib.elem "zsh" installed;
      programs.fish.enable = lib.elem "fish" installed;
    };
}
