# Editors of text.
{
  imports = [
    ./neovim.nix
    ./vim.nix
  ];
}
