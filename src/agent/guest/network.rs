//! What the network of the guest has: ports that are listened on, and neighbours.

use super::kernel::Kernel;
use super::{Fault, while_doing};
use agent::Reached;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

/// The port that datagrams to a neighbour go to: discard (RFC 863).
const DISCARD: u16 = 9;
/// How often a neighbour is asked, and how long each time. The kernel itself asks three times, a second each.
const ASKED: usize = 20;
const PAUSE: Duration = Duration::from_millis(200);
/// The state of a socket that listens, in `/proc/net/tcp` (Linux, include/net/tcp_states.h).
const LISTENS: &str = "0A";
/// The flag of an entry of the ARP table that has a hardware address (Linux, include/uapi/linux/if_arp.h, `ATF_COM`).
const COMPLETE: u32 = 2;

/// Whether something listens on a TCP port, at whatever address. Nothing is connected to, so nothing is woken.
pub fn listens(kernel: &Kernel, port: u16) -> bool {
    let port = format!("{port:04X}");
    ["self/net/tcp", "self/net/tcp6"].into_iter().any(|table| {
        let table = Kernel::text(&kernel.proc, table).unwrap_or_default();
        table.lines().skip(1).any(|line| {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let (Some(local), Some(state)) = (words.get(1), words.get(3)) else {
                return false;
            };
            *state == LISTENS && local.rsplit_once(':').is_some_and(|(_, of)| of == port)
        })
    })
}

/// Asks for a neighbour, whatever was known of it before.
pub fn reaches(kernel: &Kernel, address: [u8; 4]) -> Result<Reached, Fault> {
    let address = Ipv4Addr::from(address);
    forget(kernel, address);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).map_err(while_doing("open a socket"))?;
    for _ in 0..ASKED {
        match socket.send_to(&[], (address, DISCARD)) {
            Ok(_) => {}
            Err(error) if is_no_route(&error) => return Ok(Reached::NoRoute),
            // What an earlier datagram brought back, such as that the neighbour does not answer.
            Err(error) if error.kind() == ErrorKind::HostUnreachable => {}
            Err(error) => return Err(while_doing(format!("send to {address}"))(error)),
        }
        std::thread::sleep(PAUSE);
        if known(kernel, address).is_some() {
            return Ok(Reached::Yes);
        }
    }
    Ok(Reached::Silent)
}

fn is_no_route(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown)
}

/// Returns the interface behind which a neighbour is known to be.
fn known(kernel: &Kernel, address: Ipv4Addr) -> Option<String> {
    let table = Kernel::text(&kernel.proc, "self/net/arp")?;
    table.lines().skip(1).find_map(|line| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [at, _, flags, _, _, interface] = words[..] else {
            return None;
        };
        let flags = u32::from_str_radix(flags.trim_start_matches("0x"), 16).ok()?;
        (at.parse() == Ok(address) && flags & COMPLETE != 0).then(|| interface.to_owned())
    })
}

/// Makes the kernel forget a neighbour (RTM_DELNEIGH of rtnetlink(7)), so that only one that answers now is known.
fn forget(kernel: &Kernel, address: Ipv4Addr) {
    let Some(interface) = known(kernel, address) else {
        return;
    };
    let index = Kernel::text(&kernel.sys, &format!("class/net/{interface}/ifindex"));
    let Some(index) = index.and_then(|index| index.trim().parse::<u32>().ok()) else {
        return;
    };
    const RTM_DELNEIGH: u16 = 29;
    const NLM_F_REQUEST: u16 = 1;
    const AF_INET: u8 = 2;
    const NDA_DST: u16 = 1;
    let mut message = Vec::new();
    message.extend(36_u32.to_ne_bytes());
    message.extend(RTM_DELNEIGH.to_ne_bytes());
    message.extend(NLM_F_REQUEST.to_ne_bytes());
    message.extend([0; 8]); // number and sender
    message.extend([AF_INET, 0, 0, 0]);
    message.extend(index.to_ne_bytes());
    message.extend([0; 4]); // state, flags, type
    message.extend(8_u16.to_ne_bytes());
    message.extend(NDA_DST.to_ne_bytes());
    message.extend(address.octets());
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None);
    // Without it a neighbour that was there a moment ago may still be known.
    let _ = socket.map(|socket| File::from(socket).write_all(&message));
}
