# Turns the graph of a locked flake into the value of the flake, fetching what is used.
# `source key` is what was fetched for a node; the attributes of `nodes` are the nodes' keys. `settle` tells those apart that lead to
# inputs only, and `use key value` is the value of a node as an input.
{ nodes, root, settle, source, use }:
let
  inherit (builtins) isFunction mapAttrs;

  below = path: dir: if dir == "" then path else path + "/" + dir;

  flakes = settle nodes (mapAttrs (
    key: node:
    let
      base = flakes.${node.parent};
      sourceInfo = if node ? parent then base.sourceInfo else source key;
      outPath = if node ? parent then below base.outPath node.path else below sourceInfo.outPath node.dir;
      flake = import (outPath + "/flake.nix");
      inputs = mapAttrs (name: target: use target flakes.${target}.value) node.inputs;
      outputs = flake.outputs (inputs // { self = value; });
      value =
        outputs
        // sourceInfo
        // {
          inherit outPath inputs outputs sourceInfo;
          _type = "flake";
        };
    in
    {
      inherit outPath sourceInfo;
      value = if node.flake then assert isFunction flake.outputs; value else sourceInfo // { inherit sourceInfo outPath; };
    }
  ) nodes);
in
flakes.${root}.value
