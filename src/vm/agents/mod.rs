//! The guest's agents: one static program for each processor, built by `compile.rs` and part of this program.

use crate::Processor;

/// Returns the agent for guests with a processor, or why this program was built without it.
pub fn agent(processor: Processor) -> Result<&'static [u8], &'static str> {
    let (bytes, why): (&[u8], &str) = match processor {
        Processor::X86 => (
            include_bytes!(concat!(env!("OUT_DIR"), "/x86_64")),
            include_str!(concat!(env!("OUT_DIR"), "/x86_64.why")),
        ),
        Processor::Arm => (
            include_bytes!(concat!(env!("OUT_DIR"), "/aarch64")),
            include_str!(concat!(env!("OUT_DIR"), "/aarch64.why")),
        ),
    };
    if bytes.is_empty() { Err(why) } else { Ok(bytes) }
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod live;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_a_static_program_of_its_processor() {
        // ELF, e_machine at 18: EM_X86_64 and EM_AARCH64.
        for (processor, machine) in [(Processor::X86, 62), (Processor::Arm, 183)] {
            match agent(processor) {
                Ok(bytes) => {
                    assert_eq!(bytes[..4], *b"\x7fELF");
                    assert_eq!(u16::from_le_bytes([bytes[18], bytes[19]]), machine);
                    assert!(
                        !bytes.windows(9).any(|window| window == b"ld-linux-"),
                        "it needs a loader"
                    );
                }
                Err(why) => assert!(!why.is_empty() && Processor::own() != Some(processor), "{why}"),
            }
        }
    }
}
