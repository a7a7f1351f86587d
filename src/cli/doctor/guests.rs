//! Which guests run here, found out by running one of each processor.

use super::capability::Capability;
use super::look::{Look, Silent};
use super::remedy::{self, Remedy};
use ::vm::Processor;
use ::vm::accel::{Accel, AccelError, Choice, DEVICE, Probe, Wanted};
use diag::clean_line;
use std::path::Path;

/// What is known of guests with a processor.
pub struct Guests {
    /// The processor.
    pub processor: Processor,
    /// Whether they must run.
    pub needed: bool,
    /// The version of its QEMU.
    qemu: Result<String, Silent>,
    /// What runs them, if there is a QEMU; or why they do not run.
    choice: Option<Result<Choice, String>>,
}

impl Guests {
    /// Returns what is known of the guests of both processors.
    pub fn look(look: &Look<'_>) -> Vec<Guests> {
        let of = |processor: Processor| {
            let qemu = look.version(processor.qemu(), &["--version"]);
            let choice = qemu.is_ok().then(|| choose(look, processor));
            Guests {
                processor,
                needed: look.processors.contains(&processor),
                qemu,
                choice,
            }
        };
        [Processor::X86, Processor::Arm].into_iter().map(of).collect()
    }

    /// Adds what is known of them to a capability.
    pub fn tell(&self, look: &Look<'_>, told: &mut Capability) {
        let name = self.processor.name();
        let purpose = format!("it runs machines of {name}");
        let version = match &self.qemu {
            Ok(version) => version,
            Err(silent) => {
                let debian = match self.processor {
                    Processor::X86 => "qemu-system-x86",
                    Processor::Arm => "qemu-system-arm",
                };
                let what = silent.told(self.processor.qemu(), &purpose);
                return self.lack(told, what, Remedy::package("qemu", debian));
            }
        };
        match &self.choice {
            None => {}
            Some(Err(why)) => self.lack(told, format!("no guest of {name} runs: {why}"), Remedy::default()),
            Some(Ok(choice)) => {
                let slower = match choice.factor {
                    factor if factor < 1.5 => String::new(),
                    factor => format!(", which takes {factor:.0} times as long as KVM on an idle machine"),
                };
                told.fact(format!(
                    "guests of {name} run with QEMU {version} and {}{slower}",
                    choice.accel.name().to_uppercase()
                ));
                if choice.accel == Accel::Tcg && look.own() == Some(self.processor) {
                    told.misses(format!("KVM is not used: {}", choice.why), kvm(look, &choice.why));
                }
            }
        }
    }

    fn lack(&self, told: &mut Capability, what: String, remedy: Remedy) {
        match self.needed {
            true => told.needs(what, remedy),
            false => told.misses(what, remedy),
        }
    }
}

/// Returns what runs the guests of a processor, after one has run with it; or why none runs.
fn choose(look: &Look<'_>, processor: Processor) -> Result<Choice, String> {
    let guard = look.guard.as_ref().map_err(Clone::clone)?;
    let folder = look.folder.as_ref().map_err(Clone::clone)?;
    let fs = look.machine.fs.as_ref();
    let path = look.path();
    let probe = Probe {
        exec: look.exec,
        fs,
        clock: look.machine.clock.as_ref(),
        path: &path,
        own: look.own(),
        folder,
        guard,
        user: sys::unprivileged(fs, Some(Path::new(DEVICE))),
        // Of this run alone: whoever asks wants to know how it is now.
        memory: &folder.join("kvm"),
    };
    probe.choose(processor, Wanted::Best).map_err(|error| match error {
        AccelError::NoQemu { why } | AccelError::NoGuest { why, .. } => why,
        error => clean_line(&error.to_string()).into_owned(),
    })
}

/// Returns how KVM comes to run guests that does not.
pub(super) fn kvm(look: &Look<'_>, why: &str) -> Remedy {
    let fs = look.machine.fs.as_ref();
    let device = Path::new(DEVICE);
    if why.contains("Permission denied") {
        // For root QEMU runs as nobody, with the device's group; and no group helps where the group may not use it.
        let of_group = matches!(fs.stat(device), Ok(Some(stat)) if stat.mode & 0o060 == 0o060);
        match of_group && sys::unprivileged(fs, None).is_none() {
            true => remedy::kvm_access(&look.user()),
            false => remedy::kvm_group(),
        }
    } else if !look.is_there(device) {
        remedy::kvm_device()
    } else {
        // The device is there and works for nobody, as in many a virtual machine.
        Remedy::default()
    }
}
