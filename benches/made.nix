# Work of all kinds that evaluation has, for counting instructions: nothing of it is read from elsewhere.
let
  inherit (builtins)
    attrValues
    concatStringsSep
    deepSeq
    foldl'
    genList
    length
    listToAttrs
    map
    mapAttrs
    match
    replaceStrings
    sort
    split
    stringLength
    toJSON
    ;
  fib = n: if n < 2 then n else fib (n - 1) + fib (n - 2);
  numbers = genList (n: n * 7919 - (n * 7919 / 4001) * 4001) 4000;
  names = map (n: "name-${toString n}") (genList (n: n) 500);
  set = listToAttrs (map (name: { inherit name; value.text = name; }) names);
  merged = foldl' (all: n: all // { "key-${toString n}" = n; }) { } (genList (n: n) 300);
  fix = f: let self = f self; in self;
  packages = fix (
    self:
    listToAttrs (
      genList (n: {
        name = "p${toString n}";
        value = derivation {
          name = "p${toString n}";
          system = "x86_64-linux";
          builder = "/bin/sh";
          args = [ "-c" "echo ${toString n}" ];
          inputs = genList (k: self."p${toString (n - k - 1)}") (if n < 5 then n else 5);
        };
      }) 200
    )
  );
in
deepSeq (mapAttrs (name: value: value.text + name) set) {
  calls = fib 20;
  sorted = foldl' (sum: n: sum + n) 0 (sort (a: b: a < b) numbers);
  merged = length (attrValues merged);
  text = stringLength (concatStringsSep "," (map (replaceStrings [ "a" "m" ] [ "b" "n" ]) names));
  pattern = length (split "[0-9]+" (concatStringsSep "" names)) + length (map (match "name-([0-9]*)5") names);
  json = stringLength (toJSON set);
  last = packages.p199.drvPath;
}
