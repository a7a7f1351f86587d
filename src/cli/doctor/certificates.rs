//! Which authorities servers are known by.

use super::capability::{Capability, Kind};
use super::look::Look;
use super::remedy;
use std::path::Path;

/// How a certificate begins in a PEM file (RFC 7468).
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
/// The variables that name a file of authorities, the one that counts first.
const VARIABLES: [&str; 2] = ["NIX_SSL_CERT_FILE", "SSL_CERT_FILE"];
/// Where distributions have their authorities.
const FILES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
];

/// Returns what is told of certificates. For fetching they are Mozilla's, which are part of this program, or those of a
/// variable; GitHub's interface is reached with those of the machine.
pub fn certificates(look: &Look<'_>) -> Capability {
    let mut told = Capability::new(Kind::Certificates, "servers are known by their certificates");
    let env = look.machine.env.as_ref();
    let named = VARIABLES.iter().find_map(|name| Some((*name, env.text(name)?)));
    match named {
        None => told.fact("fetching: Mozilla's authorities, which are part of this program"),
        Some((name, path)) => match count(look, Path::new(&path)) {
            Ok(0) => told.needs(
                format!("{name} names '{path}', which has no certificate in it"),
                remedy::certificates(),
            ),
            Ok(count) => told.fact(format!("fetching: {count} authorities of '{path}' ({name})")),
            Err(error) => told.misses(
                format!("{name} names a file that cannot be read, and Mozilla's authorities count instead: {error}"),
                remedy::certificates(),
            ),
        },
    }
    match of_machine(look) {
        Some(place) => told.fact(format!("GitHub's interface: the authorities of '{place}'")),
        None => told.misses(
            "this machine has no authorities, which publishing on GitHub needs",
            remedy::certificates(),
        ),
    }
    told.otherwise("no server is known")
}

/// Returns where this machine has its authorities.
pub fn of_machine(look: &Look<'_>) -> Option<String> {
    let env = look.machine.env.as_ref();
    let named = [env.text("SSL_CERT_FILE"), env.text("SSL_CERT_DIR")];
    if named.iter().any(Option::is_some) {
        // What the variables name counts alone, whether it is there or not.
        let has_one = |path: &String| match count(look, Path::new(path)) {
            Ok(count) => count > 0,
            Err(_) => look
                .machine
                .fs
                .read_dir(Path::new(path))
                .is_ok_and(|all| !all.is_empty()),
        };
        return named.into_iter().flatten().find(has_one);
    }
    let has_one = |path: &&str| count(look, Path::new(path)).is_ok_and(|count| count > 0);
    FILES.into_iter().find(has_one).map(str::to_owned)
}

/// Returns how many certificates a file has.
fn count(look: &Look<'_>, path: &Path) -> Result<usize, sys::FsError> {
    let bytes = look.machine.fs.read(path)?;
    Ok(String::from_utf8_lossy(&bytes).matches(BEGIN).count())
}
