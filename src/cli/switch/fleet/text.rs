//! Waves, and how each host ended, as text.

use super::carry_out::Came;
use ::deploy::fleet::{Limits, Waves};
use ::deploy::{Ended, Reason};
use diag::clean_line;
use report::text::{columns, cut, shown_time, wrap};
use std::collections::BTreeMap;

/// Columns to stay within.
const WIDTH: usize = 80;
/// Most columns of a host's name.
const NAME: usize = 32;

/// Returns the order in which hosts are deployed to, a line a wave.
pub fn waves(waves: &Waves, limits: Limits) -> String {
    let mut out = String::new();
    for wave in &waves.0 {
        let hosts: Vec<_> = wave.hosts.iter().map(|host| clean_line(host)).collect();
        let at_once = limits.at_once.min(hosts.len());
        let at_once = if at_once > 1 {
            format!(" ({at_once} at the same time)")
        } else {
            String::new()
        };
        let lines = wrap(&format!("{wave}: {}{at_once}", hosts.join(", ")), WIDTH - 2);
        for (at, line) in lines.iter().enumerate() {
            out.push_str(&format!("{}{line}\n", if at == 0 { "" } else { "  " }));
        }
    }
    out
}

/// Returns how each host ended, as a table, with what there is to say below it.
pub fn summary(waves: &Waves, came: &BTreeMap<String, Came>) -> String {
    let hosts: Vec<(String, String, &Came)> = waves
        .0
        .iter()
        .flat_map(|wave| wave.hosts.iter().map(move |host| (wave, host)))
        .filter_map(|(wave, host)| Some((cut(&clean_line(host), NAME), wave.to_string(), came.get(host)?)))
        .collect();
    let time = |came: &Came| came.took.map(shown_time).unwrap_or_default();
    let rows = hosts
        .iter()
        .map(|(host, wave, came)| [host.clone(), wave.clone(), came.ended.word().into(), time(came)]);
    let mut out = table(["host", "wave", "outcome", "time"], rows.collect());
    // The same reason of many hosts is told once.
    let mut told: Vec<(Reason, &'static str, Vec<&str>)> = Vec::new();
    for (host, _, came) in &hosts {
        for reason in came.ended.reasons() {
            let word = came.ended.word();
            match told.iter_mut().find(|(known, of, _)| *known == reason && *of == word) {
                Some((_, _, hosts)) => hosts.push(host),
                None => told.push((reason, word, vec![host])),
            }
        }
    }
    for (reason, word, hosts) in told {
        out.push('\n');
        for (at, line) in wrap(&format!("{}: {word}: {}", hosts.join(", "), reason.why), WIDTH - 2)
            .iter()
            .enumerate()
        {
            out.push_str(&format!("{}{line}\n", if at == 0 { "" } else { "  " }));
        }
        if let Some(hint) = reason.hint {
            for (at, line) in wrap(&hint, WIDTH - 10).iter().enumerate() {
                out.push_str(&format!("  {}{line}\n", if at == 0 { "help: " } else { "      " }));
            }
        }
    }
    out.push_str(&format!(
        "\n{}\n",
        last_line(&hosts.iter().map(|(_, _, came)| &came.ended).collect::<Vec<_>>())
    ));
    out
}

/// Returns the sum of it: how many hosts ended in which way.
fn last_line(all: &[&Ended]) -> String {
    let mut counts: Vec<(&'static str, usize)> = Vec::new();
    for ended in all {
        match counts.iter_mut().find(|(word, _)| *word == ended.word()) {
            Some((_, count)) => *count += 1,
            None => counts.push((ended.word(), 1)),
        }
    }
    let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let stay = all.iter().any(|ended| **ended == Ended::Deployed) && all.iter().any(|ended| ended.is_failure());
    let stay = if stay { "; what was deployed stays so" } else { "" };
    let hosts = if all.len() == 1 { "host" } else { "hosts" };
    format!("{} {hosts}: {}{stay}", all.len(), counts.join(", "))
}

/// Returns a table, whose last column is not padded.
pub fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) -> String {
    let rows: Vec<[String; N]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(columns(cell));
        }
    }
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - columns(cell) + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::deploy::fleet::Fleet;
    use std::time::Duration;

    fn rollout() -> Waves {
        let names = ["db", "web-1", "web-2", "web-3"].map(str::to_owned);
        let selector = |text: &str| vec![text.parse().expect("it is a selector")];
        Waves::of(
            &Fleet::default().tagged(&names),
            &selector("web-1"),
            &[selector("web-*")],
        )
    }

    #[test]
    fn waves_are_a_line_each() {
        let limits = Limits {
            at_once: 2,
            max_failures: 0,
        };
        let expected = "canary: web-1\nwave 1: web-2, web-3 (2 at the same time)\nwave 2: db\n";
        assert_eq!(waves(&rollout(), limits), expected);
    }

    #[test]
    fn the_summary_is_a_table_with_reasons_below() {
        let stop = || Ended::NotBegun("web-2 was rolled back".into());
        let came = [
            ("web-1", Ended::Deployed, Some(42_100)),
            (
                "web-2",
                Ended::RolledBack("nginx.service has failed".into()),
                Some(65_000),
            ),
            ("web-3", stop(), None),
            ("db", stop(), None),
        ];
        let came = came.map(|(host, ended, took)| {
            let took = took.map(Duration::from_millis);
            (host.to_owned(), Came { ended, took })
        });
        let expected = "\
host   wave    outcome      time
web-1  canary  deployed     42.1 s
web-2  wave 1  rolled back  1 min 05 s
web-3  wave 1  not begun
db     wave 2  not begun

web-2: rolled back: nginx.service has failed
  help: what was before is there again; `journalctl -u cfgcheck-switch` on the
        host (with `--user` for a home) tells more

web-3, db: not begun: web-2 was rolled back

4 hosts: 1 deployed, 1 rolled back, 2 not begun; what was deployed stays so
";
        let text = summary(&rollout(), &came.into());
        assert_eq!(text, expected);
        assert!(text.lines().all(|line| columns(line) <= WIDTH));
    }
}
