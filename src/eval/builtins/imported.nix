# What importing a `.drv` file gives: from the set that the evaluator makes of the file, one that
# looks like the result of `derivation`.
file@{ name, drvPath, outputs, ... }:

let
  shared = builtins.listToAttrs entries // {
    type = "derivation";
    inherit name drvPath;
    all = map (entry: entry.value) entries;
  };

  entries = map (outputName: {
    name = outputName;
    value = shared // {
      inherit outputName;
      outPath = file.${outputName};
    };
  }) outputs;
in
(builtins.head entries).value
