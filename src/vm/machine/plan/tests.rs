use super::*;

fn spec() -> Spec {
    Spec {
        processor: Processor::X86,
        accel: Accel::Tcg,
        memory: 1024,
        cpus: 2,
        kernel: "/store/kernel".into(),
        initrd: "/run/initrd".into(),
        parameters: "console=ttyS0 a,b".into(),
        drives: Vec::new(),
        ports: Vec::new(),
        network: Network::None,
        screen: false,
        most_disk: 1 << 30,
    }
}

fn drive(medium: Medium) -> Drive {
    Drive {
        medium,
        serial: "root".into(),
    }
}

fn planned(spec: &Spec, snapshot: Option<&str>) -> Plan {
    spec.plan(Path::new("/run/m"), snapshot)
        .expect("there can be such a machine")
}

/// What stands behind an option, each time that it is there.
fn all(plan: &Plan, option: &str) -> Vec<String> {
    let pairs = plan.arguments.windows(2).filter(|pair| pair[0] == option);
    pairs.map(|pair| pair[1].clone()).collect()
}

#[test]
fn the_smallest_machine_is_this_one() {
    let plan = planned(&spec(), None);
    assert_eq!(
        plan.to_string(),
        "qemu-system-x86_64 -name cfgcheck -machine q35 -accel tcg,thread=multi -cpu max -m 1024 -smp 2 -nodefaults \
         -no-user-config -display none -no-reboot -sandbox \
         on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny -kernel /proc/self/fd/100 -initrd \
         /proc/self/fd/101 -append 'console=ttyS0 a,b' -chardev socket,id=qmp,fd=102 -mon chardev=qmp,mode=control \
         -chardev socket,id=console,fd=103 -serial chardev:console -device virtio-rng-pci\n  \
         100: Read /store/kernel\n  101: Read /run/initrd\n  102: Connect /run/m/qmp\n  103: Connect /run/m/console"
    );
    assert_eq!(plan.limits.file, 1 << 30);
    assert_eq!(plan.limits.memory, (1 << 30) + OVERHEAD);
}

#[test]
fn processors_and_accelerators_have_machines_of_their_own() {
    let table = [
        (Processor::X86, Accel::Kvm, "q35", "kvm", "host"),
        (Processor::X86, Accel::Tcg, "q35", "tcg,thread=multi", "max"),
        (Processor::Arm, Accel::Kvm, "virt,gic-version=host", "kvm", "host"),
        (Processor::Arm, Accel::Tcg, "virt", "tcg,thread=multi", "cortex-a57"),
    ];
    for (processor, accel, machine, accelerator, cpu) in table {
        let spec = Spec {
            processor,
            accel,
            ..spec()
        };
        let plan = planned(&spec, None);
        assert_eq!(plan.program, processor.qemu());
        assert_eq!(all(&plan, "-machine"), [machine]);
        assert_eq!(all(&plan, "-accel"), [accelerator]);
        assert_eq!(all(&plan, "-cpu"), [cpu]);
    }
}

#[test]
fn disks_are_opened_for_what_is_done_to_them() {
    let spec = Spec {
        drives: vec![
            drive(Medium::Overlay {
                file: "/run/o".into(),
                base: "/cache/b".into(),
            }),
            drive(Medium::ReadOnly("/run/delta,x".into())),
            drive(Medium::Raw("/run/raw".into())),
        ],
        ..spec()
    };
    let plan = planned(&spec, None);
    let opened: Vec<_> = plan.handed.iter().filter(|handed| handed.number >= 104).collect();
    let opened: Vec<_> = opened
        .iter()
        .map(|h| (h.number, h.access, h.path.to_str().unwrap_or_default()))
        .collect();
    assert_eq!(
        opened,
        [
            (104, Access::ReadWrite, "/run/o"),
            (105, Access::Read, "/cache/b"),
            (106, Access::Read, "/run/delta,x"),
            (107, Access::ReadWrite, "/run/raw"),
        ]
    );
    assert!(
        !plan.arguments.iter().any(|argument| argument.contains("/run/")),
        "no file is reached by its name"
    );
    let nodes = all(&plan, "-blockdev");
    assert!(nodes[0].starts_with("node-name=disk0,driver=qcow2,"), "{nodes:?}");
    assert!(
        nodes[0].ends_with("backing.file.read-only=on,backing.file.filename=/dev/fdset/105"),
        "{nodes:?}"
    );
    assert!(nodes[1].contains("read-only=on"), "{nodes:?}");
    assert!(!nodes[2].contains("read-only"), "{nodes:?}");
    let devices = all(&plan, "-device");
    assert_eq!(
        devices[1..],
        [0, 1, 2].map(|n| format!("virtio-blk-pci,drive=disk{n},serial=root"))
    );
}

#[test]
fn lines_networks_and_screens_are_there_when_they_are_wanted() {
    let mut spec = Spec {
        ports: vec!["cfgcheck.agent.0".into(), "other".into()],
        network: Network::Restricted { cable: None },
        screen: true,
        ..spec()
    };
    let plan = planned(&spec, None);
    assert_eq!(all(&plan, "-netdev"), ["user,id=net,restrict=on"]);
    let devices = all(&plan, "-device");
    assert_eq!(
        devices[1..],
        [
            "virtio-serial-pci",
            "virtserialport,chardev=port0,id=port0,name=cfgcheck.agent.0",
            "virtserialport,chardev=port1,id=port1,name=other",
            "virtio-net-pci,netdev=net,romfile=",
            "VGA",
        ]
    );
    assert_eq!(
        plan.in_set(Path::new("/run/m/screen")).as_deref(),
        Some("/dev/fdset/106")
    );
    spec.processor = Processor::Arm;
    assert!(all(&planned(&spec, None), "-device").contains(&"virtio-gpu-pci".to_owned()));
    let cables = [
        (
            "192.168.1.1",
            24,
            "192.168.1.0/24,host=192.168.1.1,dns=192.168.1.2,dhcpstart=192.168.1.3",
        ),
        (
            "10.9.8.2",
            16,
            "10.9.0.0/16,host=10.9.8.2,dns=10.9.0.1,dhcpstart=10.9.0.2",
        ),
        (
            "10.0.0.2",
            29,
            "10.0.0.0/29,host=10.0.0.2,dns=10.0.0.1,dhcpstart=10.0.0.3",
        ),
    ];
    for (gateway, prefix, expected) in cables {
        let gateway = gateway.parse().expect("an address");
        spec.network = Network::Restricted {
            cable: Some(Cable { gateway, prefix }),
        };
        let netdev = format!("user,id=net,restrict=on,net={expected}");
        assert_eq!(all(&planned(&spec, None), "-netdev"), [netdev]);
    }
}

#[test]
fn machines_that_cannot_be_are_refused() {
    let overlay = || {
        drive(Medium::Overlay {
            file: "/o".into(),
            base: "/b".into(),
        })
    };
    let serial = |serial: &str| Drive {
        serial: serial.into(),
        ..overlay()
    };
    let gateway = Ipv4Addr::LOCALHOST;
    let cable = |prefix| Network::Restricted {
        cable: Some(Cable { gateway, prefix }),
    };
    let table: Vec<(Spec, Option<&str>, &str)> = vec![
        (
            Spec {
                parameters: "x".repeat(2048),
                ..spec()
            },
            None,
            "the kernel's parameters have 2048 bytes, and a kernel takes 2047",
        ),
        (
            Spec { memory: 0, ..spec() },
            None,
            "a machine cannot have 0 MiB of memory and 2 processors",
        ),
        (
            Spec { cpus: 256, ..spec() },
            None,
            "a machine cannot have 1024 MiB of memory and 256 processors",
        ),
        (
            Spec {
                drives: vec![serial("a,b")],
                ..spec()
            },
            None,
            "a disk cannot have the serial number 'a,b'",
        ),
        (
            Spec {
                drives: vec![serial("")],
                ..spec()
            },
            None,
            "a disk cannot have the serial number ''",
        ),
        (
            Spec {
                drives: vec![serial("123456789012345678901")],
                ..spec()
            },
            None,
            "a disk cannot have the serial number '123456789012345678901'",
        ),
        (
            Spec {
                ports: vec!["a,chardev=qmp".into()],
                ..spec()
            },
            None,
            "a line cannot have the name 'a,chardev=qmp'",
        ),
        (
            Spec {
                ports: vec!["a".into(); 25],
                ..spec()
            },
            None,
            "the machine has 25 lines, and 24 is the most",
        ),
        (
            Spec {
                network: cable(30),
                ..spec()
            },
            None,
            "no cable has the addresses 127.0.0.1/30",
        ),
        (
            spec(),
            Some("s"),
            "a machine with a disk that is written in place has no snapshots",
        ),
        (
            Spec {
                drives: vec![overlay(), drive(Medium::Raw("/r".into()))],
                ..spec()
            },
            Some("s"),
            "a machine with a disk that is written in place has no snapshots",
        ),
    ];
    for (spec, snapshot, message) in table {
        let error = spec
            .plan(Path::new("/run/m"), snapshot)
            .expect_err("there cannot be such a machine");
        assert_eq!(error.to_string(), message);
    }
    let far = "/x".repeat(51);
    let error = spec()
        .plan(Path::new(&far), None)
        .expect_err("sockets have short names")
        .to_string();
    assert!(
        error.starts_with("the path of the run's folder is too long for sockets: '/x/x"),
        "{error}"
    );
    let kept = Spec {
        drives: vec![overlay()],
        ..spec()
    };
    assert_eq!(all(&planned(&kept, Some("s")), "-loadvm"), ["s"]);
}

#[test]
fn a_plan_that_is_printed_can_be_typed() {
    let spec = Spec {
        parameters: "it's".into(),
        ..spec()
    };
    assert!(planned(&spec, None).to_string().contains(" -append 'it'\\''s' "));
}
