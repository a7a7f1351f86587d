//! Whether a report could be published on GitHub from here. GitHub itself is not asked.

use super::capability::{Capability, Kind};
use super::certificates;
use super::look::Look;
use super::remedy::{self, Place, Remedy};
use forge::{Event, Surroundings, Token};

/// What is told where there is no job.
const NO_JOB: &str = "reports are published from jobs of GitHub Actions, and this is none";

/// Returns what is told of GitHub.
pub fn github(look: &Look<'_>) -> Capability {
    let mut told = Capability::new(Kind::Github, "reports can be published on GitHub");
    let env = look.machine.env.as_ref();
    if env.text("GITHUB_ACTIONS").as_deref() != Some("true") {
        told.needs(
            "GITHUB_ACTIONS is not set",
            Remedy::default().on(
                Place::Github,
                "- run: cfgcheck report publish --from report.json --check --comment",
            ),
        );
        return told.otherwise(NO_JOB);
    }
    match Surroundings::read(env, look.machine.fs.as_ref()) {
        Ok(here) => {
            told.fact(format!("{} at {}", here.repository, here.api.as_str()));
            told.fact(match &here.event {
                Event::PullRequest { number, .. } => format!("pull request {number}"),
                Event::WorkflowRun(_) => "the end of another run, whose saved report may be published".into(),
                Event::Other => "no pull request: there can be a check run, and no comment".into(),
            });
        }
        Err(error) => told.needs(error.to_string(), Remedy::default()),
    }
    let give = || {
        Remedy::default().on(
            Place::Github,
            "env: { GITHUB_TOKEN: \"${{ github.token }}\" } # of the step",
        )
    };
    match env.text("GITHUB_TOKEN").map(|text| Token::new(&text)) {
        None => told.needs("GITHUB_TOKEN is not set", give()),
        Some(Err(error)) => told.needs(format!("GITHUB_TOKEN: {error}"), give()),
        Some(Ok(token)) => {
            let kind = token.kind().unwrap_or("of a kind that is not known here");
            told.fact(format!("GITHUB_TOKEN is one {kind}"));
            told.fact("what it may do is not asked; it takes `permissions: { checks: write, pull-requests: write }`");
        }
    }
    if certificates::of_machine(look).is_none() {
        told.needs("this machine has no certificate authorities", remedy::certificates());
    }
    told.otherwise("reports cannot be published on GitHub from here")
}
