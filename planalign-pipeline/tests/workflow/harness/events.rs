//! Events as lines of text, and helpers that search them.

use planalign_registries::{RunEvent, RunEventKind};
use serde_json::Value;

/// One line for each event, without times.
pub(crate) fn render(events: &[RunEvent]) -> String {
    events.iter().map(|e| line(e) + "\n").collect()
}

fn line(event: &RunEvent) -> String {
    let Value::Object(fields) = serde_json::to_value(event).expect("JSON") else { return String::new() };
    let is_shown = |name: &str| !name.contains("elapsed") && !name.ends_with("_us") && !name.ends_with("_ms");
    let hidden = ["sequence", "run_id", "timestamp", "event"];
    let events = fields.iter().filter(|(name, _)| is_shown(name) && !hidden.contains(&name.as_str()));
    let mut words = vec![name(event)];
    words.extend(events.map(|(name, value)| format!("{name}={}", short(value))));
    format!("{:>3} {}", event.sequence, words.join(" "))
}

fn short(value: &Value) -> String {
    match value {
        Value::Object(key) if key.contains_key("stage") => format!("{}/{}", short(&key["year"]), short(&key["stage"])),
        Value::String(text) if text.contains(' ') => format!("{text:?}"),
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

/// The name of an event's kind in JSON.
fn name(event: &RunEvent) -> String {
    let value = serde_json::to_value(&event.kind).expect("JSON");
    value["event"].as_str().unwrap_or_default().to_owned()
}

/// The events from the last one with a matching name on.
pub(crate) fn since(events: &[RunEvent], is_first: impl Fn(&String) -> bool) -> &[RunEvent] {
    let at = events.iter().rposition(|e| is_first(&name(e))).unwrap_or(0);
    &events[at..]
}

/// The events from a stage's first start in a year on.
pub(crate) fn from_stage<'e>(events: &'e [RunEvent], wanted: &str, in_year: i32) -> &'e [RunEvent] {
    let is_start = |e: &RunEvent| matches!(&e.kind, RunEventKind::StageStarted { year, stage, .. } if stage == wanted && *year == in_year);
    let at = events.iter().position(is_start).unwrap_or(events.len());
    &events[at..]
}

/// What committed stages built, as year, stage, and model, in order.
pub(crate) fn committed_builds(events: &[RunEvent]) -> Vec<(i32, String, String)> {
    let (mut open, mut committed) = (Vec::new(), Vec::new());
    for event in events {
        match &event.kind {
            RunEventKind::StageStarted { .. } => open.clear(),
            RunEventKind::ModelFinished { year, stage, model, .. } => open.push((*year, stage.clone(), model.clone())),
            RunEventKind::StageFinished { .. } => committed.append(&mut open),
            _ => {}
        }
    }
    committed
}
