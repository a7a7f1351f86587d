//! How Nix writes and reads numbers.
//!
//! Nix prints one float in three ways, by where it prints it: like C++ streams (`%g`) when a value is shown and in
//! XML, like `%f` in `toString`, and like nlohmann's library in JSON. None of them is Rust's own format.

use super::grisu;

/// The float as Nix shows values and writes XML: six significant digits, as C's `%g`.
pub fn shown(value: f64) -> String {
    if !value.is_finite() {
        return not_finite(value).to_owned();
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    // Rust's `e` format rounds half to even on the exact decimal value, as C's printf does.
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("the e format writes an e");
    let exponent: i32 = exponent.parse().expect("the e format writes a decimal exponent");
    if (-4..6).contains(&exponent) {
        let places = (5 - exponent) as usize;
        return without_trailing_zeros(&format!("{value:.places$}")).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!(
        "{}e{sign}{:02}",
        without_trailing_zeros(mantissa),
        exponent.unsigned_abs()
    )
}

/// The float as `toString` gives it: six places after the point, as C's `%f`.
pub fn fixed(value: f64) -> String {
    if value.is_finite() {
        format!("{value:.6}")
    } else {
        not_finite(value).to_owned()
    }
}

/// The float as `toJSON` gives it; infinities and NaN are `null`.
pub fn json(value: f64) -> String {
    let mut out = String::new();
    push_json(&mut out, value);
    out
}

/// Appends what [`json`] returns to `out`.
pub fn push_json(out: &mut String, value: f64) {
    if !value.is_finite() {
        out.push_str("null");
        return;
    }
    if value.is_sign_negative() {
        out.push('-');
    }
    if value == 0.0 {
        out.push_str("0.0");
        return;
    }
    let decimal = grisu::digits(value.abs());
    let digits = std::str::from_utf8(decimal.as_bytes()).expect("digits are ASCII");
    // Where the decimal point stands, counted from the first digit.
    let point = digits.len() as i32 + decimal.exponent;
    if point > 15 || point <= -4 {
        let (first, rest) = digits.split_at(1);
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        let exponent = point - 1;
        out.push_str(if exponent < 0 { "e-" } else { "e+" });
        out.push_str(&format!("{:02}", exponent.unsigned_abs()));
    } else if decimal.exponent >= 0 {
        out.push_str(digits);
        out.extend(std::iter::repeat_n('0', decimal.exponent as usize));
        out.push_str(".0");
    } else if point > 0 {
        let (whole, part) = digits.split_at(point as usize);
        out.push_str(whole);
        out.push('.');
        out.push_str(part);
    } else {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', point.unsigned_abs() as usize));
        out.push_str(digits);
    }
}

/// The integer that decimal digits spell, or `None` when they spell more than `i64::MAX`, or nothing.
///
/// Takes the text of the lexer's integer token: ASCII digits without a sign; leading zeros mean nothing.
pub fn parse_integer(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_i64, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// The float that a decimal literal spells, or `None` where C's `strtod` reports a range error.
///
/// Range errors are an infinite result, and a result below the smallest normal float that is not exact: Nix refuses
/// both (`invalid float '…'`). Takes digits with at most one point and an optional exponent, as the lexer's float
/// token and JSON numbers have them; anything else is `None` too.
pub fn parse_float(literal: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(literal).ok()?;
    if !text.bytes().any(|byte| byte.is_ascii_digit())
        || text.bytes().any(|b| b.is_ascii_alphabetic() && b | 32 != b'e')
    {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    if value.is_infinite() || (value.abs() < f64::MIN_POSITIVE && !is_exact(text, value)) {
        return None;
    }
    Some(value)
}

/// Whether `value`, which is zero or below the normal floats, is exactly what `text` says.
fn is_exact(text: &str, value: f64) -> bool {
    let said = significant_digits(text);
    if said.0.is_empty() || value == 0.0 {
        return said.0.is_empty();
    }
    // The smallest float is 2^-1074, so that 1074 places hold every float exactly.
    said == significant_digits(&format!("{:.1074}", value.abs()))
}

/// The digits of a decimal number without zeros at either end, and the power of ten of the last one.
fn significant_digits(text: &str) -> (String, i64) {
    let text = text.trim_start_matches(['-', '+']);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(if exponent.starts_with('-') {
        i64::MIN / 2
    } else {
        i64::MAX / 2
    });
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{part}");
    let trimmed = all.trim_end_matches('0');
    let cut = (all.len() - trimmed.len()) as i64;
    (
        trimmed.trim_start_matches('0').to_owned(),
        exponent - part.len() as i64 + cut,
    )
}

fn not_finite(value: f64) -> &'static str {
    match (value.is_nan(), value.is_sign_negative()) {
        (true, false) => "nan",
        (true, true) => "-nan",
        (false, false) => "inf",
        (false, true) => "-inf",
    }
}

fn without_trailing_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shows_six_significant_digits() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (1.5, "1.5"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (100000.0, "100000"),
            (1e6, "1e+06"),
            (123456.0, "123456"),
            (1234567.0, "1.23457e+06"),
            (999999.5, "1e+06"),
            (999998.5, "999998"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (0.000099999995, "0.0001"),
            (1e22, "1e+22"),
            (1e100, "1e+100"),
            (5e-324, "4.94066e-324"),
            (3.0e-5, "3e-05"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(shown(value), text);
        }
    }

    #[test]
    fn to_string_has_six_places() {
        for (value, text) in [
            (1.5, "1.500000"),
            (-0.0, "-0.000000"),
            (1e22, "10000000000000000000000.000000"),
            (1e-7, "0.000000"),
        ] {
            assert_eq!(fixed(value), text);
        }
        assert_eq!(fixed(f64::INFINITY), "inf");
    }

    #[test]
    fn json_is_short_and_looks_like_a_float() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (1.5, "1.5"),
            (-2.25, "-2.25"),
            (1e10, "10000000000.0"),
            (1e14, "100000000000000.0"),
            (1e15, "1e+15"),
            (123456789012345.0, "123456789012345.0"),
            (1e22, "1e+22"),
            (1.25e300, "1.25e+300"),
            (0.001, "0.001"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "null"),
            (f64::NAN, "null"),
        ] {
            assert_eq!(json(value), text);
        }
    }

    #[test]
    fn integers_end_at_the_signed_maximum() {
        assert_eq!(parse_integer(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(parse_integer(b"9223372036854775808"), None);
        assert_eq!(parse_integer(b"0007"), Some(7));
        assert_eq!(parse_integer(b""), None);
        assert_eq!(parse_integer(b"1x"), None);
    }

    #[test]
    fn floats_out_of_range_are_refused() {
        for (text, value) in [
            ("1.", Some(1.0)),
            (".5", Some(0.5)),
            ("1.5e3", Some(1500.0)),
            ("1.0E-2", Some(0.01)),
            ("1.0e999", None),
            ("1.0e-999", None),
            ("4.9e-324", None),
            (".0e-999", Some(0.0)),
            ("2.2250738585072014e-308", Some(f64::MIN_POSITIVE)),
            ("inf", None),
            ("nan", None),
            ("e", None),
        ] {
            assert_eq!(parse_float(text.as_bytes()), value, "{text}");
        }
        let smallest = format!("{:.1074}", 5e-324_f64);
        assert_eq!(parse_float(smallest.as_bytes()), Some(5e-324));
    }

    proptest! {
        #[test]
        fn json_reads_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            if value.is_finite() {
                prop_assert_eq!(json(value).parse::<f64>().unwrap().to_bits(), bits);
            }
        }

        #[test]
        fn readers_do_not_panic(text in proptest::collection::vec(any::<u8>(), 0..30)) {
            parse_integer(&text);
            parse_float(&text);
        }
    }
}
