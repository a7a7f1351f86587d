//! The releases of NixOS: which there were, until when each gets fixes, and which one a branch is of.

use std::fmt;

use crate::Day;

/// A release of NixOS, such as 26.05: year and month.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Release {
    year: u32,
    month: u32,
}

/// A release of which the days are known.
struct Known {
    release: Release,
    published: Date,
    end: Date,
}

/// Year, month and day.
type Date = (u32, u32, u32);

/// Each release, the day it was published, and its last day with fixes.
///
/// The days are those of the release notes in nixpkgs (`nixos/doc/manual/release-notes`). An old
/// release ends a month after the next one is published (the release wiki of NixOS, "EOL cleanup");
/// since 20.09 the announcements name the end of June and of December.
const RELEASES: &[Known] = &[
    known((19, 9), (2019, 10, 9), (2020, 4, 30)),
    known((20, 3), (2020, 4, 20), (2020, 10, 27)),
    known((20, 9), (2020, 10, 27), (2021, 6, 30)),
    known((21, 5), (2021, 5, 31), (2021, 12, 31)),
    known((21, 11), (2021, 11, 30), (2022, 6, 30)),
    known((22, 5), (2022, 5, 30), (2022, 12, 31)),
    known((22, 11), (2022, 11, 30), (2023, 6, 30)),
    known((23, 5), (2023, 5, 31), (2023, 12, 31)),
    known((23, 11), (2023, 11, 29), (2024, 6, 30)),
    known((24, 5), (2024, 5, 31), (2024, 12, 31)),
    known((24, 11), (2024, 11, 28), (2025, 6, 30)),
    known((25, 5), (2025, 5, 23), (2025, 12, 31)),
    known((25, 11), (2025, 11, 30), (2026, 6, 30)),
    known((26, 5), (2026, 5, 30), (2026, 12, 31)),
];

const fn known((year, month): (u32, u32), published: Date, end: Date) -> Known {
    Known {
        release: Release::new(year, month),
        published,
        end,
    }
}

impl Release {
    const fn new(year: u32, month: u32) -> Release {
        Release { year, month }
    }

    /// Returns the release that a branch or tag is of, such as `nixos-26.05`, `release-26.05` or
    /// `nixpkgs-26.05-darwin`.
    pub(super) fn of_branch(branch: &str) -> Option<Release> {
        let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
        let at = branch.find(|c: char| c.is_ascii_digit())?;
        let before = branch[..at].strip_suffix('-')?;
        let is_word = |word: &str| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && !word.is_empty();
        let number = branch.get(at..at + 5)?;
        let after = branch.get(at + 5..)?;
        let is_variant = matches!(after, "" | "-small" | "-darwin" | "-aarch64");
        (is_word(before) && is_variant)
            .then(|| Release::parse(number))
            .flatten()
    }

    /// Returns the release of this number, such as `26.05`.
    pub(super) fn parse(number: &str) -> Option<Release> {
        let (year, month) = number.split_once('.')?;
        let digits = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(year) || !digits(month) {
            return None;
        }
        let release = Release::new(year.parse().ok()?, month.parse().ok()?);
        // There were releases in other months than May and November until 2020.
        let is_one = release.year >= 13 && (1..=12).contains(&release.month);
        is_one.then_some(release)
    }

    /// Returns the last day on which the release gets fixes.
    ///
    /// A release that is older than those that are known has ended with the first of them. One that is
    /// newer is judged by the half-yearly rhythm: it ends seven months after the month it is named for.
    pub(super) fn end(self) -> Day {
        if let Some(known) = RELEASES.iter().find(|known| known.release == self) {
            return day(known.end);
        }
        if self < RELEASES[0].release {
            return day(RELEASES[0].end);
        }
        let months = self.month + 7;
        let (year, month) = match months {
            0..=12 => (2000 + self.year, months),
            _ => (2001 + self.year, months - 12),
        };
        last_day(year, month)
    }

    /// Returns the newest release that was published by a day.
    pub(super) fn newest(today: Day) -> Release {
        let known = RELEASES.iter().rev().find(|known| day(known.published) <= today);
        let newest = known.map_or(RELEASES[0].release, |known| known.release);
        // After the last one that is known, the rhythm goes on: a release is out by the end of its month.
        let mut next = newest;
        let mut found = newest;
        let last_known = RELEASES[RELEASES.len() - 1].release;
        // Days end with the year 9999.
        while found >= last_known && next.year < 7_999 {
            next = next.following();
            if last_day(2000 + next.year, next.month) > today {
                break;
            }
            found = next;
        }
        found
    }

    /// Returns the next release in May or November.
    fn following(self) -> Release {
        match self.month {
            ..5 => Release::new(self.year, 5),
            5..11 => Release::new(self.year, 11),
            _ => Release::new(self.year + 1, 5),
        }
    }

    /// Returns a branch with this release in place of its own.
    pub(super) fn in_branch(self, branch: &str) -> String {
        match branch.find(|c: char| c.is_ascii_digit()) {
            Some(at) => format!("{}{self}{}", &branch[..at], branch.get(at + 5..).unwrap_or_default()),
            None => branch.to_owned(),
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}.{:02}", self.year, self.month)
    }
}

/// Returns a day of the table.
fn day((year, month, day): Date) -> Day {
    Day::new(year, month, day).unwrap_or_else(|| last_day(year, month))
}

/// Returns the last day of a month.
fn last_day(year: u32, month: u32) -> Day {
    let found = (28..=31).rev().find_map(|day| Day::new(year, month, day));
    // Two digits of a year and a month between 1 and 12 are always a date.
    found.unwrap_or_else(|| Day::of(std::time::Duration::ZERO))
}

/// Returns a day as its month and year, such as `June 2025`.
pub(super) fn month_of(day: Day) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (year, month, _) = day.date();
    format!("{} {year}", MONTHS[(month as usize - 1).min(11)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(text: &str) -> Release {
        Release::parse(text).expect(text)
    }

    #[test]
    fn branches_of_releases() {
        let check = |branch: &str, expected: Option<&str>| {
            let found = Release::of_branch(branch).map(|release| release.to_string());
            assert_eq!(found.as_deref(), expected, "{branch}");
        };
        check("nixos-26.05", Some("26.05"));
        check("nixos-26.05-small", Some("26.05"));
        check("nixpkgs-24.11-darwin", Some("24.11"));
        check("release-20.03", Some("20.03"));
        check("nix-darwin-25.05", Some("25.05"));
        check("refs/heads/nixos-25.11", Some("25.11"));
        check("nixos-unstable", None);
        check("v1.2", None);
        check("26.05", None);
        check("release-1.20", None);
        check("nixos-26.05-mine", None);
        check("nixos-26.13", None);
        check("nixos-26.0é", None);
        check("é-26.05", None);
        check("", None);
    }

    #[test]
    fn ends_are_those_that_were_announced_and_then_the_rhythm() {
        let check = |text: &str, expected: &str| assert_eq!(release(text).end().to_string(), expected, "{text}");
        check("13.10", "2020-04-30");
        check("20.03", "2020-10-27");
        check("24.11", "2025-06-30");
        check("25.11", "2026-06-30");
        check("26.05", "2026-12-31");
        check("26.11", "2027-06-30");
        check("29.05", "2029-12-31");
    }

    #[test]
    fn the_newest_release_of_a_day() {
        let check = |day: &str, expected: &str| {
            assert_eq!(Release::newest(day.parse().unwrap()).to_string(), expected, "{day}");
        };
        check("1999-01-01", "19.09");
        check("2025-11-29", "25.05");
        check("2025-11-30", "25.11");
        check("2026-11-25", "26.05");
        check("2026-11-30", "26.11");
        check("2030-01-01", "29.11");
    }

    #[test]
    fn a_branch_can_be_moved_to_another_release() {
        let check = |branch: &str, expected: &str| assert_eq!(release("26.05").in_branch(branch), expected);
        check("nixos-24.11", "nixos-26.05");
        check("nixpkgs-24.11-darwin", "nixpkgs-26.05-darwin");
        check("main", "main");
    }

    proptest::proptest! {
        #[test]
        fn any_branch_is_read(branch in "[a-z0-9./é-]{0,20}", year in 1970u32..9999) {
            if let Some(release) = Release::of_branch(&branch) {
                release.end();
                release.in_branch(&branch);
            }
            Release::newest(Day::new(year, 1, 1).unwrap());
        }
    }
}
