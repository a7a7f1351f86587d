# The derivations of instantiation.txt: one of each kind, and how they depend on each other.
#
# To write that file anew, copy this one to a place that Nix 2.34 sees, and for each attribute NAME in turn run
#   nix-instantiate --extra-experimental-features \
#     'ca-derivations impure-derivations dynamic-derivations git-hashing' instantiation.nix -A NAME
# and append the path it prints, what the file at that path contains, and an empty line.
let
  make = name: attrs: derivation ({ inherit name; system = "x86_64-linux"; builder = "/bin/sh"; } // attrs);
  none = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  text = builtins.toFile "src.txt" "hello ${builtins.toFile "x" "y"}";
in
rec {
  plain = make "plain" { args = [ "-c" "echo \"hi\" > $out\n\t\\\r" ]; empty = ""; };
  outputs = make "outputs" { outputs = [ "out" "dev" "odd+name" ]; inherit plain; src = text; };
  flat = make "flat.tar" { outputHash = none; };
  nar = make "nar" { outputHash = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"; outputHashAlgo = "sha256"; outputHashMode = "recursive"; dep = plain; };
  nar-again = make "nar" { outputHash = none; outputHashMode = "nar"; dep = outputs; };
  nar-sha1 = make "nar-sha1" { outputHash = "da39a3ee5e6b4b0d3255bfef95601890afd80709"; outputHashAlgo = "sha1"; outputHashMode = "recursive"; };
  fixed-text = make "fixed-text" { outputHash = none; outputHashMode = "text"; };
  fixed-git = make "fixed-git" { outputHash = "da39a3ee5e6b4b0d3255bfef95601890afd80709"; outputHashAlgo = "sha1"; outputHashMode = "git"; };
  many = make "many" { inherit flat nar nar-sha1; several = outputs; dev = outputs.dev; };
  same-twice = make "same-twice" { inherit nar nar-again; };
  structured = make "structured" { __structuredAttrs = true; outputs = [ "bin" "out" ]; inherit plain; Z = 1; zed = { x = [ 1 2.5 true null ]; s = "q\"\n"; }; };
  floating = make "floating" { __contentAddressed = true; outputs = [ "out" "lib" ]; inherit plain; };
  deferred = make "deferred" { inherit floating; l = floating.lib; };
  deferred-twice = make "deferred-twice" { inherit deferred; };
  impure = make "impure" { __impure = true; inherit plain; };
  dynamic = make "dynamic.drv" { __contentAddressed = true; outputHashMode = "text"; outputHashAlgo = "sha256"; };
  of-dynamic = make "of-dynamic" { x = builtins.outputOf dynamic.outPath "out"; y = builtins.outputOf (builtins.outputOf dynamic.outPath "a") "b"; z = dynamic; inherit plain; };
  deep = make "deep" { d = plain.drvPath; e = outputs.drvPath; };
}
