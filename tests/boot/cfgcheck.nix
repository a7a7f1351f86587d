# Puts cfgcheck on a host as the module for its users does. The argument is a folder with
# `bin/cfgcheck`, which is dynamically linked: its libraries are on the disk already.
folder:
{
  config,
  lib,
  pkgs,
  ...
}:
{
  imports = [ ../../nix/module.nix ];
  services.cfgcheck = {
    enable = true;
    # Once a year: a test starts it when it wants to.
    pull = {
      enable = true;
      fromCaches = true;
      startAt = "yearly";
      arguments = [
        "--confirm-time"
        "10"
      ];
    };
    package = pkgs.runCommand "cfgcheck" { } ''
      mkdir -p $out/bin
      cp ${
        builtins.path {
          path = folder;
          name = "cfgcheck-program";
        }
      }/cfgcheck $out/bin/cfgcheck
      chmod +x $out/bin/cfgcheck
    '';
  };

  # By hand as well.
  environment.systemPackages = [
    pkgs.git
    pkgs.openssh
  ];

  # A home that is part of the system comes and goes with it.
  home-manager.users.alice.home.file.".test-word".text = "${config.test.word}\n";
  # Whose home is no part of it.
  users.users.bob = {
    isNormalUser = true;
    initialHashedPassword = "!";
  };

  # What is built is the environment of a user's programs, which Nix does without a builder to guard against.
  nix.settings = {
    build-users-group = lib.mkVMOverride "";
    sandbox = lib.mkVMOverride false;
  };

  # A card is plugged in by those tests that deploy by SSH.
  systemd.network.networks."05-test" = {
    matchConfig.Driver = "virtio_net";
    address = [ "10.0.2.15/24" ];
  };
  # Nobody logs in as root by a password, and yet the account is not locked.
  users.users.root.hashedPassword = lib.mkVMOverride "*";
  services.openssh.settings = {
    PermitRootLogin = lib.mkVMOverride "prohibit-password";
    AllowGroups = lib.mkVMOverride [
      "root"
      "users"
    ];
  };
}
