//! What is wrong with a first object, in words that help to mend it and quote nothing secret.

use alloc::format;
use alloc::string::{String, ToString};
use serde_json::{Error, Value};

/// What a member is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Integer(u64),
    Truth,
    Object,
}

const MEMBERS: [(&str, Kind); 10] = [
    ("version", Kind::Integer(u32::MAX as u64)),
    ("name", Kind::Text),
    ("session", Kind::Text),
    ("device", Kind::Text),
    ("after", Kind::Integer(u64::MAX)),
    ("epoch", Kind::Text),
    ("history", Kind::Integer(u64::MAX)),
    ("rooms", Kind::Object),
    ("read", Kind::Truth),
    ("room", Kind::Text),
];

/// Why an object is not understood that could not be read for `error`.
pub(super) fn fault(object: &str, error: &Error) -> String {
    let members = match serde_json::from_str(object) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return "an object is expected after JOIN".into(),
        // Of what is not JSON, the words of the error quote nothing.
        Err(error) => {
            let words = error.to_string();
            let words = words.split(" at line ").next().unwrap_or_default();
            let column = error.column();
            return format!(
                "what follows JOIN is not one JSON object: {words}, at its byte {column}"
            );
        }
    };
    for (name, kind) in MEMBERS {
        let Some(value) = members.get(name) else {
            continue;
        };
        if let Some(found) = unfit(value, kind) {
            let expected = match kind {
                Kind::Text => "a string".into(),
                Kind::Truth => "true or false".into(),
                Kind::Object => "an object with an object for each room".into(),
                Kind::Integer(most) => format!("an integer from 0 to {most}"),
            };
            return format!("\"{name}\": expected {expected}, found {found}");
        }
    }
    let words = error.to_string();
    let is_twice =
        |name: &&(&str, Kind)| words.starts_with(&format!("duplicate field `{}`", name.0));
    match MEMBERS.iter().find(is_twice) {
        Some((name, _)) => format!("\"{name}\" is there twice"),
        None => "the object is not understood".into(),
    }
}

/// What a value is, if it is not of a kind; without its text, which may be secret.
fn unfit(value: &Value, kind: Kind) -> Option<String> {
    let is_fit = match (value, kind) {
        (Value::Null, _) | (Value::String(_), Kind::Text) | (Value::Bool(_), Kind::Truth) => true,
        (Value::Object(rooms), Kind::Object) => rooms.values().all(Value::is_object),
        (Value::Number(number), Kind::Integer(most)) => number.as_u64().is_some_and(|n| n <= most),
        _ => false,
    };
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if matches!(kind, Kind::Integer(_)) => {
            return (!is_fit).then(|| number.to_string());
        }
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    (!is_fit).then(|| found.into())
}
