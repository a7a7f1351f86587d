# What hosts and package sets have in common, with a function that is closed over what it was called with.
let
  lib = {
    double = x: 2 * x;
    elaborate =
      system:
      let
        final = {
          inherit system;
          isA = final.system == "a";
          run = x: final.system + x;
          length = lib.double (builtins.stringLength final.system);
        };
      in
      final;
    loud = builtins.trace "the library speaks" 1;
  };
in
lib
