# The package sets that a host may have, by what they are made with.
host:
let
  make = import /in/set.nix;
  platform = (import /in/lib.nix).elaborate "a";
  overlays = import ./overlays.nix host;
  with-overlays = names: make {
    inherit platform;
    overlays = map (name: overlays.${name}) names;
  };
in
{
  inherit make platform;
  text = make { platform = "a"; };
  other = make { platform = "b"; };
  elaborated = make { inherit platform; };
  unfree = make {
    inherit platform;
    config.unfree = true;
  };
  of-host = make {
    inherit platform;
    config.unfree = host;
  };
  of-file = make {
    inherit platform;
    config = import ./value.nix;
  };
  plain = with-overlays [ "plain" ];
  named = with-overlays [ "named" ];
  reading = with-overlays [ "reading" "importing" ];
  importing = with-overlays [ "importing" ];
  speaking = with-overlays [ "speaking" ];
  making = with-overlays [ "making" ];
  failing = make { platform = throw "no platform"; };
}
