//! Runs of checks for a commit.

use super::Asked;
use super::words::{broken, commit, given, moment, word};
use crate::client::Github;
use crate::error::{Error, Permission};
use crate::request::{self, Request};
use serde::Deserialize;

/// One run of a check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckState {
    /// Its number.
    pub id: u64,
    /// Its name, which whoever runs it chooses.
    pub name: String,
    /// The number of the app that ran it; `None` if that is gone.
    pub app: Option<u64>,
    /// The number of the suite that it is a part of, such as one run of a workflow.
    pub suite: u64,
    /// GitHub's word for how far it is, such as `completed`.
    pub status: String,
    /// GitHub's word for how it ended, such as `success`.
    pub conclusion: Option<String>,
    /// When it began, in a form that sorts by time.
    pub started: Option<String>,
}

#[derive(Deserialize)]
struct Id {
    id: u64,
}

#[derive(Deserialize)]
struct Run {
    id: u64,
    name: String,
    head_sha: String,
    status: String,
    #[serde(deserialize_with = "given")]
    conclusion: Option<String>,
    #[serde(deserialize_with = "given")]
    started_at: Option<String>,
    #[serde(deserialize_with = "given")]
    app: Option<Id>,
    #[serde(deserialize_with = "given")]
    check_suite: Option<Id>,
}

#[derive(Deserialize)]
struct Page {
    total_count: u64,
    check_runs: Vec<Run>,
}

/// Asks for all runs of checks with these names. There have to be as many of each as GitHub says.
pub(super) fn ask(github: &Github, asked: &Asked<'_>, names: &[String]) -> Result<Vec<CheckState>, Error> {
    let mut runs = Vec::new();
    for (index, name) in names.iter().enumerate() {
        // A policy may have one name of several apps.
        if names[..index].contains(name) {
            continue;
        }
        let request = Request {
            permission: Permission::ReadChecks,
            ..request::check_runs(asked.repository, asked.commit, name)
        };
        let (mut listed, mut total) = (Vec::new(), 0);
        github.list(request.clone(), |page: Page| {
            total = page.total_count;
            listed.extend(page.check_runs);
        })?;
        if listed.len() as u64 != total {
            let answered = format!("lists {} of {total} check runs only", listed.len());
            return Err(broken(&request, answered));
        }
        for run in listed {
            if run.name != *name || commit(&request, &run.head_sha)? != *asked.commit {
                return Err(broken(&request, "answered with check runs that were not asked for"));
            }
            let Some(suite) = run.check_suite else {
                return Err(broken(&request, "does not say which suite a check run is a part of"));
            };
            runs.push(CheckState {
                id: run.id,
                name: run.name,
                app: run.app.map(|app| app.id),
                suite: suite.id,
                status: word(&request, run.status)?,
                conclusion: run.conclusion.map(|text| word(&request, text)).transpose()?,
                started: run.started_at.map(|text| moment(&request, text)).transpose()?,
            });
        }
    }
    Ok(runs)
}
