//! What the journal of a run says about a year that stands: its findings, those of attempts that were undone left out, and
//! when the run was taken up again.

use planalign_registries::{RunEvent, RunEventKind};

use crate::year_audit::{AuditFinding, Resume};

/// The findings about `year`, in the order in which the rules ran.
///
/// A stage that is tried again, or run again after a rollback, makes its findings anew; a rule that is checked again
/// replaces its own.
#[must_use]
pub fn findings_of(events: &[RunEvent], year: i32) -> Vec<AuditFinding> {
    let mut findings: Vec<AuditFinding> = Vec::new();
    for event in events {
        match &event.kind {
            RunEventKind::StageStarted { year: y, stage, .. } | RunEventKind::StageRolledBack { year: y, stage }
                if *y == year =>
            {
                findings.retain(|f| f.stage != *stage);
            }
            RunEventKind::RuleChecked { year: y, stage, rule, .. } if *y == year => {
                findings.retain(|f| f.stage != *stage || f.rule != *rule);
            }
            RunEventKind::FindingReported { year: y, stage, rule, severity, message, count } if *y == year => {
                findings.push(AuditFinding {
                    stage: stage.clone(),
                    rule: rule.clone(),
                    severity: severity.clone(),
                    message: message.clone(),
                    count: *count,
                });
            }
            _ => {}
        }
    }
    findings
}

/// When the run was taken up again before the last stage of `year` began. Later resumes do not concern the year.
#[must_use]
pub fn resumes_of(events: &[RunEvent], year: i32) -> Vec<Resume> {
    let last_stage = |e: &RunEvent| matches!(&e.kind, RunEventKind::StageStarted { year: y, .. } if *y == year);
    let until = events.iter().rposition(last_stage).unwrap_or_default();
    let resume = |event: &RunEvent| match &event.kind {
        RunEventKind::RunResumed { by, .. } => Some(Resume { at: event.timestamp, by: by.clone() }),
        _ => None,
    };
    events[..until].iter().filter_map(resume).collect()
}
