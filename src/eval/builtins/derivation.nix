
# The global function `derivation`: a lazy set around the strict builtin.
#
# Nothing is forced that Nix would not force: the set's attributes can be
# looked at without the derivation being made, and only asking for one of
# the paths makes it.
#
# What the result has, beside the arguments themselves:
#
#   NAME       for each output, the set that stands for it
#   all        these sets in a list, in the order of `outputs`
#   drvAttrs   the arguments
#   drvPath    where the derivation is
#   outPath    where the output is
#   outputName which output it is
#   type       the word "derivation"
#
# Without `outputs` there is one, called `out`. The first output's set is
# the result.
#
# The places matter here. Messages and `unsafeGetAttrPos` name the line and
# the column at which something in this text stands, and users see the ones
# that Nix has: the function on line 30, the call of the strict builtin on
# line 37, and the attributes from line 43 on. So lines must not move; the
# empty lines, too, are there for a reason. A test holds them in place.
#
# Keep this comment just as long as it is.
#

given@{
  outputs ? [ "out" ],
  ...
}:

let
  # Made once, however many outputs are asked for.
  made   = derivationStrict given;

  base =
    given
    // (builtins.listToAttrs entries)
    // {
      all = map (entry: entry.value) entries;
      drvAttrs = given;
    };

  entry = outputName: {
    name = outputName;
    value = base // {
      outPath = builtins.getAttr outputName made;
      drvPath = made.drvPath;
      type = "derivation";
      inherit outputName;
    };
  };

  entries = map entry outputs;

in
(builtins.head entries).value
