//! The current content of a run's journal, for resuming the run and reporting on it.

use std::collections::BTreeMap;

use crate::checkpoint::CheckpointKey;
use crate::run_event::{RunEvent, RunEventKind};
use crate::severity::Severity;

/// A journal without entries that were rolled back or replaced.
#[derive(Clone, Debug)]
pub struct JournalView<'e> {
    events: &'e [RunEvent],
    findings: Vec<OpenFinding<'e>>,
}

/// A current finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenFinding<'e> {
    /// Simulated year.
    pub year: i32,
    /// Stage.
    pub stage: &'e str,
    /// Rule.
    pub rule: &'e str,
    /// Severity.
    pub severity: Severity,
    /// Description with counts; never names people.
    pub message: &'e str,
    /// Affected rows.
    pub count: u64,
}

impl<'e> JournalView<'e> {
    /// Creates the view of a journal, whose events must be in order.
    #[must_use]
    pub fn new(events: &'e [RunEvent]) -> Self {
        Self { events, findings: open_findings(events) }
    }

    /// Returns the current findings, in the order in which the rules ran.
    #[must_use]
    pub fn findings(&self) -> &[OpenFinding<'e>] {
        &self.findings
    }

    /// Returns the current findings for a year.
    pub fn findings_of(&self, year: i32) -> impl Iterator<Item = &OpenFinding<'e>> {
        self.findings.iter().filter(move |finding| finding.year == year)
    }

    /// Returns the events that resumed the run before the last stage of `year` started. Later ones don't affect the year.
    pub fn resumes_before_end_of(&self, year: i32) -> impl Iterator<Item = &'e RunEvent> {
        let begins = |event: &RunEvent| matches!(&event.kind, RunEventKind::StageStarted { year: y, .. } if *y == year);
        let until = self.events.iter().rposition(begins).unwrap_or_default();
        self.events[..until].iter().filter(|event| matches!(event.kind, RunEventKind::RunResumed { .. }))
    }

    /// Returns the number of the last event; 0 if there are none.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.events.last().map_or(0, |event| event.sequence)
    }
}

/// A retried or rerun stage replaces its findings, a rule that is checked again replaces its own findings for the stage, and
/// removing a stage removes its findings.
fn open_findings(events: &[RunEvent]) -> Vec<OpenFinding<'_>> {
    let mut findings: Vec<OpenFinding<'_>> = Vec::new();
    let mut saved: BTreeMap<(i32, &str), u64> = BTreeMap::new();
    for event in events {
        match &event.kind {
            RunEventKind::StageStarted { year, stage, .. } | RunEventKind::StageRolledBack { year, stage } => {
                findings.retain(|f| (f.year, f.stage) != (*year, stage));
            }
            RunEventKind::RuleChecked { year, stage, rule, .. } => {
                findings.retain(|f| (f.year, f.stage, f.rule) != (*year, stage, rule));
            }
            RunEventKind::FindingReported { year, stage, rule, severity, message, count } => {
                let (year, severity, count) = (*year, *severity, *count);
                findings.push(OpenFinding { year, stage, rule, severity, message, count });
            }
            RunEventKind::CheckpointSaved { year, stage } => {
                saved.insert((*year, stage), event.sequence);
            }
            RunEventKind::RunRestored { to, .. } => {
                findings.retain(|finding| !is_later((finding.year, finding.stage), to, &saved));
            }
            _ => {}
        }
    }
    findings
}

/// Whether a stage comes after a checkpoint; stages of the same year are ordered by when they were saved.
fn is_later((year, stage): (i32, &str), to: &CheckpointKey, saved: &BTreeMap<(i32, &str), u64>) -> bool {
    let of_year = |stage| saved.get(&(to.year, stage));
    year > to.year || year == to.year && of_year(stage) > of_year(&to.stage)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A journal of steps, each in a stage of a year: a rule with an error finding, a rule without findings, a stage that starts
    /// or is rolled back, or a restore of its checkpoint.
    fn journal(steps: &[(&str, i32, &str)]) -> Vec<RunEvent> {
        let kinds = steps.iter().flat_map(|(what, year, stage)| {
            let (year, stage, rule) = (*year, (*stage).to_owned(), "r".to_owned());
            let checked = |findings| RunEventKind::RuleChecked {
                year,
                stage: stage.clone(),
                rule: rule.clone(),
                findings,
                elapsed: Duration::ZERO,
            };
            match *what {
                "begins" => vec![RunEventKind::StageStarted { year, stage: stage.clone(), attempt: 1 }],
                "undone" => vec![RunEventKind::StageRolledBack { year, stage: stage.clone() }],
                "clean" => vec![checked(0)],
                "restored" => {
                    let to = CheckpointKey { year, stage: stage.clone() };
                    vec![RunEventKind::RunRestored { to, removed: 1, last_sequence: 1 }]
                }
                "resumed" => vec![RunEventKind::RunResumed {
                    after: None,
                    start_year: year,
                    end_year: year,
                    stages: 1,
                    by: stage.clone(),
                }],
                _ => {
                    let (stage, message) = (stage.clone(), "m".to_owned());
                    let (severity, count) = (Severity::Error, 1);
                    let saved = RunEventKind::CheckpointSaved { year, stage: stage.clone() };
                    let found =
                        RunEventKind::FindingReported { year, stage, rule: rule.clone(), severity, message, count };
                    vec![checked(1), found, saved]
                }
            }
        });
        let event = |(sequence, kind)| RunEvent {
            sequence,
            run_id: "r".to_owned(),
            timestamp: jiff::Timestamp::UNIX_EPOCH,
            since_start: Duration::ZERO,
            kind,
        };
        (1..).zip(kinds).map(event).collect()
    }

    fn check(steps: &[(&str, i32, &str)], expected: &[(i32, &str)]) {
        let events = journal(steps);
        let view = JournalView::new(&events);
        let open: Vec<(i32, &str)> = view.findings().iter().map(|finding| (finding.year, finding.stage)).collect();
        assert_eq!(open, expected, "{steps:?}");
        assert_eq!(view.last_sequence(), events.len() as u64);
    }

    #[test]
    fn later_entries_replace_earlier_ones() {
        let found = |steps: &[(&'static str, i32, &'static str)]| {
            [&[("found", 2025, "A"), ("found", 2026, "A")], steps].concat()
        };
        check(&found(&[("found", 2025, "A")]), &[(2026, "A"), (2025, "A")]);
        check(&found(&[("clean", 2025, "A")]), &[(2026, "A")]);
        check(&found(&[("begins", 2026, "A")]), &[(2025, "A")]);
        check(&found(&[("undone", 2026, "A")]), &[(2025, "A")]);
        check(&[], &[]);
    }

    #[test]
    fn a_rule_in_two_stages_has_findings_for_each() {
        check(&[("found", 2025, "A"), ("found", 2025, "B")], &[(2025, "A"), (2025, "B")]);
        check(&[("found", 2025, "A"), ("clean", 2025, "B")], &[(2025, "A")]);
    }

    #[test]
    fn removed_findings_are_gone() {
        let run = [("found", 2025, "B"), ("found", 2025, "A"), ("found", 2026, "B"), ("found", 2026, "A")];
        let then = |more: &[(&'static str, i32, &'static str)]| [&run[..], more].concat();
        let of = |names: [(i32, &'static str); 4], many: usize| names[..many].to_vec();
        let all = [(2025, "B"), (2025, "A"), (2026, "B"), (2026, "A")];
        for (to, many) in [((2026, "A"), 4), ((2026, "B"), 3), ((2025, "A"), 2), ((2025, "B"), 1)] {
            check(&then(&[("restored", to.0, to.1)]), &of(all, many));
        }
    }

    #[test]
    fn resumes_count_for_a_year_until_its_last_stage_begins() {
        let events = journal(&[
            ("resumed", 2025, "ann"),
            ("begins", 2025, "A"),
            ("resumed", 2025, "ben"),
            ("begins", 2026, "A"),
        ]);
        let view = JournalView::new(&events);
        assert_eq!([2025, 2026, 2027].map(|year| view.resumes_before_end_of(year).count()), [1, 2, 0]);
    }
}
