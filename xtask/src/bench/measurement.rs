//! Timings from a run's events.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

/// Time of a stage in a year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StageTime {
    /// From start to commit.
    pub(crate) elapsed: Duration,
    /// Spent on model SQL in the database, by all workers together.
    pub(crate) database: Duration,
}

/// A measured run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measurement {
    /// From process start to end.
    pub(crate) wall: Duration,
    /// Peak memory, if the system reports it.
    pub(crate) peak_bytes: Option<u64>,
    /// Stages, in the order they first finished.
    pub(crate) stages: Vec<String>,
    /// Failures, and findings with severity error or fatal.
    pub(crate) problems: Vec<String>,
    /// Time not spent on models, by activity.
    pub(crate) spent: BTreeMap<&'static str, Duration>,
    times: BTreeMap<(i64, String), StageTime>,
}

/// Event fields with time not spent on models.
const SPENT: [(&str, &str); 5] = [
    ("registries_us", "registries"),
    ("rules_us", "rules"),
    ("reports_us", "reports"),
    ("checkpoints_us", "checkpoints and journal"),
    ("commits_us", "commits"),
];

impl Measurement {
    /// Processes a line of output; returns whether it is an event.
    pub(crate) fn observe(&mut self, line: &str) -> bool {
        let Ok(event) = serde_json::from_str::<Value>(line) else { return false };
        let Some(kind) = event["event"].as_str() else { return false };
        self.problems.extend(problem_of(kind, &event));
        if kind == "year_finished" {
            for (field, name) in SPENT {
                let spent = Duration::from_micros(event[field].as_u64().unwrap_or(0));
                *self.spent.entry(name).or_default() += spent;
            }
        }
        let (Some(year), Some(stage)) = (event["year"].as_i64(), event["stage"].as_str()) else { return true };
        match kind {
            "model_finished" => {
                let worked = Duration::from_micros(event["database_us"].as_u64().unwrap_or(0));
                self.time_mut(year, stage).database += worked;
            }
            "stage_finished" => {
                if !self.stages.iter().any(|known| known == stage) {
                    self.stages.push(stage.to_owned());
                }
                self.time_mut(year, stage).elapsed = Duration::from_millis(event["elapsed_ms"].as_u64().unwrap_or(0));
            }
            _ => {}
        }
        true
    }

    /// Returns the years of the run.
    pub(crate) fn years(&self) -> BTreeSet<i64> {
        self.times.keys().map(|(year, _)| *year).collect()
    }

    /// Returns the time of a stage, if the year has it.
    pub(crate) fn time(&self, year: i64, stage: &str) -> Option<StageTime> {
        self.times.get(&(year, stage.to_owned())).copied()
    }

    /// Returns the time of a stage in all years.
    pub(crate) fn stage_time(&self, stage: &str) -> Duration {
        sum(self.times.iter().filter(|((_, of), _)| of == stage).map(|(_, time)| time)).elapsed
    }

    /// Returns the total time of a year's stages.
    pub(crate) fn year_time(&self, year: i64) -> StageTime {
        sum(self.times.iter().filter(|((of, _), _)| *of == year).map(|(_, time)| time))
    }

    /// Returns the time the database spent on models.
    pub(crate) fn database(&self) -> Duration {
        sum(self.times.values()).database
    }

    /// Returns the stages' remaining time: rendering, registries, rules, checkpoints, and reports.
    pub(crate) fn rest_of_stages(&self) -> Duration {
        let total = sum(self.times.values());
        total.elapsed.saturating_sub(total.database)
    }

    /// Returns all other time: startup, shutdown, and between stages.
    pub(crate) fn outside_stages(&self) -> Duration {
        self.wall.saturating_sub(sum(self.times.values()).elapsed)
    }

    fn time_mut(&mut self, year: i64, stage: &str) -> &mut StageTime {
        self.times.entry((year, stage.to_owned())).or_default()
    }
}

fn problem_of(kind: &str, event: &Value) -> Option<String> {
    let text = |key: &str| event[key].as_str().unwrap_or_default();
    match (kind, text("severity")) {
        ("stage_failed" | "run_failed", _) => Some(text("cause").to_owned()),
        ("finding_reported", "error" | "fatal") => {
            Some(format!("{}: {}: {}", event["year"], text("rule"), text("message")))
        }
        _ => None,
    }
}

fn sum<'a>(times: impl Iterator<Item = &'a StageTime>) -> StageTime {
    times.fold(StageTime::default(), |total, time| StageTime {
        elapsed: total.elapsed + time.elapsed,
        database: total.database + time.database,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_summed_by_year_and_stage() {
        let lines = [
            r#"{"sequence":1,"at_ms":0,"event":"run_started","start_year":2025,"end_year":2026,"stages":4,"seed":42}"#,
            r#"{"event":"model_finished","year":2025,"stage":"FOUNDATION","model":"a","elapsed_us":1500,"database_us":1000}"#,
            r#"{"event":"model_finished","year":2025,"stage":"FOUNDATION","model":"b","elapsed_us":900,"database_us":500}"#,
            r#"{"event":"stage_finished","year":2025,"stage":"FOUNDATION","elapsed_ms":3}"#,
            r#"{"event":"stage_finished","year":2026,"stage":"FOUNDATION","elapsed_ms":4}"#,
            r#"{"event":"stage_finished","year":2026,"stage":"REPORTING","elapsed_ms":1}"#,
            r#"{"event":"year_finished","year":2025,"elapsed_ms":3,"rules_us":30,"commits_us":5}"#,
            r#"{"event":"year_finished","year":2026,"elapsed_ms":3,"rules_us":12}"#,
            r#"{"event":"finding_reported","year":2026,"rule":"a","severity":"error","message":"3 rows"}"#,
            r#"{"event":"finding_reported","year":2026,"rule":"b","severity":"warning","message":"1 row"}"#,
        ];
        let mut run = Measurement { wall: Duration::from_millis(10), ..Measurement::default() };
        assert!(lines.iter().all(|line| run.observe(line)));
        assert!(!run.observe("warning: something") && !run.observe("{}"));
        assert_eq!(run.stages, ["FOUNDATION", "REPORTING"]);
        assert_eq!(run.years(), BTreeSet::from([2025, 2026]));
        let expected = StageTime { elapsed: Duration::from_millis(3), database: Duration::from_micros(1500) };
        assert_eq!(run.time(2025, "FOUNDATION"), Some(expected));
        assert_eq!(run.time(2025, "REPORTING"), None);
        assert_eq!(run.year_time(2026).elapsed, Duration::from_millis(5));
        assert_eq!(run.problems, ["2026: a: 3 rows"]);
        assert_eq!(run.rest_of_stages(), Duration::from_micros(6500));
        assert_eq!(run.outside_stages(), Duration::from_millis(2));
        assert_eq!((run.spent["rules"], run.spent["commits"]), (Duration::from_micros(42), Duration::from_micros(5)));
    }
}
