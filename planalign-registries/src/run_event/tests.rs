//! The JSON of events, as listeners parse it and journals store it.

use std::time::Duration;

use super::{RunEvent, RunEventKind, TimeSpent};
use crate::checkpoint::CheckpointKey;
use crate::retry_strategy::RetryStrategy;

/// One of each kind.
fn every_kind() -> Vec<RunEventKind> {
    use RunEventKind as K;
    let (millis, micros) = (Duration::from_millis, Duration::from_micros);
    let (year, stage, rule) = (2025, "FOUNDATION".to_owned(), "row_count_drift".to_owned());
    let model = "int_baseline_workforce".to_owned();
    let after = Some(CheckpointKey { year, stage: stage.clone() });
    let cause = "disk \"full\"\n".to_owned();
    vec![
        K::RunStarted {
            start_year: 2025,
            end_year: 2029,
            stages: 31,
            seed: u64::MAX,
            by: "ann, process 7 on a1".to_owned(),
        },
        K::RunResumed { after: after.clone(), start_year: 2025, end_year: 2029, stages: 4, by: String::new() },
        K::CommitsLost { last: CheckpointKey { year: 2026, stage: stage.clone() }, after: after.clone() },
        K::RunRestored { to: CheckpointKey { year, stage: stage.clone() }, removed: 6, last_sequence: 12 },
        K::ChangesAccepted { from_year: 2027, changes: vec!["seed limits has changed".to_owned()] },
        K::RegistriesRebuilt { cause: "39 rows instead of 40".to_owned() },
        K::YearStarted { year },
        K::StageStarted { year, stage: stage.clone(), attempt: 1 },
        K::ModelStarted { year, stage: stage.clone(), model: model.clone() },
        K::ModelFinished { year, stage: stage.clone(), model, rows: Some(3), elapsed: micros(9), database: micros(8) },
        K::RegistryUpdated { year, registry: "enrollment".to_owned(), rows: 7 },
        K::RuleChecked { year, stage: stage.clone(), rule: rule.clone(), findings: 1, elapsed: micros(9) },
        K::FindingReported {
            year,
            stage: stage.clone(),
            rule,
            severity: crate::severity::Severity::Error,
            message: "12 people".to_owned(),
            count: 12,
        },
        K::StageRetried {
            year,
            stage: stage.clone(),
            attempt: 1,
            cause: cause.clone(),
            strategy: RetryStrategy::Other("wait".to_owned()),
        },
        K::StageRolledBack { year, stage: stage.clone() },
        K::StageFailed { year, stage: stage.clone(), cause: cause.clone() },
        K::CheckpointSaved { year, stage: stage.clone() },
        K::ReportWritten { year: None, path: "out/summary.csv".to_owned() },
        K::StageFinished { year, stage, elapsed: millis(40) },
        K::YearFinished { year, elapsed: millis(400), spent: TimeSpent { rules: micros(7), ..TimeSpent::default() } },
        K::RunFinished { elapsed: millis(2000), errors: 1, warnings: 2 },
        K::RunFailed { cause },
        K::RunInterrupted { after },
    ]
}

fn events() -> Vec<RunEvent> {
    let timestamp = "2026-01-02T03:04:05.678Z".parse().expect("time");
    let event = |(i, kind)| RunEvent {
        sequence: i,
        run_id: "r1".to_owned(),
        timestamp,
        since_start: Duration::from_millis(17),
        kind,
    };
    (1..).zip(every_kind()).map(event).collect()
}

#[test]
fn every_event_survives_a_round_trip_through_json() {
    for event in events() {
        let json = serde_json::to_string(&event).expect("JSON");
        assert_eq!(serde_json::from_str::<RunEvent>(&json).expect(&json), event);
        assert!(json.matches("elapsed_ms\"").count() <= 1, "a key appears twice: {json}");
    }
}

#[test]
fn json_of_events() {
    let lines: Vec<String> = events().iter().map(|e| serde_json::to_string(e).expect("JSON")).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn events_of_a_newer_program_are_read_as_far_as_possible() {
    let json = r#"{"sequence":7,"run_id":"r1","timestamp":"2026-01-02T03:04:05Z","since_start_ms":1,"event":"sun_rose","at":6,"year":2026}"#;
    let event: RunEvent = serde_json::from_str(json).expect("JSON");
    assert_eq!((event.sequence, event.kind), (7, RunEventKind::Unknown));
}
