//! A bar with the year, the stage, the elapsed time and an estimate of the rest.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use planalign_pipeline::Progress;
use planalign_registries::{RunEvent, RunEventKind};

use super::{Renderer, remark};

/// Steps of a full bar.
const LENGTH: u64 = 1000;

pub(super) struct Bar {
    bar: ProgressBar,
    place: String,
}

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(LENGTH), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg:<26} [{bar:30}] {percent:>3} %  {prefix}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, place: String::new() }
    }
}

impl Renderer for Bar {
    fn event(&mut self, event: &RunEvent, progress: Progress) {
        if let Some(line) = remark(event) {
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
        self.bar.set_message(self.place.clone());
        self.bar.set_prefix(times(progress));
        self.bar.set_position(position(progress.fraction));
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fraction of a small length")]
fn position(fraction: f64) -> u64 {
    (fraction.clamp(0.0, 1.0) * LENGTH as f64) as u64
}

fn times(progress: Progress) -> String {
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
    fn times_are_minutes_and_seconds() {
        let progress = Progress { fraction: 0.25, elapsed: Duration::from_secs(61), remaining: None };
        assert_eq!(times(progress), "1:01 elapsed");
        let progress = Progress { remaining: Some(Duration::from_secs(5)), ..progress };
        assert_eq!(times(progress), "1:01 elapsed, 0:05 left");
        assert_eq!(position(0.25), 250);
        assert_eq!(position(7.0), LENGTH);
    }
}
