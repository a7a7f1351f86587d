//! `nix-cache-info`: what a cache says of itself.

use diag::clean_line;

/// Most bytes of one.
pub const MOST: u64 = 64 << 10;
/// The order of a cache that says none; a cache of a lower number is asked first.
const PRIORITY: u64 = 50;

/// Reads what a cache says of itself, and returns its priority; or says why it is none of ours.
pub fn parse(bytes: &[u8]) -> Result<u64, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let value = |key: &str| {
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(':').map(str::trim))
    };
    // Without the line the store is the usual one.
    match value("StoreDir") {
        None | Some(store::STORE_DIR) => {}
        Some(other) => return Err(format!("it is for the store '{}'", clean_line(other))),
    }
    match value("Priority") {
        None => Ok(PRIORITY),
        Some(text) => text.parse().map_err(|_| "its priority is no number".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_says_its_priority() {
        for (text, expected) in [
            ("StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 40\n", Ok(40)),
            ("StoreDir: /nix/store\n", Ok(PRIORITY)),
            ("", Ok(PRIORITY)),
            ("StoreDir: /gnu/\u{1b}store\n", Err("it is for the store '/gnu/␛store'")),
            ("Priority: -1", Err("its priority is no number")),
        ] {
            assert_eq!(parse(text.as_bytes()), expected.map_err(str::to_owned), "{text}");
        }
        assert!(parse(b"\xff").is_err());
    }
}
