//! Which of the findings in a journal still stand.

use std::collections::BTreeMap;

use planalign_registries::{RunEvent, RunEventKind};

/// The severities of the findings that stand: a rule that is checked again for a year replaces what it said before.
pub(crate) fn in_force(events: &[RunEvent]) -> Vec<&str> {
    let mut latest: BTreeMap<(i32, &str), Vec<&str>> = BTreeMap::new();
    for event in events {
        match &event.kind {
            RunEventKind::RuleChecked { year, rule, .. } => {
                latest.insert((*year, rule), Vec::new());
            }
            RunEventKind::FindingReported { year, rule, severity, .. } => {
                latest.entry((*year, rule)).or_default().push(severity);
            }
            _ => {}
        }
    }
    latest.into_values().flatten().collect()
}
