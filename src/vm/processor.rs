//! The processors that guests have.

/// A processor, as Nix's system strings begin with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Processor {
    /// `x86_64`.
    X86,
    /// `aarch64`.
    Arm,
}

impl Processor {
    /// Returns the processor of a system such as `aarch64-linux`; `None` if it is another one, or no Linux.
    pub fn of_system(system: &str) -> Option<Processor> {
        match system {
            "x86_64-linux" => Some(Processor::X86),
            "aarch64-linux" => Some(Processor::Arm),
            _ => None,
        }
    }

    /// Returns the processor of the machine that this program was built for; `None` if guests cannot have it.
    pub fn own() -> Option<Processor> {
        match std::env::consts::ARCH {
            "x86_64" => Some(Processor::X86),
            "aarch64" => Some(Processor::Arm),
            _ => None,
        }
    }

    /// Returns its name, as in Nix's system strings.
    pub fn name(self) -> &'static str {
        match self {
            Processor::X86 => "x86_64",
            Processor::Arm => "aarch64",
        }
    }

    /// Returns the name of the QEMU that emulates machines with it.
    pub fn qemu(self) -> &'static str {
        match self {
            Processor::X86 => "qemu-system-x86_64",
            Processor::Arm => "qemu-system-aarch64",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_has_a_processor_or_cannot_be_a_guest() {
        let table = [
            ("x86_64-linux", Some(Processor::X86)),
            ("aarch64-linux", Some(Processor::Arm)),
            ("aarch64-darwin", None),
            ("riscv64-linux", None),
            ("x86_64", None),
            ("", None),
        ];
        for (system, processor) in table {
            assert_eq!(Processor::of_system(system), processor, "{system}");
        }
    }
}
