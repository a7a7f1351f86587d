//! Numbers, dates and times.

use super::Toml;
use super::report::Report;

const INTEGER_HINT: &str = "Hint: valid  : -42, 1_000, 1_2_3_4_5, 0xC0FFEE, 0b0010, 0o755\n\
                            Hint: invalid: _42, 1__000, 0123\n";
const FLOAT_HINT: &str = "Hint: valid  : +1.0, -2e-2, 3.141_592_653_589, inf, nan\n\
                          Hint: invalid: .0, 1., _1.0, 1.0_, 1_.0, 1.0__0\n";
const TIME_HINT: &str = "Hint: valid  : 1979-05-27T07:32:00, 1979-05-27 07:32:00.999999\n\
                         Hint: invalid: 1979-05-27T7:32:00, 1979-05-27 17:32\n";
const DATETIME_HINT: &str = "Hint: valid  : 1979-05-27T07:32:00-07:00, 1979-05-27 07:32:00.999999Z\n\
                             Hint: invalid: 1979-05-27T7:32:00-7:00, 1979-05-27 7:32-00:30";
const OFFSET_HINT: &str = "Hint: valid  : +09:00, -05:30\nHint: invalid: +9:00,  -5:30\n";

/// The number, date or time that starts at `start`, and where it ends.
pub(super) fn scalar(text: &[u8], start: usize) -> Result<(Toml, usize), Report> {
    let here = |at: usize, title: &str, note: &str, hint| Err(Report::new(title, at..at + 1, note).hint(hint));
    let rest = &text[start..];
    if date_length(rest).is_some() {
        return date(text, start);
    }
    if let Some(length) = time_length(rest) {
        return Ok((Toml::Timestamp(time(rest, start)?), start + length));
    }
    if let Some(length) = float_length(rest) {
        let end = start + length;
        if text.get(end) == Some(&b'_') {
            return here(
                end,
                "bad float: `_` must be surrounded by digits",
                "invalid underscore",
                FLOAT_HINT,
            );
        }
        return float(&rest[..length], end).map(|value| (Toml::Float(value), end));
    }
    for (prefix, name, radix, example, digits) in [
        (b"0x", "hex", 16, "0xC0FFEE, 0xdead_beef", "hex [0-9a-fA-F]"),
        (b"0o", "oct", 8, "0o775, 0o04_44", "from `0` to `7`"),
        (b"0b", "bin", 2, "0b0101, 0b1111_0000", "0 or 1"),
    ] {
        if !rest.starts_with(prefix) {
            continue;
        }
        let length = digits_length(&rest[2..], radix);
        let end = start + 2 + length;
        if length == 0 {
            let title = format!("toml::parse_{name}_integer: invalid integer: {name}_int must be like: {example}");
            return here(end, &title, &format!("expected {digits}"), "");
        }
        check_end_of_integer(text, start, end)?;
        let digits = plain(&rest[2..2 + length]);
        return match i64::from_str_radix(&digits, radix) {
            Ok(value) => Ok((Toml::Integer(value), end)),
            Err(_) => {
                let title = format!("toml::parse_{name}_integer: too large integer: current max value = 2^63");
                here(end, &title, "must be < 2^63", "")
            }
        };
    }
    if let Some(length) = integer_length(rest) {
        let end = start + length;
        check_end_of_integer(text, start, end)?;
        return match plain(&rest[..length]).parse() {
            Ok(value) => Ok((Toml::Integer(value), end)),
            Err(_) => {
                let title = "toml::parse_dec_integer: too large integer: current max digits = 2^63";
                here(end, title, "must be < 2^63", "")
            }
        };
    }
    match rest.first() {
        Some(b'.') => here(
            start,
            "bad float: integer part is required before decimal point",
            "missing integer part",
            FLOAT_HINT,
        ),
        Some(b'_') => here(
            start,
            "bad number: `_` must be surrounded by digits",
            "digits required before `_`",
            INTEGER_HINT,
        ),
        _ => here(start, "bad format: unknown value appeared", "here", ""),
    }
}

/// Looks at the byte after an integer, which may show that something else was meant.
fn check_end_of_integer(text: &[u8], start: usize, end: usize) -> Result<(), Report> {
    let (at, title, note, hint) = match text.get(end) {
        Some(b'_') if matches!(&text[start..end], b"0" | b"+0" | b"-0") => (
            end,
            "bad integer: leading zero is not allowed in decimal int",
            "leading zero",
            INTEGER_HINT,
        ),
        Some(b'_') => (
            end,
            "bad integer: `_` must be surrounded by digits",
            "invalid underscore",
            INTEGER_HINT,
        ),
        Some(b'0') => (
            end - 1,
            "bad integer: leading zero",
            "leading zero is not allowed",
            INTEGER_HINT,
        ),
        Some(b'1'..=b'9') => (
            end,
            "bad integer: invalid digit after an integer",
            "this digit is not allowed",
            INTEGER_HINT,
        ),
        Some(b':' | b'-') => (end, "bad datetime: invalid format", "here", DATETIME_HINT),
        Some(b'.' | b'e' | b'E') => (end, "bad float: invalid format", "here", FLOAT_HINT),
        _ => return Ok(()),
    };
    Err(Report::new(title, at..at + 1, note).hint(hint))
}

fn plain(digits: &[u8]) -> String {
    digits
        .iter()
        .filter(|&&byte| byte != b'_')
        .map(|&byte| char::from(byte))
        .collect()
}

fn float(literal: &[u8], end: usize) -> Result<f64, Report> {
    let literal = plain(literal);
    // Rust reads `inf` and `nan` with signs as TOML has them.
    let value: f64 = literal.parse().unwrap_or(f64::INFINITY);
    if value.is_infinite() && !literal.ends_with("inf") {
        let title = "toml::parse_floating: failed to read floating point value from stream";
        return Err(Report::new(title, end..end + 1, "here"));
    }
    Ok(value)
}

/// How long the digits at the start are, with single underscores between them.
fn digits_length(text: &[u8], radix: u32) -> usize {
    let is_digit = |at: usize| text.get(at).is_some_and(|&byte| char::from(byte).is_digit(radix));
    let mut length = 0;
    loop {
        if is_digit(length) {
            length += 1;
        } else if length > 0 && text.get(length) == Some(&b'_') && is_digit(length + 1) {
            length += 2;
        } else {
            return length;
        }
    }
}

fn sign_length(text: &[u8]) -> usize {
    usize::from(matches!(text.first(), Some(b'+' | b'-')))
}

fn integer_length(text: &[u8]) -> Option<usize> {
    let sign = sign_length(text);
    match text.get(sign) {
        Some(b'0') => Some(sign + 1),
        Some(b'1'..=b'9') => Some(sign + digits_length(&text[sign..], 10)),
        _ => None,
    }
}

fn float_length(text: &[u8]) -> Option<usize> {
    let sign = sign_length(text);
    if text[sign..].starts_with(b"inf") || text[sign..].starts_with(b"nan") {
        return Some(sign + 3);
    }
    let whole = integer_length(text)?;
    let mut length = whole;
    if text.get(length) == Some(&b'.') {
        let digits = digits_length(&text[length + 1..], 10);
        if digits == 0 {
            return None;
        }
        length += 1 + digits;
    }
    if let Some(b'e' | b'E') = text.get(length) {
        let sign = sign_length(&text[length + 1..]);
        let digits = digits_length(&text[length + 1 + sign..], 10);
        if digits > 0 {
            length += 1 + sign + digits;
        }
    }
    (length > whole).then_some(length)
}

/// Whether the text starts as the pattern says, in which `0` stands for any digit.
fn looks_like(text: &[u8], pattern: &[u8]) -> bool {
    text.len() >= pattern.len()
        && std::iter::zip(text, pattern).all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            wanted => byte == wanted,
        })
}

fn date_length(text: &[u8]) -> Option<usize> {
    looks_like(text, b"0000-00-00").then_some(10)
}

fn time_length(text: &[u8]) -> Option<usize> {
    if !looks_like(text, b"00:00:00") {
        return None;
    }
    let digits = text
        .get(9..)
        .map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
    Some(if text.get(8) == Some(&b'.') && digits > 0 {
        9 + digits
    } else {
        8
    })
}

fn two(text: &[u8], at: usize) -> u32 {
    u32::from(text[at] - b'0') * 10 + u32::from(text[at + 1] - b'0')
}

/// The date that starts at `start`, with its time and offset if it has them.
fn date(text: &[u8], start: usize) -> Result<(Toml, usize), Report> {
    let rest = &text[start..];
    let mut end = start + 10;
    let day = {
        let (year, month, day) = (two(rest, 0) * 100 + two(rest, 2), two(rest, 5), two(rest, 8));
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u32::from(leap),
            _ => 0,
        };
        if day == 0 || day > days {
            let note = "month must be 01-12, day must be any of 01-28,29,30,31 depending on the month/year.";
            return Err(Report::new(
                "toml::parse_local_date: invalid date.",
                start..start + 1,
                note,
            ));
        }
        String::from_utf8_lossy(&rest[..10]).into_owned()
    };
    let delimiter = text.get(end).copied();
    let after = text.get(end + 1..).unwrap_or_default();
    let bad_time = || {
        let digits = after.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
        Err(Report::new(
            "bad time: must be HH:MM:SS.subsec",
            end + 1 + digits..end + 2 + digits,
            "expected digit [0-9]",
        )
        .hint(TIME_HINT))
    };
    let length = match (delimiter, time_length(after)) {
        (Some(b'T' | b't' | b' '), Some(length)) => length,
        (Some(b'T' | b't'), None) => return bad_time(),
        (Some(b' '), None) if after.first().is_some_and(u8::is_ascii_digit) => return bad_time(),
        (Some(b'0'..=b'9'), _) => {
            let title = "bad datetime: missing T or space";
            return Err(Report::new(title, end..end + 1, "expected T, t, or  ").hint(TIME_HINT));
        }
        _ => return Ok((Toml::Timestamp(day), end)),
    };
    let mut out = format!("{day}T{}", time(after, end + 1)?);
    end += 1 + length;
    match text.get(end) {
        Some(b'Z' | b'z') => {
            out.push('Z');
            end += 1;
        }
        Some(sign @ (b'+' | b'-')) => {
            let offset = &text[end + 1..];
            if !looks_like(offset, b"00:00") {
                let title = "bad offset: must be [+-]HH:MM or Z";
                return Err(Report::new(title, end..end + 1, "expected digit [0-9]").hint(OFFSET_HINT));
            }
            if two(offset, 0) > 24 || two(offset, 3) > 60 {
                let title = "toml::parse_offset_datetime: too large offset: |hour| <= 24, |minute| <= 60";
                return Err(Report::new(title, start..end + 6, "here"));
            }
            if offset.starts_with(b"00:00") {
                out.push('Z');
            } else {
                out.push(char::from(*sign));
                out.push_str(&String::from_utf8_lossy(&offset[..5]));
            }
            end += 6;
        }
        _ => {}
    }
    Ok((Toml::Timestamp(out), end))
}

/// The time at the start of `rest`, with 0, 3, 6 or 9 digits of the second; more are cut off.
fn time(rest: &[u8], start: usize) -> Result<String, Report> {
    let length = time_length(rest).unwrap_or(0);
    if two(rest, 0) > 23 || two(rest, 3) > 59 || two(rest, 6) > 60 {
        let note = "hour must be 00-23, minute must be 00-59.";
        return Err(Report::new(
            "toml::parse_local_time: invalid time.",
            start..start + 1,
            note,
        ));
    }
    let mut out = String::from_utf8_lossy(&rest[..8]).into_owned();
    let mut part = if length > 9 {
        String::from_utf8_lossy(&rest[9..length]).into_owned()
    } else {
        String::new()
    };
    part.truncate(9);
    while part.len() < 9 {
        part.push('0');
    }
    // Groups of three digits, down to the last one that is not zero.
    let groups = (0..3)
        .rev()
        .find(|&group| &part[3 * group..3 * group + 3] != "000")
        .map_or(0, |group| group + 1);
    if groups > 0 {
        out.push('.');
        out.push_str(&part[..3 * groups]);
    }
    Ok(out)
}
