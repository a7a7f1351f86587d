# Overlays of a host, which is in scope of all of them.
host: {
  plain = final: prev: { text = prev.text + "changed"; };
  named = final: prev: { text = host; };
  reading = final: prev: { text = builtins.readFile ./text.txt; };
  importing = final: prev: { value = (import ./value.nix).value; };
  speaking = final: prev: { text = builtins.trace "an overlay speaks" prev.text; };
  making = final: prev: { text = (import /in/set.nix { platform = "d"; }).system; };
}
