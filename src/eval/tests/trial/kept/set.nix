# A package set: a platform as text or elaborated, a configuration, and overlays.
{
  platform,
  config ? { },
  overlays ? [ ],
}@args:
let
  lib = import ./lib.nix;
  elaborated = if builtins.isString platform then lib.elaborate platform else platform;
  base = self: {
    inherit elaborated;
    inherit (lib) loud;
    system = self.elaborated.system;
    length = self.elaborated.length;
    same = x: x;
    failing = throw "the set has nothing of this name";
    text = builtins.readFile ./text.txt;
    value = (import ./value.nix).value;
    unfree = config.unfree or false;
    drv = derivation {
      name = "set";
      inherit (self) system;
      builder = "/bin/sh";
      env = self.text;
    };
    given = builtins.attrNames args;
    again = import ./set.nix { platform = "c"; };
  };
in
let
  final = builtins.foldl' (set: overlay: set // overlay final set) (base final) overlays;
in
final
