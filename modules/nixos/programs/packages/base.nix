# What an administrator expects to find on every host, and no more: servers have it, too.
import ../../../../lib/package-list.nix {
  name = "base";
  purpose = "the tools that an administrator expects on every host";
  default = true;
  packages = pkgs: [
    pkgs.curl
    pkgs.fleet-rollback
    pkgs.fleet-status
    pkgs.htop
    pkgs.less
    pkgs.rsync
    pkgs.tree
    pkgs.vim
  ];
}
