//! The JSON of structured attributes, in the one form in which it is hashed: keys in the order of
//! their bytes, no spaces.

use crate::error::{ErrorKind, Eval, Fail};
use crate::evaluator::Evaluator;
use crate::text::json::{Event, Reader, push_string};
use crate::text::number;
use std::collections::BTreeMap;

/// Appends a key or string.
pub(super) fn push_key(ev: &mut Evaluator, out: &mut Vec<u8>, key: &[u8]) -> Eval<()> {
    match push_string(out, key) {
        Ok(()) => Ok(()),
        Err(error) => Err(ev.store_failed(error)),
    }
}

/// A list or object that is being read.
enum Open {
    List(Vec<Vec<u8>>),
    Object(BTreeMap<String, Vec<u8>>, Option<String>),
}

/// Returns the canonical form of a JSON object that was given as text (the attribute `__json`).
pub(super) fn canonical(ev: &mut Evaluator, text: &[u8]) -> Eval<Vec<u8>> {
    let mut open: Vec<Open> = Vec::new();
    let mut whole = None;
    for event in Reader::new(text) {
        let event = match event {
            Ok(event) => event,
            Err(error) => return Err(refused(ev, &error.to_string())),
        };
        let mut done = Vec::new();
        match event {
            Event::Null => done.extend_from_slice(b"null"),
            Event::Bool(value) => done.extend_from_slice(if value { b"true" } else { b"false" }),
            Event::Integer(value) => done.extend_from_slice(value.to_string().as_bytes()),
            Event::Float(value) => done.extend_from_slice(number::json(value).as_bytes()),
            Event::String(text) => push_key(ev, &mut done, text.as_bytes())?,
            Event::ListStart => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::ObjectStart => {
                open.push(Open::Object(BTreeMap::new(), None));
                continue;
            }
            Event::Key(name) => {
                if let Some(Open::Object(_, key)) = open.last_mut() {
                    *key = Some(name.into_owned());
                }
                continue;
            }
            Event::ListEnd | Event::ObjectEnd => match open.pop() {
                Some(Open::List(elements)) => {
                    done.push(b'[');
                    done.extend_from_slice(&elements.join(&b','));
                    done.push(b']');
                }
                Some(Open::Object(members, _)) => {
                    done.push(b'{');
                    for (i, (key, value)) in members.iter().enumerate() {
                        if i > 0 {
                            done.push(b',');
                        }
                        push_key(ev, &mut done, key.as_bytes())?;
                        done.push(b':');
                        done.extend_from_slice(value);
                    }
                    done.push(b'}');
                }
                None => {}
            },
        }
        match open.last_mut() {
            Some(Open::List(elements)) => elements.push(done),
            Some(Open::Object(members, key)) => {
                members.insert(key.take().unwrap_or_default(), done);
            }
            None => whole = Some(done),
        }
    }
    match whole {
        Some(whole) if whole.first() == Some(&b'{') => Ok(whole),
        other => {
            // What else it is shows in its first byte.
            let kind = match other.as_deref().and_then(<[u8]>::first) {
                Some(b'[') => "array",
                Some(b'"') => "string",
                Some(b't' | b'f') => "boolean",
                Some(b'n') => "null",
                _ => "number",
            };
            Err(refused(
                ev,
                &format!("[json.exception.type_error.302] type must be object, but is {kind}"),
            ))
        }
    }
}

#[cold]
fn refused(ev: &mut Evaluator, why: &str) -> Fail {
    ev.fail(ErrorKind::Eval, format!("cannot process __json attribute: {why}"))
}
