# Writing software.
{
  imports = [
    ./direnv.nix
    ./git.nix
    ./languages.nix
  ];
}
