# Programs with windows.
{
  imports = [
    ./browser.nix
    ./desktop.nix
    ./media.nix
    ./reader.nix
    ./terminal.nix
  ];
}
