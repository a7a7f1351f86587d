# Accounts as plain text: every amount has a line, and Git knows who wrote it.
import ../../../../lib/package-list.nix {
  name = "money";
  purpose = "plain text accounting";
  packages = pkgs: [
    pkgs.beancount
    pkgs.hledger
    pkgs.ledger
  ];
}
