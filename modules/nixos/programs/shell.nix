# The shells that people have, and what is the same in all of them.
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
  # Those who have chosen a shell, and whether a shell is anybody's.
  choosers = lib.filterAttrs (_name: user: user.shell != null) config.fleet.base.users.people;
  isUsed =
    name: cfg.default == name || lib.any (user: user.shell == name) (lib.attrValues choosers);
in
{
  options.fleet.programs.shell = {
    enable = lib.mkEnableOption "the fleet's shells" // {
      default = true;
    };
    default = mkOption {
      type = types.enum (lib.attrNames packages);
      default = "bash";
      description = "The shell of users who have not chosen one (`fleet.base.users.people.<name>.shell`).";
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
  config = lib.mkIf cfg.enable {
    users.defaultUserShell = packages.${cfg.default};
    users.users = lib.mapAttrs (_name: user: { shell = packages.${user.shell}; }) choosers;
    environment.shellAliases = cfg.aliases;
    programs.zsh.enable = isUsed "zsh";
    programs.fish.enable = isUsed "fish";
  };
}
