# The scripts by which a host's disks are made and mounted, and what they are for, as JSON.
host:
let
  inherit (builtins) attrValues map toJSON;
  inherit (host.config) disko;
  inherit (host.config.system) build;
in
{
  told = toJSON {
    folder = disko.rootMountPoint;
    devices = map (disk: disk.device) (attrValues (disko.devices.disk or { }));
  };
  format = build.formatScript.drvPath;
  mount = build.mountScript.drvPath;
}
