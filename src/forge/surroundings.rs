//! What GitHub Actions tells a job: repository, event, addresses, the page of the run.

use std::path::PathBuf;

use sys::{Env, Fs};

use crate::address::{AddressError, Api, Commit, Repository};
use crate::event::{self, Event, EventError};
use crate::file::{self, FileError};

/// The default of `GITHUB_SERVER_URL`.
const SERVER: &str = "https://github.com";

/// Why the surroundings say nothing that can be published for.
#[derive(Debug, thiserror::Error)]
pub enum SurroundingsError {
    /// A variable is not set: this is no job of GitHub Actions.
    #[error("the variable {0} is not set: is this a job of GitHub Actions?")]
    Unset(&'static str),
    /// A variable has a value that cannot be one.
    #[error("the variable {variable} is wrong: {error}")]
    Variable {
        /// Its name.
        variable: &'static str,
        /// What is wrong.
        error: AddressError,
    },
    /// The file of the event cannot be read.
    #[error("{0}")]
    File(#[from] FileError),
    /// The event is wrong.
    #[error("{0}")]
    Event(#[from] EventError),
    /// The event is a `workflow_run`: what is published then is a saved report.
    #[error("this run was started by another one's end: publish the report that it saved")]
    OfAnotherRun,
}

/// What a job knows of where it runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Surroundings {
    /// Where GitHub's interface is: `GITHUB_API_URL`.
    pub api: Api,
    /// The repository that the job runs for: `GITHUB_REPOSITORY`.
    pub repository: Repository,
    /// What started the workflow: `GITHUB_EVENT_NAME` and the file of `GITHUB_EVENT_PATH`.
    pub event: Event,
    /// The commit that the job runs for: `GITHUB_SHA`.
    pub commit: Commit,
    /// Where pages for people are, such as `https://github.com`: `GITHUB_SERVER_URL`.
    server: String,
    /// This run: `GITHUB_RUN_ID`.
    run: Option<u64>,
}

/// What is published to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The repository.
    pub repository: Repository,
    /// The commit that gets the check run.
    pub commit: Commit,
    /// The pull request that gets the comment.
    pub pull_request: Option<u64>,
    /// The page of the run, which is linked to.
    pub page: Option<String>,
}

fn variable(env: &dyn Env, name: &'static str) -> Result<String, SurroundingsError> {
    env.text(name).ok_or(SurroundingsError::Unset(name))
}

fn wrong(variable: &'static str) -> impl Fn(AddressError) -> SurroundingsError {
    move |error| SurroundingsError::Variable { variable, error }
}

impl Surroundings {
    /// Returns what the variables of GitHub Actions and the file of the event say.
    pub fn read(env: &dyn Env, fs: &dyn Fs) -> Result<Surroundings, SurroundingsError> {
        let api = match env.text("GITHUB_API_URL") {
            Some(url) => Api::new(&url).map_err(wrong("GITHUB_API_URL"))?,
            None => Api::default(),
        };
        let server = match env.text("GITHUB_SERVER_URL") {
            // What an interface may be, a server may be as well.
            Some(url) => Api::new(&url).map_err(wrong("GITHUB_SERVER_URL"))?.as_str().to_owned(),
            None => SERVER.into(),
        };
        let repository = variable(env, "GITHUB_REPOSITORY")?;
        let repository = Repository::new(&repository).map_err(wrong("GITHUB_REPOSITORY"))?;
        let commit = Commit::new(&variable(env, "GITHUB_SHA")?).map_err(wrong("GITHUB_SHA"))?;
        let name = variable(env, "GITHUB_EVENT_NAME")?;
        let path = PathBuf::from(variable(env, "GITHUB_EVENT_PATH")?);
        let event = Event::read(&name, &file::read(fs, &path, event::MOST)?, &repository)?;
        Ok(Surroundings {
            api,
            repository,
            event,
            commit,
            server,
            run: env.text("GITHUB_RUN_ID").and_then(|id| id.parse().ok()),
        })
    }

    /// Returns what this run's own report is published to.
    pub fn target(&self) -> Result<Target, SurroundingsError> {
        let (commit, pull_request) = match &self.event {
            Event::PullRequest { number, head } => (head, Some(*number)),
            Event::WorkflowRun(_) => return Err(SurroundingsError::OfAnotherRun),
            Event::Other => (&self.commit, None),
        };
        Ok(Target {
            repository: self.repository.clone(),
            commit: commit.clone(),
            pull_request,
            page: self.run.map(|run| self.page(run)),
        })
    }

    /// Returns the page of a run.
    pub(crate) fn page(&self, run: u64) -> String {
        format!("{}/{}/actions/runs/{run}", self.server, self.repository)
    }
}
