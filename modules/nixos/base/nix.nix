# Nix on every host: flakes, who may use it, and when old systems go away.
{
  config,
  lib,
  inputs,
  ...
}:
let
  inherit (lib) mkDefault mkOption types;
  cfg = config.fleet.base.nix;
in
{
  options.fleet.base.nix = {
    enable = lib.mkEnableOption "the fleet's settings of Nix" // {
      default = true;
    };
    caches = mkOption {
      type = types.attrsOf types.singleLineStr;
      default = { };
      example = {
        "https://cache.example.org" = "cache.example.org-1:abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqr=";
      };
      description = "Binary caches that are asked besides that of NixOS, each with its public key.";
    };
    collectGarbage = lib.mkEnableOption "deleting systems that are no longer in use" // {
      default = true;
    };
    keepDays = mkOption {
      type = types.ints.between 1 365;
      default = 30;
      description = "After how many days systems that are no longer in use are deleted.";
    };
    accessTokens = lib.mkEnableOption "the fleet's access to private repositories, whose tokens are secrets";
    trustedUsers = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "@wheel" ];
      description = "Users, besides root, whose word the Nix daemon takes. They can become root by it, without a password.";
    };
  };

  config = lib.mkIf cfg.enable {
    fleet.security.secrets.common = lib.mkIf cfg.accessTokens [ "nix/access-tokens" ];
    nix = {
      settings = {
        experimental-features = [
          "nix-command"
          "flakes"
        ];
        auto-optimise-store = true;
        allowed-users = [ "@users" ];
        trusted-users = cfg.trustedUsers;
        substituters = lib.attrNames cfg.caches;
        trusted-public-keys = lib.attrValues cfg.caches;
      };
      # The file is read by Nix, and never by the evaluation of this.
      extraOptions = lib.mkIf (cfg.accessTokens && config.fleet.security.secrets.enable) "!include ${
        config.sops.secrets."nix/access-tokens".path
      }";
      gc = {
        automatic = cfg.collectGarbage;
        dates = mkDefault "weekly";
        options = "--delete-older-than ${toString cfg.keepDays}d";
      };
      # Small machines build one thing at a time, and leave room for their work.
      settings.max-jobs = mkDefault (if config.fleet.hardware.memory.size < 4096 then 1 else "auto");
      # `nix run nixpkgs#…` on a host means the packages that it is made of.
      registry.nixpkgs.flake = inputs.nixpkgs;
    };
  };
}
