//! What GitHub knows of commits that have landed on a branch: the branch, pull requests with their reviews, runs of checks.

use serde_json::{Value, json};

use super::http::{Answer, Incoming};
use super::replies::{Pull, account, merged, number_of};
use super::server::{answer, linked, missing, paged};

const WHEN: &str = "2026-11-26T12:00:00Z";

/// Returns a commit of one digit.
pub(super) fn sha(digit: char) -> String {
    digit.to_string().repeat(40)
}

/// A review.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) id: u64,
    /// None for an account that is gone.
    pub(super) by: Option<&'static str>,
    pub(super) state: &'static str,
    pub(super) commit: Option<String>,
    pub(super) at: Option<&'static str>,
}

impl Said {
    /// Returns that somebody approves the commit `a`.
    pub(super) fn approves(id: u64, by: &'static str) -> Said {
        Said {
            id,
            by: Some(by),
            state: "APPROVED",
            commit: Some(sha('a')),
            at: Some(WHEN),
        }
    }

    fn reply(&self) -> Value {
        let id = self.id;
        let mut reply = json!({
            "id": id, "node_id": "PRR_1", "user": self.by.map(account), "body": "", "state": self.state,
            "html_url": format!("https://github.com/octo/fleet/pull/7#pullrequestreview-{id}"),
            "pull_request_url": "https://api.github.com/repos/octo/fleet/pulls/7", "commit_id": self.commit,
            "_links": { "html": { "href": "x" }, "pull_request": { "href": "x" } }, "author_association": "MEMBER",
        });
        if let Some(at) = self.at {
            reply["submitted_at"] = at.into();
        }
        reply
    }
}

/// A run of a check.
#[derive(Clone, Debug)]
pub(super) struct Ran {
    pub(super) id: u64,
    pub(super) name: &'static str,
    pub(super) app: Option<u64>,
    pub(super) conclusion: Option<&'static str>,
}

impl Ran {
    fn reply(&self, commit: &str) -> Value {
        let run = super::replies::CheckRun {
            id: self.id,
            name: self.name.into(),
            head: commit.into(),
            ..super::replies::CheckRun::default()
        };
        let mut reply = run.reply();
        match self.app {
            Some(app) => reply["app"]["id"] = app.into(),
            None => reply["app"] = Value::Null,
        }
        reply["conclusion"] = self.conclusion.into();
        if self.conclusion.is_none() {
            reply["status"] = "in_progress".into();
            reply["completed_at"] = Value::Null;
        }
        reply
    }
}

/// A pull request, the commits by which it came, and those that it has, each with the account of its author.
type Came = (Pull, Vec<String>, Vec<(String, Option<&'static str>)>);

/// What GitHub knows. The branch `main` has the commits `b`, `c` and `d`; `c` is pull request 7, whose head is `a`.
#[derive(Clone, Debug)]
pub(super) struct Landed {
    pub(super) protected: bool,
    /// The commits of the branch, the oldest first.
    pub(super) branch: Vec<String>,
    /// Other commits that are known.
    pub(super) others: Vec<String>,
    pub(super) pulls: Vec<Came>,
    pub(super) reviews: Vec<Said>,
    pub(super) runs: Vec<Ran>,
    /// What people may do; all others may read.
    pub(super) rights: Vec<(&'static str, &'static str)>,
}

impl Landed {
    pub(super) fn new() -> Landed {
        let pull = Pull {
            number: 7,
            state: "closed",
            repository: Some("octo/fleet".into()),
            branch: "fix".into(),
            head: sha('a'),
            merge_commit: Some(sha('c')),
        };
        Landed {
            protected: true,
            branch: ['b', 'c', 'd'].map(sha).to_vec(),
            others: vec![sha('a'), sha('e')],
            pulls: vec![(pull, vec![sha('c')], vec![(sha('a'), Some("dora"))])],
            reviews: vec![Said::approves(1, "ann")],
            runs: vec![Ran {
                id: 1,
                name: "build",
                app: Some(15368),
                conclusion: Some("success"),
            }],
            rights: vec![("ann", "write"), ("bob", "admin")],
        }
    }

    /// Returns the answer to a request about commits, if it is one.
    pub(super) fn answer(&self, request: &Incoming, path: &[&str]) -> Option<Answer> {
        let ["repos", "octo", "fleet", rest @ ..] = path else {
            return None;
        };
        match rest {
            ["branches", name] => Some(match *name {
                "main" | "release%2F1" => answer(200, &self.shown_branch(&name.replace("%2F", "/"))),
                _ => answer(404, &super::replies::complaint("Branch not found")),
            }),
            ["compare", both] => Some(
                both.split_once("...")
                    .map_or_else(missing, |(base, head)| self.compared(base, head)),
            ),
            ["commits", commit, "pulls"] => {
                let of_it = self
                    .pulls
                    .iter()
                    .filter(|(_, steps, _)| steps.iter().any(|step| step == commit));
                let all: Vec<Value> = of_it.map(|(pull, _, _)| pull.listed()).collect();
                Some(page(request, &all))
            }
            ["commits", commit, "check-runs"] => {
                let asked = |run: &&Ran| request.value("check_name").is_none_or(|name| run.name == name);
                let all: Vec<Value> = self.runs.iter().filter(asked).map(|run| run.reply(commit)).collect();
                let (shown, link) = paged(request, &all);
                let body = json!({ "total_count": all.len(), "check_runs": shown });
                Some(linked(answer(200, &body), link))
            }
            ["pulls", number, rest @ ..] => {
                let found = self
                    .pulls
                    .iter()
                    .find(|(pull, _, _)| pull.number.to_string() == *number);
                let (pull, _, commits) = found?;
                match rest {
                    [] => {
                        let mut whole = pull.alone();
                        whole["commits"] = commits.len().into();
                        whole["user"] = account("dora");
                        Some(answer(200, &whole))
                    }
                    ["reviews"] => {
                        let all: Vec<Value> = self.reviews.iter().map(Said::reply).collect();
                        Some(page(request, &all))
                    }
                    ["commits"] => {
                        let all: Vec<Value> = commits
                            .iter()
                            .map(|(sha, by)| shown_commit(sha, by.map(account)))
                            .collect();
                        Some(page(request, &all))
                    }
                    _ => None,
                }
            }
            ["collaborators", login, "permission"] => {
                let right = self
                    .rights
                    .iter()
                    .find(|(name, _)| name == login)
                    .map_or("read", |(_, right)| *right);
                let user = merged([account(login), json!({ "role_name": right })]);
                Some(answer(
                    200,
                    &json!({ "permission": right, "role_name": right, "user": user }),
                ))
            }
            _ => None,
        }
    }

    fn shown_branch(&self, name: &str) -> Value {
        let url = "https://api.github.com/repos/octo/fleet/branches/main";
        let head = self.branch.last().expect("it has commits");
        json!({
            "name": name, "commit": shown_commit(head, None), "_links": { "html": url, "self": url },
            "protected": self.protected, "protection": { "enabled": self.protected },
            "protection_url": format!("{url}/protection"),
        })
    }

    fn compared(&self, base: &str, head: &str) -> Answer {
        let is_known = |commit: &str| self.branch.iter().chain(&self.others).any(|known| known == commit);
        if !is_known(base) || !is_known(head) {
            return missing();
        }
        let at = |commit: &str| self.branch.iter().position(|known| known == commit);
        let (status, forked, ahead, behind) = match (at(base), at(head)) {
            (Some(base), Some(head)) if base == head => ("identical", base, 0, 0),
            (Some(base), Some(head)) if base < head => ("ahead", base, head - base, 0),
            (Some(base), Some(head)) => ("behind", head, 0, base - head),
            (None, head) => ("diverged", 0, head.unwrap_or(1), 1),
            (Some(base), None) => ("diverged", 0, 1, base.max(1)),
        };
        let url = format!("https://api.github.com/repos/octo/fleet/compare/{base}...{head}");
        answer(
            200,
            &json!({
                "url": url, "html_url": url, "permalink_url": url, "diff_url": url, "patch_url": url, "status": status,
                "base_commit": shown_commit(base, None), "merge_base_commit": shown_commit(&self.branch[forked], None),
                "ahead_by": ahead, "behind_by": behind, "total_commits": ahead, "commits": [], "files": [],
            }),
        )
    }
}

fn page(request: &Incoming, all: &[Value]) -> Answer {
    let (shown, link) = paged(request, all);
    linked(answer(200, &shown.into()), link)
}

/// Returns a commit; one whose author is not known has an object without anything for it.
fn shown_commit(sha: &str, author: Option<Value>) -> Value {
    let url = format!("https://api.github.com/repos/octo/fleet/commits/{sha}");
    let person = json!({ "name": "A", "email": "a@example.org", "date": WHEN });
    json!({
        "sha": sha, "node_id": "C_1", "url": url, "html_url": url, "comments_url": url, "parents": [],
        "commit": {
            "url": url, "author": person, "committer": person, "message": "m", "comment_count": 0,
            "tree": { "sha": sha, "url": url },
        },
        "author": author.unwrap_or_else(|| json!({})), "committer": account("web-flow"),
    })
}

/// Returns the number of an account.
pub(super) fn id(login: &str) -> u64 {
    number_of(login)
}
