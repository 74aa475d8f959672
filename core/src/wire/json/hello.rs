//! What is wrong with a first object, in words that help to mend it and quote nothing secret.

use alloc::format;
use alloc::string::{String, ToString};
use serde_json::{Error, Map, Value};

/// What a member is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Integer(u64),
    Truth,
    Object,
}

/// Those of a room in `rooms`.
const OF_A_ROOM: [(&str, Kind); 3] = [
    ("after", Kind::Integer(u64::MAX)),
    ("epoch", Kind::Text),
    ("history", Kind::Integer(u64::MAX)),
];

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
    if let Some(fault) = unfit_member(&members, &MEMBERS) {
        return fault;
    }
    let rooms = members.get("rooms").and_then(Value::as_object);
    for room in rooms.into_iter().flat_map(Map::values) {
        let fault = match room {
            Value::Object(known) => unfit_member(known, &OF_A_ROOM),
            Value::Null => Some(expected(Kind::Object, "null")),
            other => unfit(other, Kind::Object).map(|found| expected(Kind::Object, &found)),
        };
        if let Some(fault) = fault {
            return format!("\"rooms\", for a room: {fault}");
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

/// What is wrong with the first member that is not of its kind.
fn unfit_member(members: &Map<String, Value>, kinds: &[(&str, Kind)]) -> Option<String> {
    kinds.iter().find_map(|(name, kind)| {
        let found = unfit(members.get(*name)?, *kind)?;
        Some(format!("\"{name}\": {}", expected(*kind, &found)))
    })
}

fn expected(kind: Kind, found: &str) -> String {
    let kind = match kind {
        Kind::Text => "a string".into(),
        Kind::Truth => "true or false".into(),
        Kind::Object => "an object".into(),
        Kind::Integer(most) => format!("an integer from 0 to {most}"),
    };
    format!("expected {kind}, found {found}")
}

/// What a value is, if it is not of a kind; without its text, which may be secret.
fn unfit(value: &Value, kind: Kind) -> Option<String> {
    let is_fit = match (value, kind) {
        (Value::Null, _)
        | (Value::String(_), Kind::Text)
        | (Value::Bool(_), Kind::Truth)
        | (Value::Object(_), Kind::Object) => true,
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
