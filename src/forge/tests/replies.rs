//! The shapes of GitHub's replies, with all that its description asks for.

use serde_json::{Map, Value, json};

/// Returns an object with these keys, all with the same value.
fn all(keys: &[&str], value: &Value) -> Map<String, Value> {
    keys.iter().map(|key| ((*key).to_owned(), value.clone())).collect()
}

/// Returns an object with the keys of several.
pub(super) fn merged(parts: impl IntoIterator<Item = Value>) -> Value {
    let mut out = Map::new();
    for part in parts {
        if let Value::Object(part) = part {
            out.extend(part);
        }
    }
    out.into()
}

const WHEN: &str = "2026-11-26T12:00:00Z";

/// Returns the number of an account: another one for each name.
pub(super) fn number_of(login: &str) -> u64 {
    login
        .bytes()
        .fold(1, |number, byte| (number * 31 + u64::from(byte)) % 1_000_000_007)
}

pub(super) fn account(login: &str) -> Value {
    let url = Value::from("https://api.github.com/users/x");
    let urls = [
        "avatar_url",
        "events_url",
        "followers_url",
        "following_url",
        "gists_url",
        "html_url",
        "organizations_url",
        "received_events_url",
        "repos_url",
        "starred_url",
        "subscriptions_url",
        "url",
    ];
    let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
    merged([
        all(&urls, &url).into(),
        json!({ "login": login, "id": number_of(login), "node_id": "U_1", "gravatar_id": "", "type": kind, "site_admin": false }),
    ])
}

/// Returns the account of the token, as `GET /user` has it.
pub(super) fn own_account(login: &str) -> Value {
    merged([
        account(login),
        all(
            &["bio", "blog", "company", "location", "name", "email", "hireable"],
            &Value::Null,
        )
        .into(),
        all(&["followers", "following", "public_gists", "public_repos"], &0.into()).into(),
        json!({ "user_view_type": "public", "created_at": WHEN, "updated_at": WHEN }),
    ])
}

fn app() -> Value {
    json!({
        "id": 15368, "slug": "github-actions", "node_id": "A_1", "owner": account("github"), "name": "GitHub Actions",
        "description": "Automate your workflow from idea to production", "external_url": "https://help.github.com/en/actions",
        "html_url": "https://github.com/apps/github-actions", "created_at": WHEN, "updated_at": WHEN,
        "permissions": { "checks": "write" }, "events": ["check_run"],
    })
}

/// What the server knows of a check run.
#[derive(Clone, Debug, Default)]
pub(super) struct CheckRun {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) head: String,
    pub(super) external_id: String,
    pub(super) conclusion: String,
    pub(super) output: Value,
    pub(super) annotations: Vec<Value>,
}

impl CheckRun {
    pub(super) fn reply(&self) -> Value {
        let url = format!("https://api.github.com/repos/octo/fleet/check-runs/{}", self.id);
        json!({
            "id": self.id, "node_id": "CR_1", "head_sha": self.head, "name": self.name, "url": url,
            "html_url": format!("https://github.com/octo/fleet/runs/{}", self.id), "details_url": "https://example.org",
            "status": "completed", "conclusion": self.conclusion, "started_at": WHEN, "completed_at": WHEN,
            "external_id": self.external_id, "check_suite": { "id": 5 }, "app": app(), "pull_requests": [],
            "output": {
                "title": self.output["title"], "summary": self.output["summary"], "text": self.output["text"],
                "annotations_count": self.annotations.len(), "annotations_url": format!("{url}/annotations"),
            },
        })
    }
}

/// What the server knows of a comment.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) body: String,
}

impl Comment {
    pub(super) fn reply(&self) -> Value {
        let id = self.id;
        json!({
            "id": id, "node_id": "IC_1", "body": self.body, "user": account(&self.author),
            "url": format!("https://api.github.com/repos/octo/fleet/issues/comments/{id}"),
            "html_url": format!("https://github.com/octo/fleet/pull/7#issuecomment-{id}"),
            "issue_url": "https://api.github.com/repos/octo/fleet/issues/7", "created_at": WHEN, "updated_at": WHEN,
            "author_association": "NONE", "performed_via_github_app": null,
        })
    }
}

/// What the server knows of a pull request.
#[derive(Clone, Debug)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) state: &'static str,
    /// None for a fork that is gone.
    pub(super) repository: Option<String>,
    pub(super) branch: String,
    pub(super) head: String,
    /// By which commit it was merged.
    pub(super) merge_commit: Option<String>,
}

impl Pull {
    /// Returns it as a list has it.
    pub(super) fn listed(&self) -> Value {
        let number = self.number;
        let url = format!("https://api.github.com/repos/octo/fleet/pulls/{number}");
        let urls = [
            "url",
            "html_url",
            "diff_url",
            "patch_url",
            "issue_url",
            "commits_url",
            "review_comments_url",
            "review_comment_url",
            "comments_url",
            "statuses_url",
        ];
        let links = [
            "comments",
            "commits",
            "statuses",
            "html",
            "issue",
            "review_comments",
            "review_comment",
            "self",
        ];
        let nothing = ["assignee", "milestone", "closed_at", "auto_merge", "body"];
        let owner = self
            .repository
            .as_deref()
            .and_then(|name| name.split('/').next())
            .unwrap_or("ghost");
        merged([
            all(&urls, &url.as_str().into()).into(),
            all(&nothing, &Value::Null).into(),
            json!({
                "merged_at": self.merge_commit.as_ref().map(|_| WHEN), "merge_commit_sha": self.merge_commit,
                "id": number, "node_id": "PR_1", "number": number, "state": self.state, "locked": false,
                "title": "fixes #1 @octo/all <img src=x>", "user": account(owner), "labels": [], "created_at": WHEN,
                "updated_at": WHEN, "author_association": "NONE", "_links": all(&links, &json!({ "href": url })),
                "head": {
                    "label": format!("{owner}:{}", self.branch), "ref": self.branch, "sha": self.head,
                    "user": account(owner), "repo": self.repository.as_deref().map(repository),
                },
                "base": {
                    "label": "octo:main", "ref": "main", "sha": "f".repeat(40), "user": account("octo"),
                    "repo": repository("octo/fleet"),
                },
            }),
        ])
    }

    /// Returns it as it is asked for by its number.
    pub(super) fn alone(&self) -> Value {
        merged([
            self.listed(),
            all(
                &[
                    "additions",
                    "changed_files",
                    "comments",
                    "commits",
                    "deletions",
                    "review_comments",
                ],
                &1.into(),
            )
            .into(),
            json!({
                "mergeable": true, "mergeable_state": "clean", "merged": self.merge_commit.is_some(), "maintainer_can_modify": false,
                "merged_by": null,
            }),
        ])
    }
}

fn repository(full_name: &str) -> Value {
    let urls = [
        "archive_url",
        "assignees_url",
        "blobs_url",
        "branches_url",
        "collaborators_url",
        "comments_url",
        "commits_url",
        "compare_url",
        "contents_url",
        "git_commits_url",
        "git_refs_url",
        "git_tags_url",
        "issue_comment_url",
        "issue_events_url",
        "issues_url",
        "keys_url",
        "labels_url",
        "milestones_url",
        "notifications_url",
        "pulls_url",
        "releases_url",
        "statuses_url",
        "trees_url",
        "clone_url",
        "git_url",
        "ssh_url",
        "contributors_url",
        "deployments_url",
        "downloads_url",
        "events_url",
        "forks_url",
        "hooks_url",
        "html_url",
        "languages_url",
        "merges_url",
        "stargazers_url",
        "subscribers_url",
        "subscription_url",
        "tags_url",
        "teams_url",
        "url",
        "svn_url",
    ];
    let flags = [
        "fork",
        "private",
        "has_downloads",
        "has_issues",
        "has_projects",
        "has_wiki",
        "has_pages",
        "archived",
        "disabled",
    ];
    let counts = [
        "forks",
        "forks_count",
        "open_issues",
        "open_issues_count",
        "size",
        "stargazers_count",
        "watchers",
        "watchers_count",
    ];
    let (owner, name) = full_name.split_once('/').unwrap_or((full_name, ""));
    merged([
        all(&urls, &"https://api.github.com/repos/x/y".into()).into(),
        all(&flags, &false.into()).into(),
        all(&counts, &0.into()).into(),
        all(
            &["description", "language", "homepage", "mirror_url", "license"],
            &Value::Null,
        )
        .into(),
        json!({
            "id": 1, "node_id": "R_1", "name": name, "full_name": full_name, "owner": account(owner),
            "default_branch": "main", "pushed_at": WHEN, "created_at": WHEN, "updated_at": WHEN,
        }),
    ])
}

/// Returns what is said with a status of 400 and more.
pub(super) fn complaint(message: &str) -> Value {
    json!({ "message": message, "documentation_url": "https://docs.github.com/rest" })
}
