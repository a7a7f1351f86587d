# The command line: shells, what they have in common, and their prompt.
{
  imports = [
    ./aliases.nix
    ./bash.nix
    ./fish.nix
    ./prompt.nix
    ./zsh.nix
  ];
}
