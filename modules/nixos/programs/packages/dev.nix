# For writing software. What one project needs stands in that project's own shell.
import ../../../../lib/package-list.nix {
  name = "dev";
  purpose = "tools for writing software";
  packages = pkgs: [
    pkgs.git
    pkgs.gnumake
    pkgs.python3
    pkgs.shellcheck
    pkgs.strace
  ];
}
