//! The check run of a report: its conclusion, its pages, and its annotations request by request.

use report::{Report, Verdict};
use serde_json::{Value, json};

use super::annotations::{Annotations, annotations};
use super::{ALL, Context, Origin, body, changes};
use crate::cut::cut;
use crate::wanted::UNVERIFIED;

/// Most bytes of a check run's summary, and of its text. The documentation says "65535 characters"; the server
/// answers `summary exceeds a maximum bytesize of 65535` (github/docs issue 35252), so bytes are what counts.
const MOST: usize = 65_535;

/// How a check run ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conclusion {
    /// The report is clean.
    Success,
    /// It is not, or cfgcheck broke.
    Failure,
    /// It fails nothing: so it was asked for, or the report is one that nobody has verified.
    Neutral,
}

impl Conclusion {
    /// Returns GitHub's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Conclusion::Success => "success",
            Conclusion::Failure => "failure",
            Conclusion::Neutral => "neutral",
        }
    }
}

/// The requests of a check run, without what only the server knows.
#[derive(Clone, PartialEq, Debug)]
pub struct CheckPlan {
    /// How it ends.
    pub conclusion: Conclusion,
    /// The name that it has.
    pub name: String,
    /// The body of the request that makes it, complete but for the annotations that come later.
    pub create: Value,
    /// The bodies of the requests that add annotations to it.
    pub more: Vec<Value>,
    /// How many annotations `create` has.
    pub annotations: usize,
}

/// Returns the check run of a report. It is complete as soon as it is made: if a later request fails, annotations are
/// missing and nothing is left running. `id` is ours, by which the check run is found if the answer is lost.
pub fn check(report: &Report, context: &Context, id: &str) -> CheckPlan {
    let conclusion = match (context.origin, report.verdict(context.deny())) {
        (Origin::Artifact, _) => Conclusion::Neutral,
        _ if context.wanted.neutral => Conclusion::Neutral,
        (Origin::Run, Verdict::Clean) => Conclusion::Success,
        (Origin::Run, Verdict::Found | Verdict::Crashed) => Conclusion::Failure,
    };
    let end = match context.origin {
        Origin::Run => "",
        Origin::Artifact => UNVERIFIED,
    };
    let name = format!("{}{end}", context.wanted.name.as_str());
    let found = annotations(report);
    let output = output(report, context, &found);
    let mut batches = found.batches.into_iter();
    let first = batches.next().unwrap_or_default();
    let annotations = first.len();
    let with = |annotations: Vec<Value>| {
        let mut output = output.clone();
        output["annotations"] = annotations.into();
        output
    };
    let mut create = json!({
        "name": name,
        "head_sha": context.commit.as_str(),
        "external_id": id,
        "status": "completed",
        "conclusion": conclusion.name(),
        "output": with(first),
    });
    if let Some(page) = context.page {
        create["details_url"] = page.into();
    }
    CheckPlan {
        conclusion,
        name,
        create,
        more: batches.map(|batch| json!({ "output": with(batch) })).collect(),
        annotations,
    }
}

fn output(report: &Report, context: &Context, found: &Annotations) -> Value {
    let mut summary = format!("{}{}\n", context.preface(), lines(found));
    summary.push_str(&body(report, context.deny(), MOST.saturating_sub(summary.len())));
    let mut output = json!({
        "title": title(report, context),
        "summary": cut(&summary, MOST, ALL),
    });
    let changes = changes(report);
    if !changes.is_empty() {
        output["text"] = cut(&changes, MOST, ALL).into();
    }
    output
}

/// Says which findings have no annotation.
fn lines(found: &Annotations) -> String {
    let mut out = String::new();
    if found.beyond > 0 {
        out.push_str(&format!(
            "\n{} more findings have a line but no annotation.\n",
            found.beyond
        ));
    }
    if found.elsewhere > 0 {
        out.push_str(&format!(
            "\n{} without a line in this repository, so without an annotation.\n",
            counted(found.elsewhere, "finding is", "findings are")
        ));
    }
    out
}

/// Returns the line that stands beside the name.
fn title(report: &Report, context: &Context) -> String {
    let totals = report.totals();
    let found = format!(
        "{}, {}",
        counted(totals.errors, "error", "errors"),
        counted(totals.warnings, "warning", "warnings")
    );
    match report.verdict(context.deny()) {
        _ if totals.cases == 0 => "nothing was checked".into(),
        Verdict::Clean => format!(
            "clean: {} on {}",
            counted(totals.cases, "case", "cases"),
            hosts(totals.hosts)
        ),
        Verdict::Found => format!("{found} on {}", hosts(totals.hosts)),
        Verdict::Crashed => format!("cfgcheck broke: {found}"),
    }
}

fn hosts(count: usize) -> String {
    counted(count, "host", "hosts")
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
