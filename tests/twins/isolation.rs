//! An activation script that tries to reach the machine that the tests run on: its network, its files, its processes.

use std::io::ErrorKind;
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::path::Path;

use crate::folder::copy;
use crate::place::{HOST, Place, cache};

const FLAKE: &str = r#"{
  inputs.nixpkgs.url = "path:../../inputs/nixpkgs";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations.web = nixpkgs.lib.nixosSystem {
        modules = [
          ../base/machine.nix
          ./probe.nix
        ];
      };
    };
}
"#;

/// Tries one thing after the other and says what came of it. `@PORT@` is one that this machine listens on, `@ADDRESS@` its
/// address, `@FILE@` a file of it, and each of its processes that try a twin has `--build-with` among its arguments.
const PROBE: &str = r#"{ pkgs, ... }:
{
  system.activationScripts.probe.text = ''
    tries() {
      if timeout 5 ${pkgs.bash}/bin/bash -c "$2" >/dev/null 2>&1; then echo "probe: $1: reached"; else echo "probe: $1: no"; fi
    }
    tries "its own root" "echo x >/run/probe && cat /run/probe"
    tries "its own processes" "grep -l systemd /proc/1/cmdline"
    tries "the gateway" "exec 3<>/dev/tcp/10.0.2.2/@PORT@"
    tries "the host's address" "exec 3<>/dev/tcp/@ADDRESS@/@PORT@"
    tries "a public address" "exec 3<>/dev/tcp/1.1.1.1/80"
    tries "the name server" "exec 3<>/dev/tcp/10.0.2.3/53"
    tries "a file of the host" "cat @FILE@"
    tries "a shared folder" "mkdir -p /run/share; mount -t 9p -o trans=virtio host /run/share || mount -t virtiofs host /run/share"
    tries "a process of the host" "grep -l -e 'build[-]with' /proc/[0-9]*/cmdline"
    tries "the disk of new paths" "echo x >/dev/disk/by-id/virtio-cfgcheck-delta"
    tries "a socket to the host" "test -e /dev/vsock"
    mkdir -p "$(dirname @FILE@)"
    echo "from the guest" >@FILE@
  '';
}
"#;

/// What the script says in a machine that is alone in the world.
const EXPECTED: [&str; 11] = [
    "probe: its own root: reached",
    "probe: its own processes: reached",
    "probe: the gateway: no",
    "probe: the host's address: no",
    "probe: a public address: no",
    "probe: the name server: no",
    "probe: a file of the host: no",
    "probe: a shared folder: no",
    "probe: a process of the host: no",
    "probe: the disk of new paths: no",
    "probe: a socket to the host: no",
];

/// Returns an address of this machine that others would reach it by, or that of itself alone.
fn address() -> IpAddr {
    let found = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        // Nothing is sent; the kernel chooses the address that it would send from.
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    found.map_or(IpAddr::from([127, 0, 0, 1]), |address| address.ip())
}

#[test]
fn live_an_activation_script_reaches_nothing_of_the_host() {
    let place = Place::new();
    let listener = TcpListener::bind("0.0.0.0:0").expect("a port is free");
    listener.set_nonblocking(true).expect("it need not wait");
    let port = listener.local_addr().expect("it has a port").port();
    let secret = place.home.path().join("secret");
    std::fs::write(&secret, "of the host").expect("a file can be written");
    let folder = place.folder("isolated");
    std::fs::create_dir(&folder).expect("a folder can be made");
    copy(&place.folder("bootable").join("flake.lock"), &folder.join("flake.lock"));
    let probe = PROBE
        .replace("@PORT@", &port.to_string())
        .replace("@ADDRESS@", &address().to_string())
        .replace("@FILE@", &secret.display().to_string());
    for (name, text) in [("flake.nix", FLAKE), ("probe.nix", &probe)] {
        std::fs::write(folder.join(name), text).expect("a file can be written");
    }

    let artifacts = cache().join("artifacts/isolated");
    let mut run = place.vm(("bootable", HOST), "isolated");
    run.args(["--scenario", "switch", "--artifacts"]).arg(&artifacts);
    let output = run.output().expect("the program runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let said = std::fs::read_to_string(artifacts.join(HOST).join("switch/test-head.txt"));
    let said = said.expect("what the switch said is kept");
    let said: Vec<&str> = said.lines().filter(|line| line.starts_with("probe: ")).collect();
    assert_eq!(said, EXPECTED, "{told}");

    match listener.accept() {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        other => panic!("somebody called: {other:?}"),
    }
    let text = std::fs::read_to_string(&secret).expect("the file is there");
    assert_eq!(text, "of the host");
    assert!(!Path::new("/run/probe").exists());
}
