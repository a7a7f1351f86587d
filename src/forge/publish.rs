//! Publishing a report: what is done, in order, and what could not be.
//!
//! The check run and the comment do not wait for each other: what fails of one leaves the other as it is. Nothing that
//! fails here changes what the report says.

use report::Report;
use serde::Deserialize;
use serde_json::json;

use crate::address::Repository;
use crate::client::Github;
use crate::error::Error;
use crate::event::Event;
use crate::message::told;
use crate::origin::pull_request_of;
use crate::plan::{self, CheckPlan, CommentPlan, Context, Origin};
use crate::request;
use crate::saved::Saved;
use crate::surroundings::{Surroundings, Target};
use crate::wanted::Wanted;

/// The account of `GITHUB_TOKEN`.
const ACTIONS: &str = "github-actions[bot]";

/// How something came to be as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// It was made.
    Created,
    /// It was there, and has another text now.
    Edited,
    /// It was there and says the same already.
    Unchanged,
}

/// One thing that is published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// What it is: `check run` or `comment`.
    pub what: &'static str,
    /// How it came to be as it is.
    pub how: How,
    /// Its page, as the server says; harmless to print.
    pub page: Option<String>,
}

/// What was published, and what was not.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Published {
    done: Vec<Done>,
    errors: Vec<Error>,
}

impl Published {
    /// Returns what is published. A check run is, even if some of its annotations are missing.
    pub fn done(&self) -> &[Done] {
        &self.done
    }

    /// Returns what could not be done.
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }
}

/// Publishes this run's own report.
pub fn publish(github: &Github, report: &Report, target: &Target, wanted: &Wanted) -> Published {
    github.begin();
    all(github, report, target, wanted, Origin::Run)
}

/// Publishes a report that another run saved, for the pull request that this other run was of. An error means that nothing
/// was published: the event is no `workflow_run`, or its pull request is gone or has moved on.
pub fn publish_saved(github: &Github, saved: &Saved, here: &Surroundings, wanted: &Wanted) -> Result<Published, Error> {
    github.begin();
    let Event::WorkflowRun(run) = &here.event else {
        return Err(Error::NoRun);
    };
    let target = Target {
        repository: here.repository.clone(),
        commit: run.head.clone(),
        pull_request: Some(pull_request_of(github, &here.repository, run)?),
        page: Some(here.page(run.id)),
    };
    Ok(all(github, saved.report(), &target, wanted, Origin::Artifact))
}

fn all(github: &Github, report: &Report, target: &Target, wanted: &Wanted, origin: Origin) -> Published {
    let context = Context {
        wanted,
        commit: &target.commit,
        page: target.page.as_deref(),
        origin,
    };
    let mut published = Published::default();
    if wanted.check {
        check_run(github, report, target, &context, &mut published);
    }
    if wanted.comment {
        let plan = plan::comment(report, &context);
        let done = match target.pull_request {
            Some(number) => comment(github, &target.repository, number, &plan, wanted),
            None => Err(Error::NoPullRequest),
        };
        match done {
            Ok(done) => published.done.push(done),
            Err(error) => published.errors.push(error),
        }
    }
    published
}

#[derive(Deserialize, Default)]
struct Output {
    annotations_count: usize,
}

#[derive(Deserialize)]
struct CheckRun {
    id: u64,
    html_url: Option<String>,
    external_id: Option<String>,
    #[serde(default)]
    output: Output,
}

#[derive(Deserialize)]
struct CheckRuns {
    check_runs: Vec<CheckRun>,
}

fn check_run(github: &Github, report: &Report, target: &Target, context: &Context, published: &mut Published) {
    let id = match sys::random_token() {
        Ok(id) => id,
        Err(error) => {
            published.errors.push(Error::Machine(error.to_string()));
            return;
        }
    };
    let plan = plan::check(report, context, &id);
    match create_check_run(github, target, &plan, &id) {
        Ok(made) => {
            published.done.push(Done {
                what: "check run",
                how: How::Created,
                page: page(made.html_url),
            });
            if let Err(error) = annotate(github, &target.repository, made.id, &plan) {
                published.errors.push(error);
            }
        }
        Err(error) => published.errors.push(error),
    }
}

/// Makes the check run; if the answer is lost, it is looked for by our own id.
fn create_check_run(github: &Github, target: &Target, plan: &CheckPlan, id: &str) -> Result<CheckRun, Error> {
    let request = request::create_check_run(&target.repository, plan.create.clone());
    github.ask_once(&request, || {
        let asked = request::check_runs(&target.repository, &target.commit, &plan.name);
        github.search(asked, |page: CheckRuns| {
            let ours = |run: &CheckRun| run.external_id.as_deref() == Some(id);
            page.check_runs.into_iter().find(ours)
        })
    })
}

/// Adds the other annotations; if an answer is lost, their number tells whether they arrived.
fn annotate(github: &Github, repository: &Repository, id: u64, plan: &CheckPlan) -> Result<(), Error> {
    let mut expected = plan.annotations;
    for body in &plan.more {
        expected += body["output"]["annotations"].as_array().map_or(0, Vec::len);
        let request = request::update_check_run(repository, id, body.clone());
        github.ask_once(&request, || {
            let run: CheckRun = github.ask(&request::check_run(repository, id))?;
            Ok((run.output.annotations_count >= expected).then_some(run))
        })?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Account {
    login: String,
}

#[derive(Deserialize)]
struct Comment {
    id: u64,
    html_url: Option<String>,
    body: Option<String>,
    /// None if the account is gone.
    user: Option<Account>,
}

/// Makes the comment say what it should: the oldest of ours is edited, or a new one is made.
fn comment(
    github: &Github,
    repository: &Repository,
    number: u64,
    plan: &CommentPlan,
    wanted: &Wanted,
) -> Result<Done, Error> {
    let author = author(github, wanted)?;
    let find = || {
        github.search(request::comments(repository, number), |page: Vec<Comment>| {
            page.into_iter().find(|comment| {
                let by_us = comment
                    .user
                    .as_ref()
                    .is_some_and(|user| user.login.eq_ignore_ascii_case(&author));
                by_us && plan.is_marked(comment.body.as_deref().unwrap_or_default())
            })
        })
    };
    let body = json!({ "body": plan.body });
    let done = |how, comment: Comment| Done {
        what: "comment",
        how,
        page: page(comment.html_url),
    };
    if let Some(comment) = find()? {
        if plan.is_text(comment.body.as_deref().unwrap_or_default()) {
            return Ok(done(How::Unchanged, comment));
        }
        match github.ask(&request::edit_comment(repository, comment.id, body.clone())) {
            Ok(comment) => return Ok(done(How::Edited, comment)),
            // Somebody deleted it in the meantime.
            Err(Error::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let made = github.ask_once(&request::create_comment(repository, number, body), find)?;
    Ok(done(How::Created, made))
}

/// Returns the account that comments.
fn author(github: &Github, wanted: &Wanted) -> Result<String, Error> {
    if let Some(author) = &wanted.author {
        return Ok(author.clone());
    }
    if github.is_of_app() {
        return Ok(ACTIONS.into());
    }
    match github.ask::<Account>(&request::user()) {
        Ok(account) => Ok(account.login),
        // Tokens of apps of older servers have no prefix; they may not ask.
        Err(Error::Forbidden { .. }) => Ok(ACTIONS.into()),
        Err(error) => Err(error),
    }
}

/// Returns an address that a server names, if it is one of the web, fit to be printed.
fn page(url: Option<String>) -> Option<String> {
    url.filter(|url| url.starts_with("https://") || url.starts_with("http://"))
        .map(|url| told(&url))
}
