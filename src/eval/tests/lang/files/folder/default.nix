{ text = builtins.readFile ./text.txt; sibling = import ../double.nix 21; here = ./.; }
