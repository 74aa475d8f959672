//! What options are set to, on the command line, in the environment or in a file: blanks around a value are none of it.

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, Error};
use std::ffi::OsStr;

/// A parser that is given values without the blanks around them.
#[derive(Clone, Debug)]
pub struct Trimmed<P>(pub P);

impl<P: TypedValueParser> TypedValueParser for Trimmed<P> {
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<P::Value, Error> {
        let trimmed = value.to_str().map(|text| OsStr::new(text.trim()));
        self.0.parse_ref(command, arg, trimmed.unwrap_or(value))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

/// A parser of whole numbers from `least` to `most`, or to the largest one that there is of this type.
pub fn whole<N: TryFrom<u64>>(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<N, String> + Clone + Send + Sync + 'static {
    move |text| {
        let text = text.trim();
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_number);
        let number = number.filter(|number| (least..=most).contains(number));
        let largest = u64::MAX >> (64 - 8 * size_of::<N>().clamp(1, 8));
        number
            .and_then(|number| N::try_from(number).ok())
            .ok_or_else(|| {
                let most = match most.min(largest) {
                    u64::MAX => "on".into(),
                    most => format!("to {most}"),
                };
                format!("a whole number from {least} {most} is wanted, without a unit")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_up_to_its_limits_and_blanks_around_it_do_not_count() {
        let read = whole::<u32>(1, 64);
        assert_eq!([read("1"), read(" 64\n")], [Ok(1), Ok(64)]);
        for wrong in [
            "0",
            "65",
            "",
            "+1",
            "-1",
            "1.5",
            "10k",
            "1 0",
            "99999999999999999999",
        ] {
            let why = read(wrong).unwrap_err();
            assert!(
                why.starts_with("a whole number from 1 to 64 is wanted"),
                "{why}"
            );
        }
        let any = whole::<u32>(0, u64::MAX);
        assert_eq!(any("4294967295"), Ok(u32::MAX));
        assert!(any("4294967296").unwrap_err().contains("to 4294967295 is"));
        assert_eq!(
            whole::<u64>(0, u64::MAX)("18446744073709551615"),
            Ok(u64::MAX)
        );
    }
}
