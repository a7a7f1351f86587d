//! The values of number literals.

/// Returns the value of decimal digits, or `None` when it does not fit.
pub fn integer(digits: &[u8]) -> Option<i64> {
    let mut value = 0i64;
    for &digit in digits {
        value = value.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
    }
    Some(value)
}

/// Returns the value of a float literal, or `None` where C's `strtod` reports a range error: the value
/// is too large, or so small that it is rounded to zero or to a subnormal number.
pub fn float(literal: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(literal).ok()?;
    let value: f64 = text.parse().ok()?;
    if value.is_infinite() {
        return None;
    }
    if value.abs() < f64::MIN_POSITIVE {
        let mantissa = literal.split(|b| matches!(b, b'e' | b'E')).next().unwrap_or(literal);
        let zero = mantissa.iter().all(|b| !matches!(b, b'1'..=b'9'));
        return zero.then_some(value);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_64_bits() {
        assert_eq!(integer(b"0"), Some(0));
        assert_eq!(integer(b"0009"), Some(9));
        assert_eq!(integer(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(integer(b"9223372036854775808"), None);
        assert_eq!(integer(b"99999999999999999999999"), None);
    }

    #[test]
    fn floats_out_of_range_are_refused() {
        assert_eq!(float(b"1."), Some(1.0));
        assert_eq!(float(b".5"), Some(0.5));
        assert_eq!(float(b"1.5e3"), Some(1500.0));
        assert_eq!(float(b"1.0e308"), Some(1.0e308));
        assert_eq!(float(b"0.0e-999"), Some(0.0));
        assert_eq!(float(b"1.0e309"), None);
        assert_eq!(float(b"1.0e-320"), None);
        assert_eq!(float(b"1.0e-999"), None);
    }
}
