# What is laid over a host whose secrets are replaced: each secret that has a dummy comes from there, and the key that opens
# dummies is the only one. Applied to both generations, each with what it wants itself. As strong as the other override
# (variant.nix); where a secret goes, who may read it and what it restarts are the host's own.
wanted:
let
  files = map (file: builtins.toFile file.name file.text) wanted.files;
  dummy = builtins.elemAt files;

  # The same for a host and for a home: both have the options of sops-nix and agenix under the same names.
  over =
    scope:
    { lib, options, ... }:
    let
      force = lib.mkOverride 10;
      from = option: number: { ${option} = force (dummy number); };
      # What one release of a module has, another one has not.
      set =
        { path, value }:
        lib.optionalAttrs (lib.hasAttrByPath path options) (lib.setAttrByPath path (force value));
      sops =
        [
          { sops.secrets = builtins.mapAttrs (_name: from "sopsFile") scope.sops; }
          (lib.optionalAttrs (scope.default != null) { sops = from "defaultSopsFile" scope.default; })
        ]
        ++ map set [
          { path = [ "sops" "age" "keyFile" ]; value = wanted.identity; }
          { path = [ "sops" "age" "sshKeyPaths" ]; value = [ ]; }
          { path = [ "sops" "gnupg" "home" ]; value = null; }
          { path = [ "sops" "gnupg" "sshKeyPaths" ]; value = [ ]; }
          { path = [ "sops" "gnupg" "qubes-split-gpg" "enable" ]; value = false; }
        ];
      agenix = [
        { age.secrets = builtins.mapAttrs (_name: from "file") scope.agenix; }
        (set { path = [ "age" "identityPaths" ]; value = [ wanted.identity ]; })
      ];
    in
    lib.mkMerge (
      lib.optionals (scope.sops != { }) sops ++ lib.optionals (scope.agenix != { }) agenix
    );
in
{ lib, ... }:
{
  imports = [ (over wanted.host) ];
  config = lib.optionalAttrs (wanted.homes != { }) {
    home-manager.users = builtins.mapAttrs (_name: over) wanted.homes;
  };
}
