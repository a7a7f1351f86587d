# What every folder of modules in this repository keeps to, as a list of faults:
#
#   - a file is a module that its folder's default.nix imports (none is forgotten),
#   - modules/<kind>/<folder>/<file>.nix declares `fleet.<folder>.<file>.enable`,
#   - every option under `fleet` says what it is.
{ lib }:
{
  # The folder, such as modules/nixos.
  folder,
  # The options of a configuration that imports it.
  options,
}:
let
  modulesIn =
    path: directory:
    lib.concatLists (
      lib.mapAttrsToList (
        name: type:
        if type == "directory" then
          modulesIn (path ++ [ name ]) (directory + "/${name}")
        else
          lib.optional (name != "default.nix" && lib.hasSuffix ".nix" name) (
            path ++ [ (lib.removeSuffix ".nix" name) ]
          )
      ) (builtins.readDir directory)
    );

  withoutSwitch = lib.filter (
    path: !lib.hasAttrByPath (path ++ [ "enable" ]) options.fleet
  ) (modulesIn [ ] folder);

  undocumented = lib.filter (option: !(option ? description)) (
    lib.collect lib.isOption options.fleet
  );
in
map (
  path:
  "${lib.concatStringsSep "/" path}.nix: there is no option fleet.${lib.concatStringsSep "." path}.enable"
) withoutSwitch
++ map (option: "${lib.showOption option.loc}: there is no description") undocumented
