# Which secrets a host and its homes want, where they come from, and what reads them: `told` is JSON. The files themselves
# are read by `text` and `hash`, one by one, as one that cannot be read must not keep the others from being told.
host:
let
  inherit (builtins)
    any
    attrNames
    attrValues
    concatMap
    elemAt
    filter
    getContext
    hashFile
    isList
    isPath
    isString
    pathExists
    readFile
    storeDir
    stringLength
    substring
    toJSON
    tryEval
    unsafeDiscardStringContext
    ;
  inherit (host) config;
  plain = value: unsafeDiscardStringContext (toString value);
  startsWith = prefix: text: substring 0 (stringLength prefix) text == prefix;
  homes = config.home-manager.users or { };

  # Whether a file is there to be read, ought to be, or lies on the host or is built.
  stateOf =
    file:
    let
      isBuilt = any (context: context ? outputs || context ? allOutputs) (
        attrValues (getContext (toString file))
      );
      isOurs = isPath file || startsWith "${storeDir}/" (plain file);
    in
    if isBuilt || !isOurs then
      "elsewhere"
    else if pathExists file then
      "here"
    else
      "missing";

  # A secret as both kinds of options describe it, and the file itself.
  described =
    home: kind: name: secret: file: more: {
      inherit file;
      told = {
        inherit home kind name;
        file = plain file;
        path = plain secret.path;
        state = stateOf file;
        key = "";
        format = "binary";
        neededForUsers = secret.neededForUsers or false;
      }
      // more;
    };
  secretsOf =
    home: scope:
    let
      sops = scope.sops.secrets or { };
      agenix = scope.age.secrets or { };
    in
    map (
      name:
      let
        secret = sops.${name};
      in
      described home "sops" name secret secret.sopsFile { inherit (secret) format key; }
    ) (attrNames sops)
    ++ map (name: described home "agenix" name agenix.${name} agenix.${name}.file { }) (
      attrNames agenix
    );
  secrets =
    secretsOf null config ++ concatMap (home: secretsOf home homes.${home}) (attrNames homes);

  # The file that secrets come from if they name none, where there is one.
  defaultOf =
    home: scope:
    let
      found = tryEval (plain scope.sops.defaultSopsFile);
    in
    {
      inherit home;
      file = if scope ? sops.defaultSopsFile && found.success then found.value else null;
    };

  # Paths of the secrets that are read for some use.
  enabled = filter (unit: unit.enable or true) (attrValues (config.systemd.services or { }));
  netdevs = attrValues (config.systemd.network.netdevs or { });
  interfaces =
    attrValues (config.networking.wireguard.interfaces or { })
    ++ attrValues (config.networking.wg-quick.interfaces or { });
  users = attrValues config.users.users;
  listOf = value: if isList value then value else [ value ];
  uses = {
    password-hash = concatMap (user: [
      (user.hashedPasswordFile or null)
      (user.passwordFile or null)
    ]) users;
    wire-guard =
      concatMap (
        interface:
        [ (interface.privateKeyFile or null) ] ++ map (peer: peer.presharedKeyFile or null) interface.peers
      ) interfaces
      ++ concatMap (
        netdev:
        [ (netdev.wireguardConfig.PrivateKeyFile or null) ]
        ++ map (peer: peer.PresharedKeyFile or peer.wireguardPeerConfig.PresharedKeyFile or null) (
          netdev.wireguardPeers or [ ]
        )
      ) netdevs;
    ssh-key = map (key: key.path) (config.services.openssh.hostKeys or [ ]);
    environment = concatMap (unit: listOf (unit.serviceConfig.EnvironmentFile or [ ])) enabled;
  };
in
{
  told = toJSON {
    secrets = map (secret: secret.told) secrets;
    defaults = [ (defaultOf null config) ] ++ map (home: defaultOf home homes.${home}) (attrNames homes);
    uses =
      if secrets == [ ] then
        { }
      else
        builtins.mapAttrs (_use: paths: map plain (filter (path: isString path || isPath path) paths)) uses;
    nixSettings = if secrets == [ ] then "" else config.nix.extraOptions or "";
  };
  text = index: readFile (elemAt secrets index).file;
  hash = index: hashFile "sha256" (elemAt secrets index).file;
}
