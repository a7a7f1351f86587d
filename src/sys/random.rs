//! Numbers that nobody can know before.

/// Returns bytes from the machine's source of randomness, such as for a key.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], std::io::Error> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}

/// Returns 32 hexadecimal digits from the machine's source of randomness, such as for a token in a
/// text that the code under test must not be able to write itself.
pub fn random_token() -> Result<String, std::io::Error> {
    Ok(format!("{:032x}", u128::from_le_bytes(random_bytes()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ() {
        let (one, other) = (random_token().unwrap(), random_token().unwrap());
        assert_ne!(one, other);
        assert!(one.len() == 32 && one.bytes().all(|b| b.is_ascii_hexdigit()), "{one}");
        assert_ne!(random_bytes::<32>().unwrap(), random_bytes::<32>().unwrap());
    }
}
