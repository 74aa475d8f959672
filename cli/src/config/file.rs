//! The file: RON, one field for each option.

use super::explained::{Fault, TWICE, UNKNOWN, explained, place};
use super::value::check;
use super::{Set, is_flag, is_list, options};
use clap::{Arg, Command};
use ron::extensions::Extensions;
use serde::Deserializer;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;

/// What some editors put at the front of a file.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads what the text of a file sets.
pub(super) fn parse(command: &Command, bytes: &[u8]) -> Result<Set, Fault> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let right = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let byte = bytes[error.valid_up_to()];
        let what = format!("the byte {byte:02X} is no UTF-8, in which the file has to be written");
        (place(&right, right.len()), what)
    })?;
    let ron = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    let reading = Cell::new(None);
    let fields = Fields {
        command,
        reading: &reading,
    };
    ron.from_str_seed(text, fields).map_err(|error| {
        let (start, said) = (error.span.start, error.code.to_string());
        let found = (start.line, start.col);
        explained(command, text, found, reading.get(), &said, &error.code)
    })
}

/// All of a file.
struct Fields<'a, 'b> {
    command: &'a Command,
    /// The option that is read.
    reading: &'b Cell<Option<&'a Arg>>,
}

impl<'de> DeserializeSeed<'de> for Fields<'_, '_> {
    type Value = Set;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Set, D::Error> {
        from.deserialize_struct("Config", &[], self)
    }
}

impl<'de> Visitor<'de> for Fields<'_, '_> {
    type Value = Set;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("options in parentheses, such as (rate: 20)")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Set, M::Error> {
        let command = self.command;
        let mut set = Set::new();
        while let Some(arg) = map.next_key_seed(Field(command))? {
            self.reading.set(Some(arg));
            let id = arg.get_id().to_string();
            if set.iter().any(|(known, _)| *known == id) {
                return Err(de::Error::custom(TWICE));
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
        found
            .map(|(_, arg)| arg)
            .ok_or_else(|| E::custom(format!("{UNKNOWN} `{name}`")))
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
        check(command, arg, value).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<String, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
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

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<String, D::Error> {
        from.deserialize_any(self)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<String, E> {
        self.checked(number.to_string())
    }
}
