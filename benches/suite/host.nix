# A NixOS host with a web server and a database: --arg nixpkgs PATH
{ nixpkgs }:
(import (nixpkgs + "/nixos/lib/eval-config.nix") {
  system = "x86_64-linux";
  modules = [
    {
      boot.loader.grub.device = "/dev/sda";
      fileSystems."/" = {
        device = "/dev/sda1";
        fsType = "ext4";
      };
      networking.hostName = "host";
      services.openssh.enable = true;
      services.nginx.enable = true;
      services.postgresql.enable = true;
      system.stateVersion = "26.05";
    }
  ];
}).config.system.build.toplevel.drvPath
