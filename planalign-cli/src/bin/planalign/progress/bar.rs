//! A bar with the year, the stage, the elapsed time, an estimate of the time left, and the models that are being built.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use planalign_pipeline::ExecutionProgress;
use planalign_registries::{RunEvent, RunEventKind};

use super::{Renderer, notice};

/// Steps of a full bar.
const LENGTH: u64 = 1000;

pub(super) struct Bar {
    bar: ProgressBar,
    place: String,
}

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(LENGTH), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{prefix:<26} [{bar:30}] {percent:>3}%  {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, place: String::new() }
    }
}

impl Renderer for Bar {
    fn event(&mut self, event: &RunEvent, progress: &ExecutionProgress) {
        if let Some(line) = notice(event) {
            self.bar.println(line);
        }
        match &event.kind {
            RunEventKind::StageStarted { year, stage, .. } => self.place = format!("{year} {stage}"),
            RunEventKind::RunFinished { .. } | RunEventKind::RunFailed { .. } | RunEventKind::RunInterrupted { .. } => {
                self.bar.finish_and_clear();
                return;
            }
            _ => {}
        }
        self.bar.set_prefix(self.place.clone());
        self.bar.set_message(message(progress));
        self.bar.set_position(position(progress.fraction));
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fraction of a small length")]
fn position(fraction: f64) -> u64 {
    (fraction.clamp(0.0, 1.0) * LENGTH as f64) as u64
}

fn message(progress: &ExecutionProgress) -> String {
    match progress.running_models.join(", ") {
        models if models.is_empty() => times(progress),
        models => format!("{}, building {models}", times(progress)),
    }
}

fn times(progress: &ExecutionProgress) -> String {
    let clock = |d: Duration| format!("{}:{:02}", d.as_secs() / 60, d.as_secs() % 60);
    match progress.remaining {
        Some(left) => format!("{} elapsed, {} left", clock(progress.elapsed), clock(left)),
        None => format!("{} elapsed", clock(progress.elapsed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_follows_the_stages() {
        let mut shown = Bar::new();
        let timestamp = "2025-01-01T00:00:00Z".parse().expect("timestamp");
        let mut show = |kind: RunEventKind, fraction: f64| {
            let event =
                RunEvent { sequence: 1, run_id: "r".into(), timestamp, since_start: Duration::from_millis(5), kind };
            shown.event(
                &event,
                &ExecutionProgress {
                    fraction,
                    elapsed: Duration::from_secs(7),
                    remaining: None,
                    ..ExecutionProgress::default()
                },
            );
            let bar = &shown.bar;
            (bar.prefix(), bar.message(), bar.position(), bar.is_finished())
        };
        let place = |year, stage: &str| (year, stage.to_owned());
        let (year, stage) = place(2026, "FOUNDATION");
        let foundation = "2026 FOUNDATION".to_owned();
        let elapsed = "0:07 elapsed".to_owned();
        let started = RunEventKind::StageStarted { year, stage: stage.clone(), attempt: 1 };
        assert_eq!(show(started, 0.5), (foundation.clone(), elapsed.clone(), 500, false));
        let finished = RunEventKind::StageFinished { year, stage: stage.clone(), elapsed: Duration::from_millis(1) };
        assert_eq!(show(finished, 0.75), (foundation, elapsed, 750, false));
        let (year, stage) = place(2027, "REPORTING");
        show(RunEventKind::StageRolledBack { year, stage }, 0.75);
        let ended = show(RunEventKind::RunFailed { cause: "disk".to_owned() }, 0.75);
        assert!(ended.3, "the bar is gone once the run has ended");
    }

    #[test]
    fn all_models_that_are_being_built_are_named() {
        let progress = ExecutionProgress {
            elapsed: Duration::from_secs(1),
            running_models: vec!["hires".to_owned(), "exits".to_owned()],
            ..ExecutionProgress::default()
        };
        assert_eq!(message(&progress), "0:01 elapsed, building hires, exits");
    }

    #[test]
    fn times_are_minutes_and_seconds() {
        let progress = &ExecutionProgress {
            fraction: 0.25,
            elapsed: Duration::from_secs(61),
            remaining: None,
            ..ExecutionProgress::default()
        };
        assert_eq!(times(progress), "1:01 elapsed");
        let progress = &ExecutionProgress { remaining: Some(Duration::from_secs(5)), ..progress.clone() };
        assert_eq!(times(progress), "1:01 elapsed, 0:05 left");
        assert_eq!(position(0.25), 250);
        assert_eq!(position(7.0), LENGTH);
    }
}
