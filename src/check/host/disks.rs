//! The disks of a host: which device each file system, swap area and encrypted volume is on.

use super::Stop;
use super::reading::{Host, text_of};

/// Something that is on a device.
pub(crate) struct Device {
    /// The path of the option that names the device.
    pub option: Vec<String>,
    /// The device, such as `/dev/disk/by-label/root`.
    pub device: String,
}

/// Returns what the host takes from which device when it starts.
pub(crate) fn devices(host: &mut Host<'_>) -> Result<Vec<Device>, Stop> {
    let mut devices = Vec::new();
    for set in [&["fileSystems"][..], &["boot", "initrd", "luks", "devices"]] {
        for (name, cell) in host.entries(set)? {
            let Some(value) = host.used(cell, &["device"])?.and_then(text_of) else {
                continue;
            };
            let names = set.iter().copied().chain([name.as_str(), "device"]);
            devices.push(Device {
                option: names.map(str::to_owned).collect(),
                device: value,
            });
        }
    }
    for &cell in host.elements(&["swapDevices"])? {
        if let Some(value) = host.used(cell, &["device"])?.and_then(text_of) {
            devices.push(Device {
                option: vec!["swapDevices".into()],
                device: value,
            });
        }
    }
    Ok(devices)
}

impl Device {
    /// Returns the path of the option that names the device.
    pub(crate) fn path(&self) -> Vec<&str> {
        self.option.iter().map(String::as_str).collect()
    }
}
