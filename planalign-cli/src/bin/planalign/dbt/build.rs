//! `planalign dbt build`, `run`, `seed`, and `test`.

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::Timestamp;
use planalign_dbt::{
    AfterFailure, Artifacts, Flow, Materialization, NodeEvent, Outcome, Resource, ResourceType, Selection,
};
use planalign_pipeline::StopSignal;

use super::{Opened, Screen, lines};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::signals::{Received, listen};

/// Builds and tests what is selected; prints what happens, and leaves the artifacts.
pub(super) fn run(
    mut opened: Opened,
    selection: &Selection,
    screen: &Screen,
    received: &Received,
) -> Result<ExitCode, Failure> {
    let began = Instant::now();
    let mut artifacts = Artifacts::new(opened.invocation(selection));
    let runner = &opened.project.runner;
    let all = runner.list(&Selection::default())?;
    let selected = runner.list(selection)?.into_iter();
    let selected = selected.filter(|r| r.materialization != Some(Materialization::Ephemeral));
    let selected: BTreeMap<(ResourceType, String), Resource> =
        selected.map(|resource| ((resource.resource_type, resource.name.clone()), resource)).collect();
    screen.line(&format!("Running with planalign={}", env!("CARGO_PKG_VERSION")))?;
    screen.line(&lines::found(&all))?;
    if selected.is_empty() {
        screen.line("Nothing to do. Try checking your model configs and model specification args")?;
        opened.write(&artifacts)?;
        return Ok(ExitCode::Done);
    }
    // If this process is killed, the manifest is there.
    opened.written(artifacts.write_manifest(&opened.project.runner, &opened.target))?;
    // Models are built one after the other.
    screen.line(&format!("\nConcurrency: 1 threads (target='{}')\n", opened.project.profile.target))?;

    let stop = StopSignal::default();
    let interrupt = opened.project.database.interrupter().map_err(Failure::Interrupter)?;
    listen(stop.clone(), received, Some(Box::new(interrupt))).map_err(Failure::Signals)?;
    let mut progress = Progress { selected: &selected, started: BTreeMap::new(), ended: 0, screen, failure: None };
    let after_failure = if opened.options.fail_fast { AfterFailure::Stop } else { AfterFailure::Continue };
    let runner = &mut opened.project.runner;
    let outcomes = runner.build(selection, &opened.vars, after_failure, &mut |event| {
        progress.report(event);
        if stop.is_requested() || progress.failure.is_some() { Flow::Stop } else { Flow::Continue }
    });
    let outcomes = outcomes?;
    let (started, failure) = (progress.started, progress.failure);

    let key = |outcome: &Outcome| (outcome.resource_type(), outcome.name().to_owned());
    for outcome in &outcomes {
        let started_at = started.get(&key(outcome)).copied().unwrap_or_else(Timestamp::now);
        artifacts.add(&opened.project.runner, outcome, started_at);
    }
    opened.write(&artifacts)?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    let tried = outcomes.iter().filter_map(|outcome| {
        let resource = selected.get(&key(outcome))?;
        Some((resource, outcome, opened.compiled_file(&resource.unique_id)))
    });
    let tried: Vec<lines::Tried<'_>> = tried.collect();
    let finished = lines::finished(tried.iter().map(|(resource, ..)| *resource), began.elapsed());
    screen.line(&format!("\n{finished}\n"))?;
    let [completed, counts] = lines::summary(&tried, stop.is_requested());
    screen.line(&completed)?;
    for line in tried.iter().flat_map(lines::problem) {
        screen.always(&line)?;
    }
    screen.line(&format!("\n{counts}"))?;
    Ok(match (stop.is_requested(), outcomes.iter().all(Outcome::is_success)) {
        (true, _) => received.exit_code(),
        (false, true) => ExitCode::Done,
        (false, false) => ExitCode::RunFailed,
    })
}

/// Prints the progress of a build.
struct Progress<'b> {
    selected: &'b BTreeMap<(ResourceType, String), Resource>,
    started: BTreeMap<(ResourceType, String), Timestamp>,
    ended: usize,
    screen: &'b Screen,
    /// Why nothing can be printed.
    failure: Option<Failure>,
}

impl Progress<'_> {
    fn report(&mut self, event: NodeEvent<'_>) {
        let (key, outcome) = match event {
            NodeEvent::Started { name, resource_type } => ((resource_type, name.to_owned()), None),
            NodeEvent::Finished(outcome) => {
                self.ended += 1;
                ((outcome.resource_type(), outcome.name().to_owned()), Some(outcome))
            }
            NodeEvent::Waiting => return,
        };
        let Some(resource) = self.selected.get(&key) else { return };
        let total = self.selected.len();
        let line = if let Some(outcome) = outcome {
            lines::end(self.ended, total, resource, outcome)
        } else {
            self.started.insert(key, Timestamp::now());
            lines::start(self.ended + 1, total, resource)
        };
        let failed = outcome.is_some_and(|outcome| !outcome.is_success() && !matches!(outcome, Outcome::Skipped(_)));
        if let Err(failure) = if failed { self.screen.always(&line) } else { self.screen.line(&line) } {
            self.failure.get_or_insert(failure);
        }
    }
}
