//! Which of the findings in a journal still stand.

use std::collections::BTreeMap;

use planalign_registries::{CheckpointKey, RunEvent, RunEventKind};

/// The severities of the findings that stand: a rule that is checked again for a year replaces what it said before, and what it
/// said of a point that was removed is gone with it.
pub(crate) fn in_force(events: &[RunEvent]) -> Vec<&str> {
    let mut latest: BTreeMap<(i32, &str), Said<'_>> = BTreeMap::new();
    let mut saved: BTreeMap<(i32, &str), u64> = BTreeMap::new();
    for event in events {
        match &event.kind {
            RunEventKind::RuleChecked { year, stage, rule, .. } => {
                latest.insert((*year, rule), Said { stage, severities: Vec::new() });
            }
            RunEventKind::FindingReported { year, stage, rule, severity, .. } => {
                let nothing = || Said { stage, severities: Vec::new() };
                latest.entry((*year, rule)).or_insert_with(nothing).severities.push(severity);
            }
            RunEventKind::CheckpointSaved { year, stage } => {
                saved.insert((*year, stage), event.sequence);
            }
            RunEventKind::RunRestored { to, .. } => {
                latest.retain(|(year, _), said| !is_later((*year, said.stage), to, &saved));
            }
            _ => {}
        }
    }
    latest.into_values().flat_map(|said| said.severities).collect()
}

/// What a rule of a stage found.
struct Said<'e> {
    stage: &'e str,
    severities: Vec<&'e str>,
}

/// Whether a stage comes after a checkpoint: the stages of a year are told from each other by when they were saved.
fn is_later((year, stage): (i32, &str), to: &CheckpointKey, saved: &BTreeMap<(i32, &str), u64>) -> bool {
    let of_year = |stage| saved.get(&(to.year, stage));
    year > to.year || year == to.year && of_year(stage) > of_year(&to.stage)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A journal of stages, each with a rule that finds an error, and of returns.
    fn journal(steps: &[(&str, i32, &str)]) -> Vec<RunEvent> {
        let kinds = steps.iter().flat_map(|(what, year, stage)| {
            let (year, stage, rule) = (*year, (*stage).to_owned(), format!("rule of {stage}"));
            let to = CheckpointKey { year, stage: stage.clone() };
            let severity = "error".to_owned();
            match *what {
                "checked" => vec![RunEventKind::RuleChecked { year, stage, rule, findings: 0, elapsed_us: 0 }],
                "restored" => vec![RunEventKind::RunRestored { to, removed: 1, last_sequence: 1 }],
                _ => vec![
                    RunEventKind::RuleChecked {
                        year,
                        stage: stage.clone(),
                        rule: rule.clone(),
                        findings: 1,
                        elapsed_us: 0,
                    },
                    RunEventKind::FindingReported {
                        year,
                        stage: stage.clone(),
                        rule,
                        severity,
                        message: "m".to_owned(),
                        count: 1,
                    },
                    RunEventKind::CheckpointSaved { year, stage },
                ],
            }
        });
        let event = |(sequence, kind)| RunEvent {
            sequence,
            run_id: "r".to_owned(),
            timestamp: jiff::Timestamp::UNIX_EPOCH,
            elapsed_ms: 0,
            kind,
        };
        (1..).zip(kinds).map(event).collect()
    }

    fn check(steps: &[(&str, i32, &str)], expected: usize) {
        assert_eq!(in_force(&journal(steps)).len(), expected, "{steps:?}");
    }

    #[test]
    fn a_later_word_replaces_an_earlier_one() {
        check(&[("found", 2025, "A"), ("found", 2025, "A"), ("found", 2025, "B"), ("found", 2026, "A")], 3);
        check(&[("found", 2025, "A"), ("checked", 2025, "A")], 0);
    }

    #[test]
    fn what_was_removed_is_not_counted() {
        let run = [("found", 2025, "B"), ("found", 2025, "A"), ("found", 2026, "B"), ("found", 2026, "A")];
        let then = |more: &[(&'static str, i32, &'static str)]| [&run[..], more].concat();
        check(&run, 4);
        check(&then(&[("restored", 2026, "A")]), 4);
        check(&then(&[("restored", 2026, "B")]), 3);
        check(&then(&[("restored", 2025, "A")]), 2);
        check(&then(&[("restored", 2025, "B")]), 1);
        check(&then(&[("restored", 2025, "B"), ("checked", 2025, "A"), ("found", 2026, "B")]), 2);
    }
}
