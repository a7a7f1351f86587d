//! A flake that is as little as one with hosts can be.

/// The text of a flake with the hosts `mail` and `web`, each as little as a host can be, whose time zone is in `hosts/NAME.nix`.
pub const TWO_HOSTS: &str = r#"{
  outputs =
    _:
    let
      host = name: rec {
        option = value: { _type = "option"; inherit value; files = [ ]; declarations = [ ]; };
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
        options.time.zone = option config.time.zone;
        options.system.stateVersion = option config.system.stateVersion;
        config.system.stateVersion = "26.05";
        config.time.zone = import (./hosts + "/${name}.nix");
        config.system.build.toplevel = derivation {
          inherit name;
          system = "x86_64-linux";
          builder = "/bin/sh";
          value = config.time.zone;
        };
      };
    in
    {
      nixosConfigurations.mail = host "mail";
      nixosConfigurations.web = host "web";
    };
}
"#;
