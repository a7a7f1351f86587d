//! `cfgcheck diff` on a host of the real nixpkgs.

use crate::named;
use serde_json::Value;
use std::process::Command;

/// The flake, with a module more.
fn flake(corpus: &str, module: &str) -> String {
    format!(
        r#"{{ inputs.nixpkgs.url = "path:{corpus}/nixpkgs-2611"; outputs = {{ nixpkgs, ... }}: {{
  nixosConfigurations.web = nixpkgs.lib.nixosSystem {{ system = "x86_64-linux"; modules = [ ./base.nix ./{module} ]; }}; }}; }}"#
    )
}

const BASE: &str = r#"{ pkgs, ... }: {
  boot.loader.grub.device = "/dev/sda";
  fileSystems."/" = { device = "/dev/sda1"; fsType = "ext4"; };
  services.openssh.enable = true;
  environment.systemPackages = [ pkgs.jq ];
  networking.hostName = "web";
  users.users.anna = { isNormalUser = true; };
  system.stateVersion = "26.05";
}
"#;

const MORE: &str = r#"{ pkgs, ... }: {
  services.openssh.settings.PasswordAuthentication = false;
  services.nginx = { enable = true; virtualHosts."www.example.org".root = "/srv/www"; };
  networking.firewall.allowedTCPPorts = [ 80 443 ];
  boot.kernelPackages = pkgs.linuxPackages_latest;
  fileSystems."/data" = { device = "/dev/sdb1"; fsType = "ext4"; };
  environment.systemPackages = [ pkgs.htop ];
  users.users.anna.extraGroups = [ "wheel" ];
}
"#;

#[test]
fn corpus_a_changed_host_of_the_real_nixpkgs() {
    let Some(corpus) = named("CFGCHECK_CORPUS") else { return };
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, module) in [("a", "none.nix"), ("b", "more.nix")] {
        let flake_folder = folder.path().join(name);
        std::fs::create_dir(&flake_folder).expect("a folder can be made");
        let write = |file: &str, text: &str| {
            std::fs::write(flake_folder.join(file), text).expect("the folder can be written to");
        };
        write("flake.nix", &flake(&corpus.to_string_lossy(), module));
        write("base.nix", BASE);
        write("none.nix", "{ }\n");
        write("more.nix", MORE);
    }
    let output = Command::new(env!("CARGO_BIN_EXE_cfgcheck"))
        .args(["diff", "path:./a", "path:./b", "--trust", "--output", "json"])
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .output()
        .expect("the program runs");
    let diff: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let changes = &diff["hosts"][0]["changes"];
    let names = |kind: &str, name: &str| -> Vec<String> {
        let list = changes[kind].as_array().cloned().unwrap_or_default();
        list.iter()
            .filter_map(|item| item[name].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(names("reboot", "name"), ["kernel", "initrd"]);
    let options = names("options", "name");
    let expected = [
        "boot.kernelPackages",
        "fileSystems.\"/data\".device",
        "fileSystems.\"/data\".fsType",
        "networking.firewall.allowedTCPPorts",
        "services.nginx.enable",
        "services.nginx.virtualHosts.\"www.example.org\".root",
        "services.openssh.settings.PasswordAuthentication",
        "users.users.anna.extraGroups",
    ];
    assert_eq!(options, expected);
    for option in changes["options"].as_array().into_iter().flatten() {
        assert_eq!(option["location"]["file"], "more.nix", "{option:#}");
    }
    assert_eq!(names("ports", "ports"), ["80", "443"]);
    let units = names("units", "unit");
    for unit in ["nginx.service", "sshd.service", "data.mount", "firewall.service"] {
        assert!(units.contains(&unit.to_owned()), "{unit}: {units:?}");
    }
    let packages = names("packages", "name");
    for package in ["htop", "nginx", "linux"] {
        assert!(packages.contains(&package.to_owned()), "{package}: {packages:?}");
    }
    assert!(changes["unknown"].is_null(), "{:#}", changes["unknown"]);
}
