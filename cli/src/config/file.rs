//! The file: RON, one field for each option.

use super::{Set, is_flag, is_list, options};
use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, Command};
use ron::extensions::Extensions;
use serde::Deserializer;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use std::error::Error as _;
use std::fmt;

/// Line and column, and what is wrong there.
type Fault = (Option<(usize, usize)>, String);

/// Reads what the text of a file sets.
pub(super) fn parse(command: &Command, text: &str) -> Result<Set, Fault> {
    let ron = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    let parsed = ron.from_str_seed(text, Fields(command));
    parsed.map_err(|error| {
        let at = error.span.start;
        (Some((at.line, at.col)), error.code.to_string())
    })
}

/// All of a file.
struct Fields<'a>(&'a Command);

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = Set;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Set, D::Error> {
        from.deserialize_struct("Config", &[], self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Set;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("options in parentheses, such as (rate: 20)")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Set, M::Error> {
        let command = self.0;
        let mut set = Set::new();
        while let Some(arg) = map.next_key_seed(Field(command))? {
            let id = arg.get_id().to_string();
            if set.iter().any(|(known, _)| *known == id) {
                return Err(de::Error::custom("this option is set already"));
            }
            let values = map.next_value_seed(Values { command, arg })?;
            set.push((id, values));
        }
        Ok(set)
    }
}

/// The name of an option.
struct Field<'a>(&'a Command);

impl<'de, 'a> DeserializeSeed<'de> for Field<'a> {
    type Value = &'a Arg;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<&'a Arg, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl<'a> Visitor<'_> for Field<'a> {
    type Value = &'a Arg;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an option")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<&'a Arg, E> {
        let found = options(self.0).find(|(known, _)| known == name);
        found.map(|(_, arg)| arg).ok_or_else(|| {
            let known: Vec<String> = options(self.0).map(|(known, _)| known).collect();
            E::custom(format!(
                "unknown field `{name}`, expected one of {}",
                known.join(", ")
            ))
        })
    }
}

/// What an option is set to.
struct Values<'a> {
    command: &'a Command,
    arg: &'a Arg,
}

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Vec<String>, D::Error> {
        if is_list(self.arg) {
            from.deserialize_seq(self)
        } else if is_flag(self.arg) {
            let is_set = <bool as de::Deserialize>::deserialize(from)?;
            Ok(vec![is_set.to_string()])
        } else {
            from.deserialize_any(One(&self)).map(|value| vec![value])
        }
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list in brackets")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Vec<String>, S::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(One(&self))? {
            values.push(value);
        }
        Ok(values)
    }
}

/// One value.
#[derive(Clone, Copy)]
struct One<'a>(&'a Values<'a>);

impl One<'_> {
    /// Has the option's own parser look at it.
    fn checked<E: de::Error>(self, value: String) -> Result<String, E> {
        let &Values { command, arg } = self.0;
        let given = format!("--{}={value}", arg.get_long().unwrap_or_default());
        let line = [command.get_name().to_owned(), given];
        let Err(error) = command.clone().try_get_matches_from(line) else {
            return Ok(value);
        };
        // What else the option may need is not for one value to say.
        match error.kind() {
            ErrorKind::ValueValidation => {
                let why = error.source().map(ToString::to_string);
                let why = why.unwrap_or_default();
                let name = arg.get_long().unwrap_or_default().replace('-', "_");
                Err(E::custom(format!("`{name}` cannot be {value:?}: {why}")))
            }
            ErrorKind::InvalidValue => {
                let valid = error.get(ContextKind::ValidValue);
                let valid = valid.map(ToString::to_string).unwrap_or_default();
                Err(E::custom(format!("expected one of {valid}")))
            }
            _ => Ok(value),
        }
    }
}

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<String, D::Error> {
        from.deserialize_any(self)
    }
}

impl Visitor<'_> for One<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or a text in quotes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        self.checked(text.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        self.checked(number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
        self.checked(number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<String, E> {
        self.checked(number.to_string())
    }
}
