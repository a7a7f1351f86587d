//! What a boot loader would start: read from the disk of a machine that is off.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::builder::Builder;
use crate::image::Image;

/// A kernel, its initial RAM disk, and its command line.
pub struct Entry {
    pub kernel: PathBuf,
    pub initrd: PathBuf,
    pub options: String,
    // Holds the files that were taken out of a disk.
    _folder: Option<TempDir>,
}

impl Entry {
    /// Returns the entry of a system, as a boot loader that knows the contract makes it.
    pub fn of_system(builder: &Builder, system: &str) -> Entry {
        let parameters = std::fs::read_to_string(builder.outside(&format!("{system}/kernel-params")));
        Entry {
            kernel: builder.outside(&format!("{system}/kernel")),
            initrd: builder.outside(&format!("{system}/initrd")),
            options: format!(
                "init={system}/init {}",
                parameters.expect("the system has kernel parameters")
            ),
            _folder: None,
        }
    }

    /// Returns what systemd-boot starts without being asked: the entry that `loader.conf` names.
    pub fn of_systemd_boot(image: &Image) -> Entry {
        image.settle();
        let settings = image.read("/boot/loader/loader.conf");
        let default = value(&settings, "default");
        let entry = image.read(&format!("/boot/loader/entries/{default}"));
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let take = |key: &str| {
            let file = folder.path().join(key);
            image.take(&format!("/boot{}", value(&entry, key)), &file);
            file
        };
        Entry {
            kernel: take("linux"),
            initrd: take("initrd"),
            options: value(&entry, "options"),
            _folder: Some(folder),
        }
    }

    /// Returns what U-Boot starts without being asked: the label that `DEFAULT` names.
    pub fn of_extlinux(image: &Image) -> Entry {
        image.settle();
        let menu = image.read("/boot/extlinux/extlinux.conf");
        let label = format!("LABEL {}\n", value(&menu, "DEFAULT"));
        let (_, entry) = menu.split_once(&label).expect("the menu has its default");
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let take = |key: &str| {
            let file = folder.path().join(key);
            image.take(&format!("/boot/extlinux/{}", value(entry, key)), &file);
            file
        };
        Entry {
            kernel: take("LINUX"),
            initrd: take("INITRD"),
            options: value(entry, "APPEND"),
            _folder: Some(folder),
        }
    }
}

/// Returns the value of the first line that begins with a key.
fn value(text: &str, key: &str) -> String {
    let lines = text.lines().map(str::trim);
    let mut values = lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    values
        .next()
        .unwrap_or_else(|| panic!("no {key} in:\n{text}"))
        .trim()
        .to_owned()
}
