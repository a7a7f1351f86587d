# A small library: some of it lazy, some recursive, so that trials find a lot that is not evaluated yet.
let
  inherit (builtins) attrNames foldl' genList isAttrs listToAttrs map;
  lib = {
    fix = f: let x = f x; in x;
    range = from: to: genList (i: from + i) (to - from + 1);
    sum = foldl' (a: b: a + b) 0;
    names = map (i: "name${toString i}") (lib.range 1 60);
    # More than 48 names: what is laid on it becomes a layer.
    wide = listToAttrs (map (name: { inherit name; value = "the value of ${name}"; }) lib.names);
    merge = a: b: a // builtins.mapAttrs
      (name: value: if isAttrs value && isAttrs (a.${name} or null) then lib.merge a.${name} value else value)
      b;
    count = set: builtins.length (attrNames set);
    extended = lib.wide // { extra = lib.sum (lib.range 1 100); };
    fails = throw "the library throws";
    fib = n: if n < 2 then n else lib.fib (n - 1) + lib.fib (n - 2);
  };
in
lib
