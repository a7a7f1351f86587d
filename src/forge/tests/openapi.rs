//! GitHub's own description of its interface, held against all that the scenarios send and get.
//!
//! `CFGCHECK_OPENAPI` names the file `generated/api.github.com.json` of the npm package `@octokit/openapi`. It is OpenAPI
//! 3.0, whose schemas are JSON Schema but for `nullable`. Undescribed keys of a request are mistakes here, as GitHub
//! ignores them without a word.

use std::collections::HashMap;

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};
use sys::{DiskFs, Env, Fs, ProcessEnv};

use super::http::Answer;
use super::server::{Exchange, Server};
use super::{Scenario, approvals, failing, forks, publishing};

/// The description, and what was made of it so far.
struct Description {
    document: Value,
    validators: HashMap<String, Validator>,
}

/// An operation: its place in the document.
#[derive(Clone)]
struct Operation {
    pointer: String,
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl Description {
    fn read() -> Description {
        let path = ProcessEnv
            .var("CFGCHECK_OPENAPI")
            .expect("CFGCHECK_OPENAPI names api.github.com.json of the npm package @octokit/openapi");
        let bytes = DiskFs.read(path.as_ref()).expect("the description can be read");
        Description {
            document: serde_json::from_slice(&bytes).expect("the description is JSON"),
            validators: HashMap::new(),
        }
    }

    /// Returns the operation of a request: the path with the fewest parameters that fits.
    fn operation(&self, method: &str, path: &str) -> Option<Operation> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &&String| {
            let known: Vec<&str> = template.split('/').collect();
            let pairs = known.iter().zip(&parts);
            known.len() == parts.len()
                && pairs
                    .into_iter()
                    .all(|(known, part)| known.starts_with('{') || known == part)
        };
        let paths = self.document["paths"].as_object()?;
        let template = paths
            .keys()
            .filter(fits)
            .min_by_key(|template| template.matches('{').count())?;
        let pointer = format!("/paths/{}/{}", escaped(template), method.to_lowercase());
        self.document.pointer(&pointer)?;
        Some(Operation { pointer })
    }

    /// Returns what a value is, or what it refers to.
    fn resolved<'v>(&'v self, value: &'v Value) -> &'v Value {
        match value["$ref"].as_str() {
            Some(reference) => self.resolved(
                self.document
                    .pointer(reference.trim_start_matches('#'))
                    .expect("a reference leads somewhere"),
            ),
            None => value,
        }
    }

    /// Returns a schema as JSON Schema has it, with all that it refers to.
    fn closed(&self, schema: &Value) -> Value {
        let mut found = Map::new();
        let mut asked = references(schema);
        while let Some(name) = asked.pop() {
            if !found.contains_key(&name) {
                let schema = &self.document["components"]["schemas"][&name];
                asked.extend(references(schema));
                found.insert(name, converted(schema));
            }
        }
        json!({ "allOf": [converted(schema)], "components": { "schemas": found } })
    }

    /// Returns what is wrong with a value.
    fn faults(&mut self, schema: &Value, value: &Value) -> Vec<String> {
        let key = schema.to_string();
        if !self.validators.contains_key(&key) {
            let closed = self.closed(schema);
            let options = jsonschema::options()
                .with_draft(Draft::Draft7)
                .should_validate_formats(true);
            let validator = options.build(&closed).expect("the description has sound schemas");
            self.validators.insert(key.clone(), validator);
        }
        let errors = self.validators[&key].iter_errors(value);
        errors
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    /// Returns keys of a value that its schema does not name.
    fn unknown(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let schema = self.resolved(schema);
        match value {
            Value::Object(object) => {
                let properties = schema["properties"].as_object().cloned().unwrap_or_default();
                let of_key = |(key, value): (&String, &Value)| match properties.get(key) {
                    Some(schema) => self.unknown(schema, value, &format!("{at}/{key}")),
                    None => vec![format!("{at}/{key} is not described")],
                };
                object.iter().flat_map(of_key).collect()
            }
            Value::Array(items) => {
                let of_item = |item| self.unknown(&schema["items"], item, &format!("{at}/*"));
                items.iter().flat_map(of_item).collect()
            }
            _ => Vec::new(),
        }
    }

    fn wrong_in_request(&mut self, exchange: &Exchange) -> Vec<String> {
        let request = &exchange.request;
        let Some(operation) = self.operation(&request.method, &request.path) else {
            return vec!["no such operation".into()];
        };
        let described = self.document.pointer(&operation.pointer).cloned().unwrap_or_default();
        let mut faults = Vec::new();
        let parameters: Vec<Value> = described["parameters"].as_array().cloned().unwrap_or_default();
        let parameters: Vec<Value> = parameters
            .iter()
            .map(|parameter| self.resolved(parameter).clone())
            .collect();
        for (name, text) in &request.query {
            let found = parameters
                .iter()
                .find(|parameter| parameter["in"] == "query" && parameter["name"] == name.as_str());
            let Some(parameter) = found else {
                faults.push(format!("the query's {name} is not described"));
                continue;
            };
            let number = parameter["schema"]["type"] == "integer";
            let value = text
                .parse::<i64>()
                .ok()
                .filter(|_| number)
                .map_or_else(|| text.as_str().into(), Value::from);
            faults.extend(self.faults(&parameter["schema"], &value));
        }
        let schema = &described["requestBody"]["content"]["application/json"]["schema"];
        match (schema.is_null(), request.body.is_empty()) {
            (true, true) => {}
            (false, false) => {
                let body: Value = serde_json::from_slice(&request.body).expect("a body is JSON");
                faults.extend(self.faults(schema, &body));
                faults.extend(self.unknown(schema, &body, ""));
            }
            (described, sent) => faults.push(format!("a body: described {}, sent {}", !described, !sent)),
        }
        for (header, expected) in [
            ("accept", "application/vnd.github+json"),
            ("x-github-api-version", "2022-11-28"),
        ] {
            if request.header(header) != Some(expected) {
                faults.push(format!("the header {header} is {:?}", request.header(header)));
            }
        }
        faults
    }

    fn wrong_in_answer(&mut self, exchange: &Exchange) -> Vec<String> {
        let Some(operation) = self.operation(&exchange.request.method, &exchange.request.path) else {
            return Vec::new();
        };
        let Answer { status, body, .. } = &exchange.answer;
        let response = self
            .document
            .pointer(&format!("{}/responses/{status}", operation.pointer));
        let schema = match response.map(|response| self.resolved(response).clone()) {
            Some(response) => response["content"]["application/json"]["schema"].clone(),
            // What any operation may answer is described once for all.
            None if *status == 422 => json!({ "$ref": "#/components/schemas/validation-error" }),
            None if *status >= 400 => json!({ "$ref": "#/components/schemas/basic-error" }),
            None => return vec![format!("the status {status} is not described")],
        };
        let body: Value = serde_json::from_slice(body).expect("an answer is JSON");
        self.faults(&schema, &body)
    }
}

/// Returns the names of all schemas that one refers to.
fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(object) => {
            let own = object.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|reference| reference.strip_prefix("#/components/schemas/"));
            own.map(str::to_owned)
                .into_iter()
                .chain(object.values().flat_map(references))
                .collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// Returns a schema of OpenAPI 3.0 as JSON Schema has it: what is `nullable` may be null as well.
fn converted(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let mut out: Map<String, Value> = object
                .iter()
                .map(|(key, value)| (key.clone(), converted(value)))
                .collect();
            // Only hints for generators of code; their values look like references.
            out.remove("discriminator");
            match out.remove("nullable") {
                Some(Value::Bool(true)) => json!({ "anyOf": [{ "type": "null" }, out] }),
                Some(Value::Bool(false)) | None => out.into(),
                // It is a property of this name.
                Some(property) => {
                    out.insert("nullable".into(), property);
                    out.into()
                }
            }
        }
        Value::Array(items) => items.iter().map(converted).collect(),
        other => other.clone(),
    }
}

fn exchange(method: &str, path: &str, body: &Value, status: u16, answer: &Value) -> Exchange {
    let headers = [
        ("accept", "application/vnd.github+json"),
        ("x-github-api-version", "2022-11-28"),
    ];
    Exchange {
        request: super::http::Incoming {
            method: method.into(),
            path: path.into(),
            query: Vec::new(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            body: if body.is_null() {
                Vec::new()
            } else {
                body.to_string().into_bytes()
            },
        },
        answer: Answer {
            status,
            headers: Vec::new(),
            body: answer.to_string().into_bytes(),
            manner: super::http::Manner::Whole,
        },
        as_documented: true,
    }
}

#[test]
fn openapi_every_exchange_is_as_github_describes_it() {
    let mut description = Description::read();
    let mut seen = 0;
    let mut wrong = Vec::new();
    let all: [&[Scenario]; 4] = [publishing::ALL, failing::ALL, forks::ALL, approvals::ALL];
    for (name, scenario) in all.concat() {
        let server = Server::start();
        scenario(&server);
        for exchange in &server.state().exchanges {
            seen += 1;
            let mut faults = description.wrong_in_request(exchange);
            if exchange.as_documented {
                faults.extend(description.wrong_in_answer(exchange));
            }
            let at = format!("{name}: {} {}", exchange.request.method, exchange.request.path);
            wrong.extend(faults.iter().map(|fault| format!("{at}: {fault}")));
        }
    }
    wrong.sort();
    wrong.dedup();
    assert_eq!(wrong, Vec::<String>::new());
    assert!(seen > 100, "only {seen} exchanges");
}

#[test]
fn openapi_what_is_not_as_described_is_found() {
    let mut description = Description::read();
    let mut check = |method, path, body: Value, status, answer: Value, expected: &str| {
        let exchange = exchange(method, path, &body, status, &answer);
        let mut faults = description.wrong_in_request(&exchange);
        faults.extend(description.wrong_in_answer(&exchange));
        let found = faults.iter().any(|fault| fault.contains(expected));
        assert!(found, "{expected} is not in {faults:?}");
    };
    let runs = "/repos/o/r/check-runs";
    let annotation =
        json!({ "path": "a", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "m" });
    let with = |annotation: &Value, count| {
        let annotations = vec![annotation.clone(); count];
        json!({ "name": "c", "head_sha": "a", "output": { "title": "t", "summary": "s", "annotations": annotations } })
    };
    check(
        "POST",
        runs,
        with(&annotation, 51),
        201,
        json!({}),
        "more than 50 items",
    );
    check(
        "POST",
        runs,
        with(&json!({ "path": "a" }), 1),
        201,
        json!({}),
        "required property",
    );
    check(
        "POST",
        runs,
        json!({ "name": "c", "head_sha": "a", "colour": 1 }),
        201,
        json!({}),
        "/colour is not described",
    );
    check(
        "POST",
        runs,
        json!({ "name": "c", "head_sha": "a", "conclusion": "great" }),
        201,
        json!({}),
        "great",
    );
    let long = json!({ "name": "c", "head_sha": "a", "output": { "title": "t", "summary": "s".repeat(65_536) } });
    check("POST", runs, long, 201, json!({}), "longer than 65535 characters");
    check(
        "POST",
        runs,
        with(&annotation, 1),
        201,
        json!({}),
        "\"html_url\" is a required property",
    );
    check(
        "POST",
        runs,
        with(&annotation, 1),
        200,
        json!({}),
        "the status 200 is not described",
    );
    check(
        "GET",
        "/repos/o/r/check-runs/1/x",
        Value::Null,
        200,
        json!({}),
        "no such operation",
    );
    check(
        "POST",
        "/repos/o/r/issues/1/comments",
        Value::Null,
        201,
        json!({}),
        "a body: described true, sent false",
    );
    check(
        "POST",
        runs,
        with(&annotation, 1),
        422,
        json!({ "errors": [] }),
        "\"message\" is a required property",
    );
}
