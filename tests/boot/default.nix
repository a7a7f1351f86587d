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
  home =
    module:
    (flake.inputs.home-manager.lib.homeManagerConfiguration {
      inherit (base) pkgs;
      modules = [
        ./home.nix
        module
      ];
    }).activationPackage;
  with' = module: base.extendModules { modules = [ module ]; };

  systems = {
    # Generation 1, as it is booted first.
    a = with' { };

    # The same with systemd in the first stage.
    systemd-stage-1 = with' { boot.initrd.systemd.enable = true; };

    # Generation 2: something of every kind has changed.
    b = with' {
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
    failing-unit = with' {
      systemd.services.test-failing = {
        wantedBy = [ "multi-user.target" ];
        serviceConfig.Type = "oneshot";
        script = "exit 1";
      };
      # One that ran before fails as well.
      systemd.services.test-restarted.preStart = "exit 1";
    };
    failing-activation = with' {
      system.activationScripts.test-failing = "false";
      # Asks for a restart, which it is not to do any more.
      system.activationScripts.test-asking = ''
        if [ -n "''${NIXOS_ACTION-}" ]; then
          echo test-constant.service >> /run/nixos/activation-restart-list
        fi
      '';
    };
    # An activation that does not end.
    hanging = with' {
      system.activationScripts.test-hanging = "sleep 100000";
    };
    # Nothing fails, and yet nobody comes in any more: those who are in stay in.
    unreachable = with' {
      fleet.security.ssh.port = lib.mkForce 2222;
    };
    # Nothing fails, and yet it is not well.
    ill = with' {
      environment.etc."test/ill".text = "";
    };
    failing-check = with' {
      system.preSwitchChecks.test-failing = "false";
    };
    inhibited = with' {
      system.switch.inhibitors.test = "2";
    };
    other-init = with' {
      system.systemBuilderCommands = ''
        echo -n "systemd 0" > $out/init-interface-version
      '';
    };

    # Nothing fails, and yet it reaches nobody any more.
    isolated = with' {
      systemd.network.networks."05-test".address = lib.mkForce [ "192.0.2.1/24" ];
    };
  };
in
lib.mapAttrs (_: system: system.config.system.build.toplevel) systems
// {
  inherit systems;

  # Generations of bob's home, who is there where cfgcheck is.
  home-a = home { };
  home-b = home { test.word = "new"; };
  home-failing = home {
    test.word = "new";
    systemd.user.services.test-failing = {
      Unit.Description = "A service that fails";
      Service = {
        Type = "oneshot";
        ExecStart = "${base.pkgs.coreutils}/bin/false";
      };
      Install.WantedBy = [ "default.target" ];
    };
  };
}
