# The systems that the boot test builds: generations of one host, each of which
# a switch does something else with. A function of the flake, the host's name and
# the platform; each attribute is a system. With `switchToConfiguration`, they are
# switched by that program in place of the stand-in's; with `cfgcheck`, a folder with the
# program, they have it, and are deployed to by it.
{
  flake,
  host,
  system,
  switchToConfiguration ? null,
  cfgcheck ? null,
}:
let
  inherit (flake.inputs.nixpkgs) lib;
  base = flake.nixosConfigurations.${host}.extendModules {
    modules = [
      ./vm.nix
      ./services.nix
      ./certificates.nix
      { nixpkgs.hostPlatform = lib.mkForce system; }
      (lib.optionalAttrs (switchToConfiguration != null) (import ./upstream.nix switchToConfiguration))
      (lib.optionalAttrs (cfgcheck != null) (import ./cfgcheck.nix cfgcheck))
      # It reports every five minutes to a server that is not there: whether a boot comes across one would be chance.
      (lib.optionalAttrs (host == "board") {
        systemd.services.report.startAt = lib.mkVMOverride "yearly";
      })
    ];
  };
  toplevel = module: (base.extendModules { modules = [ module ]; }).config.system.build.toplevel;
in
{
  # Generation 1, as it is booted first.
  a = toplevel { };

  # The same with systemd in the first stage.
  systemd-stage-1 = toplevel { boot.initrd.systemd.enable = true; };

  # Generation 2: something of every kind has changed.
  b = toplevel {
    test.word = "new";
    test.removed.enable = false;
    test.added.enable = true;
    users.users.carol = {
      isNormalUser = true;
      initialHashedPassword = "!";
    };
    environment.etc."test/only-b".text = "here\n";
    # Takes the place of a service that alice has by herself.
    systemd.user.services.test-taken.script = ''
      echo taken > "$XDG_RUNTIME_DIR/test-taken"
      exec sleep infinity
    '';
    specialisation.quiet.configuration = {
      system.nixos.tags = [ "quiet" ];
      boot.kernelParams = [ "quiet" ];
    };
  };

  # Those that a switch must not be content with.
  failing-unit = toplevel {
    systemd.services.test-failing = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.Type = "oneshot";
      script = "exit 1";
    };
    # One that ran before fails as well.
    systemd.services.test-restarted.preStart = "exit 1";
  };
  failing-activation = toplevel {
    system.activationScripts.test-failing = "false";
    # Asks for a restart, which it is not to do any more.
    system.activationScripts.test-asking = ''
      if [ -n "''${NIXOS_ACTION-}" ]; then
        echo test-constant.service >> /run/nixos/activation-restart-list
      fi
    '';
  };
  # An activation that does not end.
  hanging = toplevel {
    system.activationScripts.test-hanging = "sleep 100000";
  };
  # Nothing fails, and yet nobody comes in any more: those who are in stay in.
  unreachable = toplevel {
    fleet.security.ssh.port = lib.mkForce 2222;
  };
  # Nothing fails, and yet it is not well.
  ill = toplevel {
    environment.etc."test/ill".text = "";
  };
  failing-check = toplevel {
    system.preSwitchChecks.test-failing = "false";
  };
  inhibited = toplevel {
    system.switch.inhibitors.test = "2";
  };
  other-init = toplevel {
    system.systemBuilderCommands = ''
      echo -n "systemd 0" > $out/init-interface-version
    '';
  };
}
