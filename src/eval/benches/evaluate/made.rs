//! Expressions that need no files, each of one kind of work that evaluation of nixpkgs has much of.

/// The names and texts.
pub const MADE: [(&str, &str); 11] = [
    (
        "calls",
        "let fib = n: if n < 2 then n else fib (n - 1) + fib (n - 2); in fib 22",
    ),
    (
        "fix point",
        // A set that is made of itself, changed by overlays.
        r#"
        let
          fix = f: let self = f self; in self;
          extends = overlay: f: self: let super = f self; in super // overlay self super;
          base = self: builtins.listToAttrs (builtins.genList (n: {
            name = "p${toString n}";
            value = if n == 0 then 1 else self."p${toString (n - 1)}" + 1;
          }) 1000);
          overlays = builtins.genList (n: self: super: { "p${toString (n * 10 + 10)}" = super."p${toString (n * 10 + 10)}" + self.p1; }) 50;
        in
        (fix (builtins.foldl' (f: overlay: extends overlay f) base overlays)).p999
        "#,
    ),
    (
        "merge small sets",
        r#"
        builtins.foldl' (sum: n: let s = { a = n; b = 2; c = 3; } // { b = n; d = 4; } // { e = 5; }; in sum + s.b + s.e) 0
          (builtins.genList (n: n) 20000)
        "#,
    ),
    (
        "merge a growing set",
        r#"
        builtins.length (builtins.attrNames
          (builtins.foldl' (all: n: all // { "key-${toString n}" = n; }) { } (builtins.genList (n: n) 1000)))
        "#,
    ),
    (
        "foldl'",
        "builtins.foldl' (sum: n: sum + n * 2) 0 (builtins.genList (n: n) 200000)",
    ),
    (
        "strings",
        r#"
        let lines = builtins.genList (n: "line ${toString n} of ${toString (n * 3)}: \"${builtins.substring 0 3 (toString n)}\"") 10000;
        in builtins.stringLength (builtins.replaceStrings [ "line" "\"" ] [ "row" "'" ] (builtins.concatStringsSep "\n" lines))
        "#,
    ),
    (
        "patterns",
        r#"
        builtins.length (builtins.filter (name: builtins.match "([a-z]+)-([0-9]*)5(\\.[0-9]+)?" name != null)
          (builtins.genList (n: "name-${toString n}.${toString n}") 5000))
        "#,
    ),
    (
        "mapAttrs",
        r#"
        let
          set = builtins.listToAttrs (builtins.genList (n: { name = "n${toString n}"; value = { inherit n; }; }) 5000);
          twice = builtins.mapAttrs (name: value: value // { inherit name; n = value.n * 2; }) set;
        in
        builtins.foldl' (sum: v: sum + v.n) 0 (builtins.attrValues (builtins.intersectAttrs set twice))
        "#,
    ),
    (
        "sort",
        r#"
        let numbers = builtins.genList (n: let k = n * 7919; in k - k / 40009 * 40009) 20000;
        in builtins.elemAt (builtins.sort (a: b: a < b) numbers) 100
        "#,
    ),
    (
        "JSON",
        r#"
        let json = builtins.toJSON (builtins.genList (n: { inherit n; name = "n${toString n}"; list = [ 1 true null 2.5 ]; }) 5000);
        in builtins.length (builtins.fromJSON json)
        "#,
    ),
    (
        "derivations",
        r#"
        let
          packages = builtins.listToAttrs (builtins.genList (n: {
            name = "p${toString n}";
            value = derivation {
              name = "p${toString n}";
              system = "x86_64-linux";
              builder = "/bin/sh";
              args = [ "-c" "echo ${toString n} > $out" ];
              inputs = builtins.genList (k: packages."p${toString (n - k - 1)}") (if n < 5 then n else 5);
            };
          }) 1000);
        in
        packages.p999.drvPath
        "#,
    ),
];
