//! A line for each stage, for logs and pipes.

use planalign_pipeline::ExecutionProgress;
use planalign_registries::{RunEvent, RunEventKind};

use super::{Renderer, line, notice, write_line};

pub(super) struct Plain;

impl Renderer for Plain {
    fn event(&mut self, event: &RunEvent, progress: &ExecutionProgress) {
        if let Some(line) = shown(event, progress) {
            write_line(&line);
        }
    }
}

fn shown(event: &RunEvent, progress: &ExecutionProgress) -> Option<String> {
    match &event.kind {
        RunEventKind::StageFinished { .. } => {
            line(event).map(|line| format!("{line}  {:>3.0}%", progress.fraction * 100.0))
        }
        _ => notice(event),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn reported(kind: RunEventKind) -> Option<String> {
        let timestamp = "2025-01-01T00:00:00Z".parse().expect("timestamp");
        let event =
            RunEvent { sequence: 1, run_id: "r".into(), timestamp, since_start: Duration::from_millis(5), kind };
        shown(
            &event,
            &ExecutionProgress {
                fraction: 0.5,
                elapsed: Duration::ZERO,
                remaining: None,
                ..ExecutionProgress::default()
            },
        )
    }

    #[test]
    fn stages_findings_and_retries_have_a_line() {
        let (year, stage) = (2026, "FOUNDATION".to_owned());
        assert_eq!(
            reported(RunEventKind::StageFinished { year, stage: stage.clone(), elapsed: Duration::from_millis(12) })
                .as_deref(),
            Some("2026  FOUNDATION             12 ms   50%")
        );
        assert_eq!(
            reported(RunEventKind::StageRolledBack { year, stage: stage.clone() }).as_deref(),
            Some("2026  FOUNDATION rolled back")
        );
        let (cause, strategy) = ("disk".to_owned(), planalign_registries::RetryStrategy::OneThread);
        assert_eq!(
            reported(RunEventKind::StageRetried { year, stage, attempt: 1, cause, strategy }).as_deref(),
            Some("2026  FOUNDATION failed (attempt 1): disk; trying again on one thread")
        );
        assert_eq!(reported(RunEventKind::YearStarted { year }), None);
    }
}
