# The people of the fleet. A user is described once and is the same on each host.
{
  config,
  lib,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.base.users;

  user = types.submodule (
    { name, ... }:
    {
      options = {
        description = mkOption {
          type = types.singleLineStr;
          default = name;
          example = "Alice Example";
          description = "Who the person is, in full.";
        };
        uid = mkOption {
          type = types.nullOr (types.ints.between 1000 29999);
          default = null;
          description = "The user's number, when it must be the same on all hosts.";
        };
        email = mkOption {
          type = types.nullOr (types.strMatching "[^@ ]+@[^@ ]+");
          default = null;
          description = "The user's address, for commits.";
        };
        admin = lib.mkEnableOption "administration of the host by this user";
        keys = mkOption {
          type = types.listOf (types.strMatching "(ssh|ecdsa|sk)-.+");
          default = [ ];
          description = "Public SSH keys that let the user in.";
        };
        shell = mkOption {
          type = types.nullOr (
            types.enum [
              "bash"
              "fish"
              "zsh"
            ]
          );
          default = null;
          description = "The user's shell, or null for the one that the host gives everybody.";
        };
        groups = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = "More groups that the user is in.";
        };
        home = {
          enable = lib.mkEnableOption "a home by home-manager" // {
            default = true;
          };
          modules = mkOption {
            type = types.listOf types.deferredModule;
            default = [ ];
            description = "Home-manager modules of this user.";
          };
        };
      };
    }
  );

  admins = lib.filterAttrs (_name: u: u.admin) cfg.people;
in
{
  options.fleet.base.users = {
    enable = lib.mkEnableOption "the fleet's users" // {
      default = true;
    };
    people = mkOption {
      type = types.attrsOf user;
      default = { };
      description = "The people who use this host; `hosts/users.nix` describes them.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = lib.mapAttrsToList (name: u: {
      assertion = u.keys != [ ];
      message = "fleet.base.users.people.${name} is an administrator without an SSH key";
    }) admins;
    warnings =
      lib.optional (cfg.people != { } && admins == { })
        "None of the users of ${config.networking.hostName} is an administrator (fleet.base.users.people.<name>.admin).";

    # The configuration is all there is: no accounts made by hand.
    users.mutableUsers = false;
    users.users = lib.mapAttrs (_name: u: {
      isNormalUser = true;
      inherit (u) description uid;
      extraGroups = u.groups ++ lib.optional u.admin "wheel";
      openssh.authorizedKeys.keys = u.keys;
    }) cfg.people;
  };
}
