//! The default configuration file: every setting with its default and a comment from its type's doc comment.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::SimulationConfig;
use super::keys::{is_whole, join};
use super::rules::{DECLARED, RULES};
use super::schema::constraint::comment;

/// Text that applies to all settings.
const HEADER: &str = "\
# yaml-language-server: $schema=simulation_config.schema.json
#
# PlanAlign simulation settings.
#
# Every key below shows its default, except the two IDs, which each scenario must set (letters, digits, _, and -).
# Later layers override earlier ones: built-in defaults < this file < --scenario FILE
#   < environment (PLANALIGN_SIMULATION__START_YEAR=2026) < --set simulation.start_year=2026
# Maps are merged key by key; lists are replaced. In the environment, `__` separates the parts of a key.
# Rates are fractions (0.06 is 6%) with at most six decimals, money is in whole dollars, and days of the year are MM-DD.
# Unknown keys, values without effect, and values that the law doesn't allow are errors.

";

/// Maximum width of comment lines.
const WIDTH: usize = 118;

/// Returns the text of the file.
#[must_use]
pub fn text() -> String {
    let mut file = Writer { text: HEADER.to_owned() };
    file.section("", &DECLARED, &SimulationConfig::default().to_tree());
    file.text
}

struct Writer {
    text: String,
}

impl Writer {
    fn section(&mut self, section: &str, schema: &Value, values: &Map<String, Value>) {
        for (name, value) in values {
            let (path, schema) = (join(section, name), &schema["properties"][name.as_str()]);
            let indent = "  ".repeat(path.matches('.').count());
            match value {
                Value::Object(inner) if schema.get("properties").is_some() && !is_whole(name) => {
                    if section.is_empty() {
                        self.text.push('\n');
                    }
                    self.comment(&indent, &path, schema);
                    let _ = writeln!(self.text, "{indent}{name}:");
                    self.section(&path, schema, inner);
                }
                value => {
                    self.comment(&indent, &path, schema);
                    self.value(&indent, name, value);
                }
            }
        }
    }

    fn comment(&mut self, indent: &str, path: &str, schema: &Value) {
        let text = comment(schema);
        let mut paragraphs = text.split("\n\n");
        self.paragraph(indent, &meaning(paragraphs.next().unwrap_or_default(), path, schema));
        for paragraph in paragraphs {
            match paragraph.strip_prefix("```yaml\n").and_then(|code| code.strip_suffix("\n```")) {
                Some(code) => code.lines().for_each(|line| {
                    let _ = writeln!(self.text, "{indent}#   {line}");
                }),
                None => self.paragraph(indent, paragraph),
            }
        }
    }

    fn paragraph(&mut self, indent: &str, text: &str) {
        let mut line = format!("{indent}#");
        for word in text.split_whitespace() {
            if line.len() + 1 + word.len() > WIDTH {
                let _ = writeln!(self.text, "{line}");
                line = format!("{indent}#");
            }
            let _ = write!(line, " {word}");
        }
        let _ = writeln!(self.text, "{line}");
    }

    /// Writes a value on one line, or one line per entry if it contains lists or maps.
    fn value(&mut self, indent: &str, name: &str, value: &Value) {
        let is_nested = |inner: &Value| inner.is_object() || inner.is_array();
        let lines: Vec<String> = match value {
            Value::Array(items) if items.iter().any(is_nested) => {
                items.iter().map(|item| format!("- {}", flow(item))).collect()
            }
            Value::Object(map) if map.values().any(is_nested) => {
                map.iter().map(|(key, inner)| format!("{key}: {}", flow(inner))).collect()
            }
            value => {
                let _ = writeln!(self.text, "{indent}{name}: {}", flow(value));
                return;
            }
        };
        let _ = writeln!(self.text, "{indent}{name}:");
        for line in lines {
            let _ = writeln!(self.text, "{indent}  {line}");
        }
    }
}

/// The meaning of a setting and its choices, plus limits with a source.
fn meaning(text: &str, path: &str, schema: &Value) -> String {
    let choices = schema["oneOf"].as_array().into_iter().flatten().map(|choice| {
        let meaning = choice["description"].as_str().unwrap_or_default().trim_end_matches('.');
        format!(
            "{} ({})",
            choice["const"].as_str().unwrap_or_default(),
            with_first(meaning, |c| c.to_ascii_lowercase())
        )
    });
    let choices: Vec<String> = choices.collect();
    let text = match &choices[..] {
        [] => text.to_owned(),
        choices => format!("{}: {}.", text.trim_end_matches('.'), choices.join(", ")),
    };
    let Some(rule) = RULES.get(path).filter(|rule| !rule.note.is_empty()) else { return text };
    let limits = if choices.is_empty() { rule.expected() } else { rule.note.clone() };
    format!("{text} {}.", with_first(&limits, |c| c.to_ascii_uppercase()))
}

/// Changes the first letter of a text.
fn with_first(text: &str, change: impl Fn(char) -> char) -> String {
    let mut letters = text.chars();
    letters.next().map(change).into_iter().chain(letters).collect()
}

/// A value on one line. Text that doesn't begin with a letter is quoted.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) if text.starts_with(|c: char| c.is_ascii_alphabetic()) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, inner)| format!("{key}: {}", flow(inner))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        scalar => scalar.to_string(),
    }
}
