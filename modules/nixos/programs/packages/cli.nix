# For people who spend their day at the command line.
import ../../../../lib/package-list.nix {
  name = "cli";
  purpose = "tools that make the command line a good place to be";
  packages = pkgs: [
    pkgs.bat
    pkgs.fd
    pkgs.file
    pkgs.fzf
    pkgs.jq
    pkgs.ripgrep
    pkgs.tmux
  ];
}
