//! What may be reached.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

/// Says of an address of a host why it may not be reached, if it may not.
pub type AddressRule = Arc<dyn Fn(&str, IpAddr) -> Result<(), String> + Send + Sync>;

/// The ports that files are fetched from: HTTP, HTTPS, and Git's own.
pub const PORTS: [u16; 3] = [80, 443, 9418];

/// What may be reached.
#[derive(Clone)]
pub struct Rules {
    /// The hosts; all if empty.
    pub hosts: Vec<String>,
    /// The ports.
    pub ports: Vec<u16>,
    /// Which addresses.
    pub address: AddressRule,
}

impl Rules {
    /// Returns rules for some hosts (all if none are named), the usual ports, and addresses of a kind.
    pub fn new(hosts: Vec<String>, address: AddressRule) -> Rules {
        Rules {
            hosts,
            ports: PORTS.to_vec(),
            address,
        }
    }

    /// Returns the addresses that a connection may be made to, or why none may be.
    pub fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        if !self.hosts.is_empty() && !self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
            return Err(format!("'{host}' is none of the hosts that --fetch-from names"));
        }
        if !self.ports.contains(&port) {
            return Err(format!("port {port} of '{host}' is none that files are fetched from"));
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found = (bare, port).to_socket_addrs();
        let found: Vec<SocketAddr> = found
            .map_err(|error| format!("unable to resolve '{host}': {error}"))?
            .collect();
        if found.is_empty() {
            return Err(format!("'{host}' has no address"));
        }
        // One address that is not allowed among others is no accident either.
        for address in &found {
            (self.address)(bare, address.ip())?;
        }
        Ok(found)
    }
}
