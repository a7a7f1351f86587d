# Who makes commits, and how Git behaves.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.development.git;
in
{
  options.fleet.development.git = {
    enable = lib.mkEnableOption "the configuration of Git" // {
      default = true;
    };
    name = mkOption {
      type = types.str;
      default = config.home.username;
      defaultText = lib.literalExpression "config.home.username";
      description = "The name in commits.";
    };
    email = mkOption {
      type = types.nullOr (types.strMatching "[^@ ]+@[^@ ]+");
      default = null;
      description = "The address in commits.";
    };
    signingKey = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "~/.ssh/id_ed25519.pub";
      description = "The SSH key that signs commits.";
    };
  };
  config = lib.mkIf cfg.enable {
    programs.git = {
      enable = true;
      signing = lib.mkIf (cfg.signingKey != null) {
        key = cfg.signingKey;
        format = "ssh";
        signByDefault = true;
      };
      ignores = [
        "*~"
        "result"
      ];
      settings = {
        user = { inherit (cfg) name email; };
        init.defaultBranch = "main";
        pull.rebase = true;
        alias.st = "status --short";
      };
    };
  };
}
