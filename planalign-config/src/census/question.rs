//! What only the analyst can decide about a census file.

use std::fmt;

use serde::Serialize;

/// Something about a census file that can be understood in several ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The field it is about, such as `employee_hire_date`.
    pub field: String,
    /// What is unclear.
    pub problem: String,
    /// The answers to choose from.
    pub answers: Vec<Answer>,
}

/// An answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// What it means.
    pub meaning: String,
    /// The settings to paste into the section `census` of the configuration, one per line.
    pub lines: Vec<String>,
}

/// A column whose rows contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// The header of the column.
    pub header: String,
    /// Two formats that exclude each other, each with the number of the first such row.
    pub rows: [(String, u64); 2],
}

impl Question {
    #[cfg(feature = "census")]
    pub(super) fn new(field: &str, problem: String, answers: Vec<Answer>) -> Self {
        Self { field: field.to_owned(), problem, answers }
    }
}

impl Answer {
    #[cfg(feature = "census")]
    pub(super) fn new(meaning: impl Into<String>, lines: impl IntoIterator<Item = String>) -> Self {
        Self { meaning: meaning.into(), lines: lines.into_iter().collect() }
    }
}

/// A setting of the section `census`, for a text in quotes where YAML needs them.
#[cfg(feature = "census")]
pub(super) fn line(key: &str, value: &str) -> String {
    format!("{key}: {value}")
}

/// A column in `census.columns`.
#[cfg(feature = "census")]
pub(super) fn column_line(field: &str, header: &str) -> String {
    format!("columns: {{{field}: {}}}", quoted(header))
}

/// A text in double quotes, as in YAML and JSON.
#[cfg(feature = "census")]
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The problem, then each answer with the lines to paste.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)?;
        for Answer { meaning, lines } in &self.answers {
            write!(f, "\n    {meaning}:")?;
            write!(f, "\n      census:")?;
            for line in lines {
                write!(f, "\n        {line}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [(first, row), (second, other)] = &self.rows;
        write!(f, "{:?}: {first} in row {row}, {second} in row {other}", self.header)
    }
}
