use super::modules::Store;
use super::*;
use agent::Mount;
use std::path::Path;
use sys::{Fs, MemoryFs, Mode};

/// Reads an archive back: names, modes and contents.
fn unpacked(mut bytes: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
    let mut out = Vec::new();
    let all = bytes.len();
    loop {
        assert_eq!(bytes[..6], *b"070701");
        let number =
            |at: usize| u32::from_str_radix(std::str::from_utf8(&bytes[6 + at * 8..14 + at * 8]).unwrap(), 16).unwrap();
        let (mode, length, name) = (number(1), number(6) as usize, number(11) as usize);
        let start = (110 + name).next_multiple_of(4);
        let text = String::from_utf8(bytes[110..110 + name - 1].to_vec()).unwrap();
        if text == "TRAILER!!!" {
            assert!(bytes[start..].iter().all(|byte| *byte == 0));
            assert_eq!(all % 512, 0);
            return out;
        }
        out.push((text, mode, bytes[start..start + length].to_vec()));
        bytes = &bytes[(start + length).next_multiple_of(4)..];
    }
}

#[test]
fn an_archive_has_the_agent_its_plan_and_its_modules() {
    let module = Module {
        name: "virtio_pci".into(),
        bytes: vec![1, 2, 3],
    };
    let role = Role::Build {
        mounts: vec![Mount {
            source: "/dev/vda".into(),
            target: "/".into(),
            kind: "ext4".into(),
            options: "rw".into(),
        }],
    };
    let ours = archive(b"ELF", &[module], role);
    let plan = "module\t/cfgcheck/modules/virtio_pci.ko\nrole\tbuild\nmount\t/dev/vda\t/\text4\trw\n";
    assert_eq!(
        unpacked(&ours),
        [
            ("cfgcheck".to_owned(), 0o040_755, vec![]),
            ("cfgcheck/modules".to_owned(), 0o040_755, vec![]),
            ("cfgcheck/modules/virtio_pci.ko".to_owned(), 0o100_444, vec![1, 2, 3]),
            ("cfgcheck/plan".to_owned(), 0o100_444, plan.into()),
            ("cfgcheck/agent".to_owned(), 0o100_555, b"ELF".to_vec()),
        ]
    );
    assert!(joined(&ours, b"theirs").ends_with(b"\0theirs"));
    assert_eq!(PARAMETER, format!("rdinit={}", agent::PROGRAM));
}

const DEP: &str = "kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio-legacy.ko kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko\n\
kernel/drivers/virtio/virtio-legacy.ko:\n\
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko\n\
kernel/drivers/virtio/virtio_ring.ko:\n\
kernel/drivers/char/virtio_console.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko\n\
kernel/fs/ext4.ko: kernel/fs/jbd2.ko\nkernel/fs/vfat.ko:\nkernel/nls/nls_ascii.ko:\nkernel/fs/jbd2.ko:\nkernel/lib/crc32c_generic.ko:\n";

/// A store with a kernel's modules, whose folder is links all the way, as in NixOS.
fn store() -> MemoryFs {
    let fs = MemoryFs::new();
    let real = Path::new("/cache/k-modules/lib/modules/6.1");
    let write = |name: &str, text: &str| {
        let path = real.join(name);
        fs.create_dir_all(path.parent().unwrap()).unwrap();
        fs.write(&path, text.as_bytes(), Mode::Plain).unwrap();
    };
    write("modules.dep", DEP);
    write("modules.builtin", "kernel/drivers/block/virtio_blk.ko\n");
    write(
        "modules.softdep",
        "# comment\nsoftdep ext4 pre: crc32c nothing post: x\n",
    );
    write("modules.alias", "alias crc32c crc32c_generic\nalias pci:v* jbd2\n");
    for line in DEP.lines() {
        let file = line.split(':').next().unwrap();
        write(file, file);
    }
    fs.create_dir_all(Path::new("/cache/top/lib/modules")).unwrap();
    fs.symlink(
        Path::new("/nix/store/k-modules/lib/modules/6.1"),
        Path::new("/cache/top/lib/modules/6.1"),
    )
    .unwrap();
    fs
}

#[test]
fn modules_come_in_the_order_in_which_they_can_be_loaded() {
    let fs = store();
    let store = Store {
        fs: &fs,
        folder: Path::new("/cache"),
    };
    let names = |wanted: &[&str]| {
        let modules = store.modules(Path::new("/cache/top"), wanted);
        modules.map(|modules| {
            modules
                .into_iter()
                .map(|module| module.name)
                .collect::<Vec<_>>()
                .join(" ")
        })
    };
    assert_eq!(
        names(LINE).unwrap(),
        "virtio_ring virtio virtio_legacy virtio_pci virtio_console"
    );
    assert_eq!(
        names(DISKS).unwrap(),
        "virtio_ring virtio virtio_legacy virtio_pci virtio_console crc32c_generic jbd2 ext4"
    );
    assert_eq!(
        names(&["nvme"]).unwrap_err().to_string(),
        "the kernel 6.1 has no module nvme, nor is it built in"
    );
    let mounts = store.modules_for(Path::new("/cache/top"), &["jbd2"], ["ext4", "vfat"]);
    let mounts: Vec<String> = mounts.unwrap().into_iter().map(|module| module.name).collect();
    assert_eq!(mounts, ["jbd2", "crc32c_generic", "ext4", "vfat", "nls_ascii"]);
    let module = &store.modules(Path::new("/cache/top"), &["jbd2"]).unwrap()[0];
    assert_eq!(module.bytes, b"kernel/fs/jbd2.ko");
}

#[test]
fn links_stay_in_the_store() {
    let fs = store();
    fs.create_dir_all(Path::new("/cache/bad/lib")).unwrap();
    fs.create_dir_all(Path::new("/etc/modules/6")).unwrap();
    let store = Store {
        fs: &fs,
        folder: Path::new("/cache"),
    };
    let link = Path::new("/cache/bad/lib/modules");
    for target in [
        "/etc/modules",
        "../../../etc/modules",
        "modules",
        "/nix/store/../../etc/modules",
    ] {
        fs.symlink(Path::new(target), link).unwrap();
        let told = store.modules(Path::new("/cache/bad"), LINE).unwrap_err();
        assert!(matches!(told, ModuleError::Outside { .. }), "{target}: {told}");
        fs.remove_file(link).unwrap();
    }
}
