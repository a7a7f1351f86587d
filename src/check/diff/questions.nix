# What is asked of a configuration: each attribute is a question, whose answer is data. Each is
# evaluated by itself, so that one which fails leaves the others. `or` stands where a version of
# nixpkgs, home-manager or nix-darwin, or a container, lacks something.
#
# Secrets do not leave the evaluator: of passwords only a hash of all is told.
host:
let
  inherit (builtins)
    attrNames
    attrValues
    concatMap
    filter
    hashString
    isAttrs
    isString
    listToAttrs
    map
    mapAttrs
    toJSON
    ;
  config = host.config;
  when = holds: set: if holds then set else { };
  keep =
    holds: set:
    listToAttrs (
      concatMap (
        name:
        if holds set.${name} then
          [
            {
              inherit name;
              value = set.${name};
            }
          ]
        else
          [ ]
      ) (attrNames set)
    );
  enabled = keep (entry: entry.enable or true);

  # Name and path of each package; what is no package is left out.
  packages =
    list:
    map (package: {
      inherit (package) name;
      path = package.outPath;
    }) (filter (package: isAttrs package && package ? name && package ? outPath) list);
  named = package: if isAttrs package then package.pname or package.name or "" else package;

  # The file or folder that an entry of /etc or of a home is, by its contents.
  files = entries: mapAttrs (_: entry: if isString entry.source then entry.source else "${entry.source}") (enabled entries);

  unitsOf =
    units:
    mapAttrs (_: unit: {
      text = unit.text or "";
      wanted-by = (unit.wantedBy or [ ]) ++ (unit.requiredBy or [ ]) ++ (unit.upheldBy or [ ]);
    }) (enabled units);

  home = config: {
    packages = packages (config.home.packages or [ ]);
    files = files (config.home.file or { });
    state-version = config.home.stateVersion or null;
    units =
      let
        of =
          kind: suffix:
          map (name: {
            name = "${name}.${suffix}";
            value = config.systemd.user.${kind}.${name};
          }) (attrNames (config.systemd.user.${kind} or { }));
      in
      listToAttrs (
        of "services" "service"
        ++ of "sockets" "socket"
        ++ of "targets" "target"
        ++ of "timers" "timer"
        ++ of "paths" "path"
        ++ of "slices" "slice"
        ++ of "mounts" "mount"
        ++ of "automounts" "automount"
      );
  };

  ports = set: {
    tcp = set.allowedTCPPorts or [ ];
    tcp-ranges = set.allowedTCPPortRanges or [ ];
    udp = set.allowedUDPPorts or [ ];
    udp-ranges = set.allowedUDPPortRanges or [ ];
  };
in
{
  packages = packages (config.environment.systemPackages or [ ]);

  user-packages = concatMap (user: packages (user.packages or [ ])) (attrValues (config.users.users or { }));

  units = unitsOf (config.systemd.units or { });

  user-units = unitsOf (config.systemd.user.units or { });

  unit-packages = packages (config.systemd.packages or [ ]);

  users = mapAttrs (_: user: {
    uid = user.uid or null;
    group = user.group or "";
    extra-groups = user.extraGroups or [ ];
    home = user.home or null;
    shell = named (user.shell or "");
    description = user.description or "";
    keys = user.openssh.authorizedKeys.keys or [ ];
    key-files = map (file: "${file}") (user.openssh.authorizedKeys.keyFiles or [ ]);
    password = hashString "sha256" (
      toJSON [
        (user.password or null)
        (user.hashedPassword or null)
        (user.initialPassword or null)
        (user.initialHashedPassword or null)
      ]
    );
    password-file = user.hashedPasswordFile or null;
  }) (enabled (config.users.users or { }));

  groups = mapAttrs (_: group: {
    gid = group.gid or null;
    members = group.members or [ ];
  }) (config.users.groups or { });

  firewall =
    let
      firewall = config.networking.firewall or { };
    in
    when (firewall ? enable) {
      enable = firewall.enable;
      all = ports firewall;
      interfaces = mapAttrs (_: ports) (firewall.interfaces or { });
      trusted = firewall.trustedInterfaces or [ ];
      ping = firewall.allowPing or null;
    };

  kernel =
    let
      inherit (config) boot;
    in
    when ((config.boot or { }) ? kernelPackages && boot.kernel.enable or true && !(boot.isContainer or false)) {
      name = boot.kernelPackages.kernel.name;
      path = boot.kernelPackages.kernel.outPath;
      tree = config.system.modulesTree.outPath or null;
      initrd = if boot.initrd.enable or true then config.system.build.initialRamdisk.outPath or null else null;
      parameters = boot.kernelParams or [ ];
      modules = boot.kernelModules or [ ];
      initrd-modules = (boot.initrd.availableKernelModules or [ ]) ++ (boot.initrd.kernelModules or [ ]);
      blacklist = boot.blacklistedKernelModules or [ ];
      extra = map named (boot.extraModulePackages or [ ]);
    };

  boot = when ((config.system or { }) ? boot) {
    loader = config.system.boot.loader.id or "";
    timeout = config.boot.loader.timeout or null;
  };

  manager = when ((config.systemd or { }) ? package) {
    inherit (config.systemd.package) name;
    path = config.systemd.package.outPath;
    interface = config.systemd.package.interfaceVersion or null;
    inhibitors = config.system.switch.inhibitors or { };
  };

  file-systems = mapAttrs (_: fs: {
    device = fs.device or null;
    label = fs.label or null;
    type = fs.fsType or "";
    options = fs.options or [ ];
  }) (enabled (config.fileSystems or { }));

  swaps = map (swap: swap.device or "") (config.swapDevices or [ ]);

  specialisations = mapAttrs (_: special: special.configuration.system.build.toplevel.drvPath) (
    config.specialisation or { }
  );

  system = {
    "state version" = config.system.stateVersion or null;
    "host name" = config.networking.hostName or null;
    platform = host.pkgs.stdenv.hostPlatform.system or null;
    release = config.system.nixos.version or null;
  };

  etc = files (config.environment.etc or { });

  home = if config ? home && config.home ? packages then home config else null;

  homes = mapAttrs (_: home) (config.home-manager.users or { });
}
