//! Days: what ages and ends are counted in.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// Seconds of a day.
const SECONDS: u64 = 24 * 60 * 60;

/// A day of the Gregorian calendar in UTC, between 1970-01-01 and 9999-12-31.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(into = "String")]
pub struct Day(u32);

crate::settings::from_text!(Day, "a day such as `2026-11-25`");

impl Day {
    /// Returns the day of a moment, given as the time since 1970-01-01 00:00:00 UTC.
    pub fn of(since_1970: Duration) -> Day {
        const LAST: u64 = 2_932_896;
        Day((since_1970.as_secs() / SECONDS).min(LAST) as u32)
    }

    /// Returns the day of this date, or `None` if there is none such.
    pub fn new(year: u32, month: u32, day: u32) -> Option<Day> {
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) {
            return None;
        }
        if day == 0 || day > days_of(year, month) {
            return None;
        }
        let years: u32 = (1970..year).map(|y| if is_leap(y) { 366 } else { 365 }).sum();
        let months: u32 = (1..month).map(|m| days_of(year, m)).sum();
        Some(Day(years + months + day - 1))
    }

    /// Returns the number of days from this day to a later one; negative if that is earlier.
    pub fn days_until(self, later: Day) -> i64 {
        i64::from(later.0) - i64::from(self.0)
    }

    /// Returns year, month and day, the last two counted from one.
    pub fn date(self) -> (u32, u32, u32) {
        let (mut year, mut left) = (1970, self.0);
        loop {
            let days = if is_leap(year) { 366 } else { 365 };
            if left < days {
                break;
            }
            left -= days;
            year += 1;
        }
        let mut month = 1;
        while left >= days_of(year, month) {
            left -= days_of(year, month);
            month += 1;
        }
        (year, month, left + 1)
    }
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Day, String> {
        let number = |part: &str, len: usize| {
            let plain = part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| part.parse().ok()).flatten()
        };
        let mut parts = text.splitn(3, '-');
        let mut next = |len| parts.next().and_then(|part| number(part, len));
        let day = match (next(4), next(2), next(2)) {
            (Some(year), Some(month), Some(day)) => Day::new(year, month, day),
            _ => None,
        };
        day.ok_or_else(|| format!("`{text}` is no day; one looks like `2026-11-25`"))
    }
}

impl std::str::FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Day, String> {
        Day::try_from(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_are_read_and_written() {
        let day = |text: &str| text.parse::<Day>();
        assert_eq!(day("1970-01-01"), Ok(Day(0)));
        assert_eq!(day("2026-11-25").unwrap(), Day::of(Duration::from_secs(1_795_564_800)));
        assert_eq!(day("2000-02-29").unwrap().to_string(), "2000-02-29");
        for text in [
            "2026-02-29",
            "1900-01-01",
            "2026-13-01",
            "2026-1-1",
            "today",
            "",
            "2026-11-25T",
        ] {
            assert!(day(text).is_err(), "{text}");
        }
        assert_eq!(day("2025-11-23").unwrap().days_until(day("2026-11-25").unwrap()), 367);
        assert_eq!(Day::of(Duration::MAX).to_string(), "9999-12-31");
    }

    proptest! {
        #[test]
        fn a_day_is_what_it_says(days in 0u32..2_932_897) {
            prop_assert_eq!(Day(days).to_string().parse(), Ok(Day(days)));
        }

        #[test]
        fn reading_never_panics(text in any::<String>()) {
            let _ = text.parse::<Day>();
        }
    }
}
