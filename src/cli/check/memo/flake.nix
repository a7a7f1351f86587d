# Hosts that depend on the files beside this one in all ways that evaluation has.
{
  outputs =
    { self }:
    let
      inherit (builtins)
        attrNames
        concatStringsSep
        hashString
        pathExists
        readDir
        readFile
        readFileType
        sort
        substring
        toJSON
        ;
      host = name: value: {
        config.system.build.toplevel = derivation {
          inherit name value;
          system = "x86_64-linux";
          builder = "/bin/sh";
        };
      };
      hosts = {
        reads = readFile ./a/text;
        reads-deep = readFile ./c/d/text;
        imports = toJSON (import ./b);
        imports-file = toJSON (import ./c/code.nix);
        lists = toJSON (readDir ./c);
        names = concatStringsSep " " (attrNames (readDir ./a));
        kind = readFileType ./c/d;
        link-kind = readFileType ./l;
        through-link = readFile ./l;
        folder-link = concatStringsSep " " (attrNames (readDir ./k));
        probes = toJSON (map pathExists [
          ./a/text
          ./a/none
          ./c/d/none
          ./none/text
          ./l
        ]);
        copies = "${./c}";
        copies-file = "${./a/text}";
        copies-link = "${./k}";
        filters = "${
          builtins.path {
            path = ./.;
            name = "some";
            filter = path: kind: kind == "directory" || baseNameOf path == "text";
          }
        }";
        own-path = "${self}/a/text";
        own-folder = "${./.}";
        own-hash = hashString "sha256" (toString ./a);
        own-letters = substring 0 20 (toString ./a/text);
        own-order = concatStringsSep " " (sort (x: y: x < y) [ "${./a/text}" "/nix/store/m" (baseNameOf ./.) ]);
        own-match = toJSON (builtins.match ".*a.*b.*" (toString ./a));
        own-name = toJSON { ${toString ./a} = 1; };
        own-replaced = builtins.replaceStrings [ "a" ] [ "" ] (toString ./.);
        own-placeholder = builtins.placeholder (toString ./a);
        own-converted = builtins.convertHash {
          hash = substring 11 32 (toString ./.);
          hashAlgo = "sha1";
          toHashFormat = "base16";
        };
        own-pattern = toJSON (builtins.match "[${substring 11 32 (toString ./.)}]*" "abc");
        own-json = toJSON (builtins.fromJSON (toJSON (toString ./a)));
        names-only = "${baseNameOf (toString ./a/text)} ${toString (builtins.stringLength (toString ./a))}";
        same = toJSON (toString ./a == toString ./a + "");
        time = toJSON self.lastModified;
        nar = self.narHash;
        attribute = toJSON (self ? rev);
        other = (self.nixosConfigurations.reads.config.system.build.toplevel).drvPath;
        caught = toJSON (builtins.tryEval (import ./b)).success;
        none = "nothing";
      };
    in
    {
      nixosConfigurations = builtins.mapAttrs host hosts;
    };
}
