//! What a benchmark found: a table for people, or one JSON object for programs.

use crate::bench::Error;
use crate::bench::history::History;
use crate::bench::server::Server;
use crate::bench::usage::Usage;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::fmt;

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Words.
    Text(String),
    /// A count.
    Count(u64),
    /// A measure; `null` in JSON if it is no number.
    Measure(f64),
    /// Whether something is so.
    Flag(bool),
    /// Several lines.
    Lines(Vec<String>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Count(count) => f.write_str(&grouped(*count)),
            Self::Measure(measure) if *measure < 10.0 => write!(f, "{measure:.4}"),
            Self::Measure(measure) => write!(f, "{measure:.1}"),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::Lines(lines) => f.write_str(&lines.join("; ")),
        }
    }
}

/// 1234567 as 1,234,567.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What was found, in the order in which it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    values: Vec<(String, Value)>,
    complaints: Vec<String>,
}

impl Report {
    /// Begins with what every mode says: what was done, to which server, with how many members.
    pub fn begin(mode: &str, server: &Server, members: u32) -> Self {
        let mut report = Self::default();
        report.text("mode", mode);
        report.text("server", server.address().to_string());
        if let Some(history) = server.history() {
            let history = match history {
                History::OnDisk => "disk",
                History::InMemory => "memory",
            };
            report.text("history", history);
        }
        if let Some(dir) = server.dir() {
            report.text("history_dir", dir.display().to_string());
        }
        report.count("members", members);
        report
    }

    /// Adds all of a part; `prefix` is put before its keys.
    pub fn append(&mut self, prefix: &str, part: Self) {
        let renamed = |(key, value)| (format!("{prefix}{key}"), value);
        self.values.extend(part.values.into_iter().map(renamed));
    }

    fn add(&mut self, key: &str, value: Value) {
        self.values.push((key.into(), value));
    }

    /// Adds words.
    pub fn text(&mut self, key: &str, text: impl Into<String>) {
        self.add(key, Value::Text(text.into()));
    }

    /// Adds a count.
    pub fn count(&mut self, key: &str, count: impl Into<u64>) {
        self.add(key, Value::Count(count.into()));
    }

    /// Adds whether something is so.
    pub fn flag(&mut self, key: &str, flag: bool) {
        self.add(key, Value::Flag(flag));
    }

    /// Adds a measure, if there is one.
    pub fn measure(&mut self, key: &str, measure: impl Into<Option<f64>>) {
        if let Some(measure) = measure.into() {
            // What comes after is noise.
            let rounded = (measure * 1e6).round() / 1e6;
            self.add(key, Value::Measure(rounded));
        }
    }

    /// Adds the server's memory, in bytes, if both are known.
    pub fn memory(&mut self, before: Option<Usage>, after: Option<Usage>) {
        if let (Some(before), Some(after)) = (before, after) {
            self.count("server_resident_bytes_before", before.resident);
            self.count("server_resident_bytes", after.resident);
            self.count("server_peak_bytes", after.peak);
        }
    }

    /// Adds whether all was exact, and what was not; and what was not done as it was asked for,
    /// however exactly the rest was.
    pub fn verdict(&mut self, faults: &[String], unmet: &[String]) {
        self.flag("exact", faults.is_empty());
        self.complain("faults", "not exact", faults);
        self.complain("not_as_asked", "not as asked", unmet);
    }

    fn complain(&mut self, key: &str, what: &str, lines: &[String]) {
        if !lines.is_empty() {
            self.add(key, Value::Lines(lines.to_vec()));
        }
        let complaints = lines.iter().map(|line| format!("{what}: {line}"));
        self.complaints.extend(complaints);
    }

    /// Adds why there is no more than that.
    pub fn failure(&mut self, error: &Error) {
        self.values.retain(|(key, _)| key != "exact");
        self.flag("exact", false);
        self.text("failure", error.to_string());
    }

    /// All that was not as it should be, in words.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// One JSON object, in one line.
    ///
    /// # Errors
    /// Never: texts and numbers are JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (key, value) in &self.values {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// The table.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .values
            .iter()
            .map(|(key, _)| key.len())
            .max()
            .unwrap_or(0);
        for (key, value) in &self.values {
            let label = key.replace('_', " ");
            writeln!(f, "{label:width$}  {value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_report_is_a_table_and_json() {
        let mut report = Report::default();
        report.text("mode", "fanout");
        let mut part = Report::default();
        part.count("deliveries", 1_234_567_u64);
        part.measure("seconds", 2.0);
        report.append("all_", part);
        report.measure("not_known", None);
        report.measure("no_number", f64::NAN);
        report.verdict(&["a".into(), "b \"c\"".into()], &["d".into()]);
        assert_eq!(
            report.json().unwrap(),
            r#"{"mode":"fanout","all_deliveries":1234567,"all_seconds":2.0,"no_number":null,"exact":false,"faults":["a","b \"c\""],"not_as_asked":["d"]}"#
        );
        assert_eq!(
            report.to_string(),
            "mode            fanout\nall deliveries  1,234,567\nall seconds     2.0000\nno number       NaN\nexact           no\nfaults          a; b \"c\"\nnot as asked    d\n"
        );
        let complaints = ["not exact: a", "not exact: b \"c\"", "not as asked: d"];
        assert_eq!(report.complaints(), complaints);
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 12_345_678].map(grouped),
            ["0", "999", "1,000", "12,345,678"]
        );
    }
}
