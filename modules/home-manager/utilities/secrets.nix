# A person's own secrets, by SOPS: they are decrypted when the person logs in, with a
# key that only this person has. The host's secrets are another matter, and are not
# seen from here.
{
  config,
  inputs,
  lib,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.utilities.secrets;
in
{
  imports = [ inputs.sops-nix.homeManagerModules.sops ];

  options.fleet.utilities.secrets = {
    enable = lib.mkEnableOption "secrets by SOPS";
    file = mkOption {
      type = types.path;
      default = ../../../secrets + "/${config.home.username}.yaml";
      defaultText = lib.literalExpression "./secrets + \"/\${config.home.username}.yaml\"";
      description = "The encrypted file.";
    };
    keyFile = mkOption {
      type = types.str;
      default = "${config.xdg.configHome}/sops/age/keys.txt";
      defaultText = lib.literalExpression "\"\${config.xdg.configHome}/sops/age/keys.txt\"";
      description = "The person's age key.";
    };
    names = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "git/token" ];
      description = "The secrets, by their paths in the file.";
    };
  };
  config = lib.mkIf cfg.enable {
    sops = {
      defaultSopsFile = cfg.file;
      age.keyFile = cfg.keyFile;
      secrets = lib.genAttrs cfg.names (_: { });
    };
  };
}
