//! What is wrong with an object that is not understood, in words that help to mend it and quote nothing secret.

use super::Request;
use crate::wire::printable::printable;
use crate::wire::short::Short;
use alloc::format;
use alloc::string::{String, ToString};
use serde::Deserialize;
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

const OF_A_HELLO: [(&str, Kind); 10] = [
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

/// Those of all requests: one name is one thing in all of them, but for [`OF_REVOKE`].
const OF_A_REQUEST: [(&str, Kind); 21] = [
    ("type", Kind::Text),
    ("room", Kind::Text),
    ("text", Kind::Text),
    ("id", Kind::Text),
    ("me", Kind::Truth),
    ("name", Kind::Text),
    ("to", Kind::Text),
    ("with", Kind::Text),
    ("seq", Kind::Integer(u64::MAX)),
    ("after", Kind::Integer(u64::MAX)),
    ("before", Kind::Integer(u64::MAX)),
    ("limit", Kind::Integer(u64::MAX)),
    ("epoch", Kind::Text),
    ("history", Kind::Integer(u64::MAX)),
    ("password", Kind::Text),
    ("do", Kind::Text),
    ("whom", Kind::Text),
    ("for_s", Kind::Integer(u64::MAX)),
    ("reason", Kind::Text),
    ("on", Kind::Truth),
    ("seconds", Kind::Integer(u64::MAX)),
];

/// What `device` is to the request that ends one; elsewhere it is how one is called.
const OF_REVOKE: [(&str, Kind); 1] = [("device", Kind::Integer(u32::MAX as u64))];
const OF_OTHERS: [(&str, Kind); 1] = [("device", Kind::Text)];

/// Why the object of a first line is not understood, which could not be read for `error`.
pub(super) fn of_hello(object: &str, error: &Error) -> String {
    let members = match members(object, "what follows JOIN") {
        Ok(members) => members,
        Err(fault) => return fault,
    };
    if let Some(fault) = unfit_member(&members, &OF_A_HELLO) {
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
    of_a_member(error).unwrap_or_else(|| "the object is not understood".into())
}

/// Why a line is no request, which could not be read for `error`.
pub(super) fn of_request(line: &str, error: &Error) -> String {
    let mut members = match members(line, "the line") {
        Ok(members) => members,
        Err(fault) => return fault,
    };
    let is_revoke = members.get("type").is_some_and(|kind| kind == "revoke");
    let besides = if is_revoke { &OF_REVOKE } else { &OF_OTHERS };
    let unfit = unfit_member(&members, &OF_A_REQUEST).or_else(|| unfit_member(&members, besides));
    if let Some(fault) = unfit {
        return fault;
    }
    // `null` is as good as nothing: what may not be left out is missing.
    members.retain(|_, value| !value.is_null());
    let without = Request::deserialize(Value::Object(members)).err();
    let fault = of_a_member(without.as_ref().unwrap_or(error));
    // It may quote which order was asked for.
    fault.unwrap_or_else(|| Short(&printable(&words(error))).to_string())
}

/// The members of what is to be one JSON object; else what is wrong, in words that quote nothing of it.
fn members(object: &str, what: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(object) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(format!("{what} is not one JSON object")),
        Err(error) => {
            let (words, column) = (words(&error), error.column());
            Err(format!(
                "{what} is not one JSON object: {words}, at its byte {column}"
            ))
        }
    }
}

/// What an error says, without where it is.
fn words(error: &Error) -> String {
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    words.into()
}

/// That a member is missing, or there twice, if it is that.
fn of_a_member(error: &Error) -> Option<String> {
    let words = words(error);
    let (fault, name) = words.strip_suffix('`')?.split_once(" field `")?;
    match fault {
        "missing" => Some(format!("\"{name}\" is missing")),
        "duplicate" => Some(format!("\"{name}\" is there twice")),
        _ => None,
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
            // One that is too large would be told rounded.
            let number = number.to_string();
            let is_exact = !number.contains('e');
            let found = || {
                if is_exact {
                    number
                } else {
                    "another number".into()
                }
            };
            return (!is_fit).then(found);
        }
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    (!is_fit).then(|| found.into())
}
