//! Deployments that a boot is part of: one that waits for it, one that brings it about, one that goes back by it, and one that
//! even this does not bring back.

use crate::push::pair;

#[test]
fn machine_a_reboot_is_pending_done_or_undone() {
    let (mut host, deployer) = pair(&["a", "b", "failing-unit"]);

    // With the next boot, whenever that is.
    let (a, b) = (host.path("a"), host.path("b"));
    let (code, said) = host.deploy("b", "--boot");
    assert_eq!(code, 7, "{said}\n{}", host.journal());
    assert_eq!(
        host.machine().succeed("readlink -f /run/current-system"),
        format!("{a}\n")
    );
    let (code, said) = host.machine().run("cfgcheck status");
    assert_eq!(code, 7, "{said}");
    host.loses_power();
    host.old = "b";
    host.is_as_before();
    let (code, said) = host.machine().run("cfgcheck status");
    assert_eq!(code, 0, "{said}");
    host.is_deployed("a");

    // With a boot that the deployment brings about, over SSH.
    let deploying = deployer.begin(&b, &["--reboot"]);
    host.reboots();
    let (code, said) = deploying.ended();
    assert_eq!(code, Some(0), "{said}\n{}", host.journal());
    host.old = "b";
    host.is_as_before();
    assert_eq!(
        host.machine().succeed("readlink -f /run/booted-system"),
        format!("{b}\n")
    );
    host.is_deployed("a");

    // The new system boots and is ill; as it has booted the same kernel, what was before comes back without another boot.
    let failing = host.path("failing-unit");
    let deploying = deployer.begin(&failing, &["--reboot", "--health-time", "5"]);
    host.reboots();
    let (code, said) = deploying.ended();
    assert_eq!(code, Some(4), "{said}\n{}", host.journal());
    host.is_as_before();

    // A unit that the way back starts is broken by somebody else while the new system is examined: neither that nor a boot
    // mends it.
    host.expects_another();
    let deploying = deployer.begin(&failing, &["--health-time", "5"]);
    assert!(host.frozen_in("examining"), "it was over before");
    host.machine().succeed(
        "mkdir -p /etc/systemd/system.control/test-restarted.service.d && cd $_ && \
         printf '[Service]\\nExecStart=\\nExecStart=/run/current-system/sw/bin/false\\n' >broken.conf && sync",
    );
    host.thaw();
    host.reboots();
    let (code, said) = deploying.ended();
    assert_eq!(code, Some(5), "{said}\n{}", host.journal());
    assert!(said.contains("test-restarted.service"), "{said}");
    let (code, said) = host.machine().run("cfgcheck status");
    assert_eq!(code, 5, "{said}");

    // Once it is mended, somebody has to say so.
    host.machine().succeed(
        "rm -r /etc/systemd/system.control/test-restarted.service.d && systemctl daemon-reload && \
         systemctl reset-failed test-restarted && systemctl start test-restarted",
    );
    host.is_as_before();
    let (code, said) = host.deploy("b", "");
    assert!(code == 6 && said.contains("--force"), "{code}: {said}");
    let (code, said) = host.deploy("b", "--force");
    assert_eq!(code, 0, "{said}\n{}", host.journal());
    host.old = "b";
    host.is_as_before();
    host.is_deployed("a");
    host.power_off();
}
