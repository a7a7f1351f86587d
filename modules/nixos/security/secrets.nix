# Secrets, by SOPS: they stand encrypted in `secrets/`, each file for those hosts
# only that `.sops.yaml` names, and are decrypted at the start of the host that has
# the key. No secret is ever in the store.
#
# `secrets/common.yaml` has what all hosts may know, such as the users' passwords (as
# hashes); `secrets/<host>.yaml` is found by the host's own name.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.security.secrets;
  inherit (config.fleet.base.users) people;
  commonFile = cfg.folder + "/common.yaml";
  passwordOf = name: "users/${name}/password";
in
{
  options.fleet.security.secrets = {
    enable = lib.mkEnableOption "secrets by SOPS";
    folder = mkOption {
      type = types.path;
      default = ../../../secrets;
      defaultText = lib.literalExpression "./secrets";
      description = "Where the encrypted files are.";
    };
    names = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "wireguard/key" ];
      description = "Secrets of this host, by their paths in its own file.";
    };
    common = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "nix/access-tokens" ];
      description = "Secrets that all hosts may know, by their paths in `common.yaml`.";
    };
    passwords = lib.mkEnableOption "the users' passwords from `common.yaml`" // {
      default = true;
    };
    keyFile = mkOption {
      type = types.nullOr types.path;
      default = "/var/lib/sops-nix/key.txt";
      description = "A file on the host with its age key; null means that the host's SSH key is it.";
    };
  };

  config = lib.mkIf cfg.enable {
    sops = {
      defaultSopsFile = cfg.folder + "/${config.networking.hostName}.yaml";
      age = {
        inherit (cfg) keyFile;
        sshKeyPaths = lib.optional (cfg.keyFile == null) "/etc/ssh/ssh_host_ed25519_key";
      };
      secrets =
        lib.genAttrs cfg.names (_: { })
        // lib.genAttrs cfg.common (_: { sopsFile = commonFile; })
        // lib.optionalAttrs cfg.passwords (
          lib.mapAttrs' (
            name: _user:
            lib.nameValuePair (passwordOf name) {
              sopsFile = commonFile;
              # Accounts are made before other secrets are there.
              neededForUsers = true;
            }
          ) people
        );
    };
    users.users = lib.mkIf cfg.passwords (
      lib.mapAttrs (name: _user: {
        hashedPasswordFile = config.sops.secrets.${passwordOf name}.path;
      }) people
    );
  };
}
