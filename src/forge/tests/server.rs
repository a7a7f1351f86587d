//! GitHub's rules, as its documentation and its own answers tell them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::http::{Answer, Incoming, Listener, Manner};
use super::landed::Landed;
use super::replies::{CheckRun, Comment, Pull, complaint, own_account};
use super::{HEAD, TOKEN};

/// A status, headers and a body.
type Said = (u16, Vec<(&'static str, String)>, String);

/// What happens to a request in place of, or after, what it asks for.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// What the request's verb and path have in them, such as `POST /repos/octo/fleet/check-runs`.
    pub(super) at: &'static str,
    /// Whether what is asked for is done all the same.
    pub(super) done: bool,
    /// What is answered; `None` for the usual answer, sent in another manner.
    pub(super) answer: Option<Said>,
    /// How it is sent.
    pub(super) manner: Manner,
}

impl Fault {
    /// Returns a fault that answers this without doing anything.
    pub(super) fn answers(at: &'static str, status: u16, headers: &[(&'static str, &str)], body: &str) -> Fault {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned()));
        Fault {
            at,
            done: false,
            answer: Some((status, headers.collect(), body.into())),
            manner: Manner::Whole,
        }
    }

    /// Returns a fault that sends the usual answer in another manner, after all was done.
    pub(super) fn sends(at: &'static str, manner: Manner) -> Fault {
        Fault {
            at,
            done: true,
            answer: None,
            manner,
        }
    }

    /// Does what was asked for all the same.
    pub(super) fn after_all(mut self) -> Fault {
        self.done = true;
        self
    }
}

/// A request and its answer.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) request: Incoming,
    pub(super) answer: Answer,
    /// Whether the answer is one that GitHub describes, and no fault.
    pub(super) as_documented: bool,
}

/// What GitHub knows.
#[derive(Debug)]
pub(super) struct State {
    pub(super) checks: Vec<CheckRun>,
    /// The comments of pull request 7.
    pub(super) comments: Vec<Comment>,
    pub(super) pulls: Vec<Pull>,
    /// What has landed on its branches, if somebody asks for that.
    pub(super) landed: Option<Landed>,
    /// The account of the token; none for one of an app.
    pub(super) user: Option<String>,
    /// What a comment that is made is signed with.
    pub(super) author: String,
    /// Whether the token may only read.
    pub(super) read_only: bool,
    /// Each befalls the first request that it fits, once.
    pub(super) faults: VecDeque<Fault>,
    pub(super) exchanges: Vec<Exchange>,
    next_id: u64,
}

/// GitHub, on this machine, with the repository `octo/fleet` and its pull request 7.
pub(super) struct Server {
    pub(super) address: String,
    state: Arc<Mutex<State>>,
    _listener: Listener,
}

impl Server {
    pub(super) fn start() -> Server {
        let pull = Pull {
            number: 7,
            state: "open",
            repository: Some("octo/fleet".into()),
            branch: "fix".into(),
            head: HEAD.into(),
            merge_commit: None,
        };
        let state = Arc::new(Mutex::new(State {
            checks: Vec::new(),
            comments: Vec::new(),
            pulls: vec![pull],
            landed: None,
            user: None,
            author: "github-actions[bot]".into(),
            read_only: false,
            faults: VecDeque::new(),
            exchanges: Vec::new(),
            next_id: 100,
        }));
        let shared = state.clone();
        let listener = Listener::start(move |request| {
            let mut state = shared.lock().expect("no panic while holding the state");
            let (answer, as_documented) = state.befallen(&request);
            state.exchanges.push(Exchange {
                request,
                answer: answer.clone(),
                as_documented,
            });
            answer
        });
        Server {
            address: listener.address.clone(),
            state,
            _listener: listener,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while holding the state")
    }

    pub(super) fn fault(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }

    /// Returns verbs, paths and answers, such as `POST /repos/octo/fleet/check-runs 201`.
    pub(super) fn log(&self) -> Vec<String> {
        let line = |exchange: &Exchange| {
            let Incoming { method, path, .. } = &exchange.request;
            format!(
                "{method} {} {}",
                path.trim_start_matches("/repos/octo/fleet"),
                exchange.answer.status
            )
        };
        self.state().exchanges.iter().map(line).collect()
    }

    /// Adds a comment to pull request 7.
    pub(super) fn comment(&self, author: &str, body: &str) {
        let mut state = self.state();
        let id = state.id();
        state.comments.push(Comment {
            id,
            author: author.into(),
            body: body.into(),
        });
    }
}

pub(super) fn answer(status: u16, body: &Value) -> Answer {
    let kind = ("content-type".to_owned(), "application/json; charset=utf-8".to_owned());
    Answer {
        status,
        headers: vec![kind],
        body: body.to_string().into_bytes(),
        manner: Manner::Whole,
    }
}

pub(super) fn missing() -> Answer {
    answer(404, &complaint("Not Found"))
}

impl State {
    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn befallen(&mut self, request: &Incoming) -> (Answer, bool) {
        let line = format!("{} {}", request.method, request.path);
        let Some(at) = self.faults.iter().position(|fault| line.contains(fault.at)) else {
            return (self.answer(request), true);
        };
        let fault = self.faults.remove(at).expect("it is there");
        let usual = if fault.done { Some(self.answer(request)) } else { None };
        let mut answer = match fault.answer {
            Some((status, headers, body)) => Answer {
                status,
                headers: headers
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
                body: body.into_bytes(),
                manner: Manner::Whole,
            },
            None => usual.unwrap_or_else(missing),
        };
        answer.manner = fault.manner;
        (answer, false)
    }

    fn answer(&mut self, request: &Incoming) -> Answer {
        // "All API requests must include a valid User-Agent header."
        if request.header("user-agent").is_none() {
            return answer(403, &complaint("Request forbidden by administrative rules."));
        }
        if request.header("authorization") != Some(&format!("Bearer {TOKEN}")) && self.user.is_none() {
            return answer(401, &complaint("Bad credentials"));
        }
        let not_ours = complaint("Resource not accessible by integration");
        if self.read_only && request.method != "GET" {
            return answer(403, &not_ours);
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let path: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
        if let Some(landed) = self.landed.as_ref().filter(|_| request.method == "GET")
            && let Some(answer) = landed.answer(request, &path)
        {
            return answer;
        }
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["user"]) => match &self.user {
                Some(login) => answer(200, &own_account(login)),
                None => answer(403, &not_ours),
            },
            ("POST", ["repos", "octo", "fleet", "check-runs"]) => self.create_check_run(&body),
            ("PATCH", ["repos", "octo", "fleet", "check-runs", id]) => self.update_check_run(id, &body),
            ("GET", ["repos", "octo", "fleet", "check-runs", id]) => {
                match self.checks.iter().find(|run| run.id.to_string() == *id) {
                    Some(run) => answer(200, &run.reply()),
                    None => missing(),
                }
            }
            ("GET", ["repos", "octo", "fleet", "commits", commit, "check-runs"]) => {
                let same = |run: &&CheckRun| {
                    run.head == *commit && request.value("check_name").is_none_or(|name| run.name == name)
                };
                let runs: Vec<Value> = self.checks.iter().filter(same).map(CheckRun::reply).collect();
                let (page, link) = paged(request, &runs);
                linked(
                    answer(200, &json!({ "total_count": runs.len(), "check_runs": page })),
                    link,
                )
            }
            ("GET", ["repos", "octo", "fleet", "issues", "7", "comments"]) => {
                let comments: Vec<Value> = self.comments.iter().map(Comment::reply).collect();
                let (page, link) = paged(request, &comments);
                linked(answer(200, &page.into()), link)
            }
            ("POST", ["repos", "octo", "fleet", "issues", "7", "comments"]) => self.create_comment(&body),
            ("PATCH", ["repos", "octo", "fleet", "issues", "comments", id]) => self.edit_comment(id, &body),
            ("GET", ["repos", "octo", "fleet", "pulls"]) => {
                let state = request.value("state").unwrap_or("open");
                let from = |pull: &&Pull| {
                    let owner = pull
                        .repository
                        .as_deref()
                        .and_then(|name| name.split('/').next())
                        .unwrap_or_default();
                    request
                        .value("head")
                        .is_none_or(|head| head == format!("{owner}:{}", pull.branch))
                };
                let found = self
                    .pulls
                    .iter()
                    .filter(|pull| state == "all" || pull.state == state)
                    .filter(from);
                let found: Vec<Value> = found.map(Pull::listed).collect();
                let (page, link) = paged(request, &found);
                linked(answer(200, &page.into()), link)
            }
            ("GET", ["repos", "octo", "fleet", "pulls", number]) => {
                match self.pulls.iter().find(|pull| pull.number.to_string() == *number) {
                    Some(pull) => answer(200, &pull.alone()),
                    None => missing(),
                }
            }
            _ => missing(),
        }
    }

    fn create_check_run(&mut self, body: &Value) -> Answer {
        if let Some(refusal) = refused_output(&body["output"]) {
            return refusal;
        }
        if !self.pulls.iter().any(|pull| body["head_sha"] == pull.head.as_str()) {
            let message = format!(
                "No commit found for SHA: {}",
                body["head_sha"].as_str().unwrap_or_default()
            );
            return answer(422, &complaint(&message));
        }
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let run = CheckRun {
            id: self.id(),
            name: text("name"),
            head: text("head_sha"),
            external_id: text("external_id"),
            conclusion: text("conclusion"),
            output: body["output"].clone(),
            annotations: body["output"]["annotations"].as_array().cloned().unwrap_or_default(),
        };
        let reply = answer(201, &run.reply());
        self.checks.push(run);
        reply
    }

    fn update_check_run(&mut self, id: &str, body: &Value) -> Answer {
        if let Some(refusal) = refused_output(&body["output"]) {
            return refusal;
        }
        let Some(run) = self.checks.iter_mut().find(|run| run.id.to_string() == id) else {
            return missing();
        };
        run.output = body["output"].clone();
        run.annotations
            .extend(body["output"]["annotations"].as_array().cloned().unwrap_or_default());
        answer(200, &run.reply())
    }

    fn create_comment(&mut self, body: &Value) -> Answer {
        if let Some(refusal) = refused_comment(body) {
            return refusal;
        }
        let comment = Comment {
            id: self.id(),
            author: self.author.clone(),
            body: body["body"].as_str().unwrap_or_default().into(),
        };
        let reply = answer(201, &comment.reply());
        self.comments.push(comment);
        reply
    }

    fn edit_comment(&mut self, id: &str, body: &Value) -> Answer {
        if let Some(refusal) = refused_comment(body) {
            return refusal;
        }
        let Some(comment) = self.comments.iter_mut().find(|comment| comment.id.to_string() == id) else {
            return missing();
        };
        comment.body = body["body"].as_str().unwrap_or_default().into();
        answer(200, &comment.reply())
    }
}

/// Returns how GitHub refuses the pages of a check run, if it does.
fn refused_output(output: &Value) -> Option<Answer> {
    let count = output["annotations"].as_array().map_or(0, Vec::len);
    if count > 50 {
        let message = format!("Invalid request.\n\nNo more than 50 items are allowed; {count} were supplied.");
        return Some(answer(422, &complaint(&message)));
    }
    for field in ["summary", "text"] {
        if output[field].as_str().is_some_and(|text| text.len() > 65_535) {
            let message = format!("{field} exceeds a maximum bytesize of 65535");
            let error = json!({ "resource": "CheckRun", "code": "custom", "field": field, "message": message });
            let mut body = complaint("Validation Failed");
            body["errors"] = json!([error]);
            return Some(answer(422, &body));
        }
    }
    None
}

/// Returns how GitHub refuses a comment, if it does.
fn refused_comment(body: &Value) -> Option<Answer> {
    let length = body["body"].as_str().unwrap_or_default().chars().count();
    let message = match length {
        0 => "Body cannot be blank",
        1..=65_536 => return None,
        _ => "Body is too long (maximum is 65536 characters)",
    };
    let error = json!({ "resource": "IssueComment", "code": "unprocessable", "field": "data", "message": message });
    let mut body = complaint("Validation Failed");
    body["errors"] = json!([error]);
    Some(answer(422, &body))
}

/// Returns the page that is asked for, and the header that names the next one.
pub(super) fn paged(request: &Incoming, all: &[Value]) -> (Vec<Value>, Option<String>) {
    let number = |name: &str| request.value(name).and_then(|value| value.parse::<usize>().ok());
    let size = number("per_page").unwrap_or(30).clamp(1, 100);
    let page = number("page").unwrap_or(1).max(1);
    let shown = all.iter().skip((page - 1) * size).take(size).cloned().collect();
    let last = all.len().div_ceil(size);
    let link = (page < last).then(|| {
        // GitHub names the repository by its number here, and always its own address.
        let to = |page: usize| {
            let other = request.query.iter().filter(|(name, _)| name != "page");
            let other: String = other
                .map(|(name, value)| format!("{name}={}&", value.replace(':', "%3A")))
                .collect();
            format!(
                "<https://api.github.com/repositories/1{}?{other}page={page}>",
                request.path
            )
        };
        format!("{}; rel=\"next\", {}; rel=\"last\"", to(page + 1), to(last))
    });
    (shown, link)
}

pub(super) fn linked(mut answer: Answer, link: Option<String>) -> Answer {
    answer.headers.extend(link.map(|link| ("link".to_owned(), link)));
    answer
}
