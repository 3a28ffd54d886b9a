//! Removes data, SQL, and the values of variables from dbt's output.

use planalign_config::DatabaseError;

use crate::runner::Vars;

/// Shorter values, such as years and codes, are words of many messages, which would be unreadable without them.
const SHORTEST: usize = 6;

/// Redacts what dbt prints.
#[derive(Debug, Default)]
pub(crate) struct Redactor {
    values: Vec<String>,
}

impl Redactor {
    /// Hides the text values of these variables.
    pub(crate) fn of(vars: &Vars) -> Self {
        let mut values = Vec::new();
        for value in vars.values() {
            collect(value, &mut values);
        }
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self { values }
    }

    /// Redacts a text of several lines.
    pub(crate) fn text(&self, text: &str) -> String {
        let lines = text.lines().take_while(|line| !begins_values(line)).filter(|line| !is_sql_or_noise(line));
        let lines: Vec<String> = lines.map(|line| self.line(line)).filter(|line| !line.trim().is_empty()).collect();
        lines.join("\n")
    }

    fn line(&self, line: &str) -> String {
        let mut line = match engine_message(line) {
            Some((before, message)) => format!("{before}{message}"),
            None => line.to_owned(),
        };
        for value in &self.values {
            line = without(&line, value);
        }
        line
    }
}

/// A line's message of the engine, and the text before it: nothing, or what dbt was doing, up to a colon.
pub(crate) fn engine_message(line: &str) -> Option<(&str, DatabaseError)> {
    let first = line.len() - line.trim_start().len();
    let after_colons = line.match_indices(": ").map(|(at, colon)| at + colon.len());
    let mut starts = std::iter::once(first).chain(after_colons);
    starts.find_map(|start| Some((&line[..start], DatabaseError::of_engine_text(&line[start..])?)))
}

/// Hides a value. One that could be a name is kept in a longer one: `baseline` in `int_baseline_workforce`.
fn without(line: &str, value: &str) -> String {
    let is_of_a_word = |c: char| c.is_alphanumeric() || c == '_';
    if !value.chars().all(is_of_a_word) {
        return line.replace(value, "...");
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(value) {
        let (before, after) = (&rest[..at], &rest[at + value.len()..]);
        let is_part = before.ends_with(is_of_a_word) || after.starts_with(is_of_a_word);
        out.push_str(before);
        out.push_str(if is_part { value } else { "..." });
        rest = after;
    }
    out + rest
}

fn collect(value: &serde_json::Value, into: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) if text.len() >= SHORTEST => into.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        serde_json::Value::Object(items) => items.values().for_each(|item| collect(item, into)),
        _ => {}
    }
}

/// dbt lists all variables after an error about one.
pub(crate) fn begins_values(line: &str) -> bool {
    line.contains("Vars supplied to ")
}

/// The engine's excerpt, the mark below it, and the stack of dbt 2.0.
fn is_sql_or_noise(line: &str) -> bool {
    let line = line.trim_start();
    let is_excerpt = line.strip_prefix("LINE ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_frame = line.split_once(": ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
    is_excerpt || is_frame || line == "^" || line.starts_with("at ./") || line.starts_with("compiled code at ")
}

#[cfg(test)]
mod tests;
