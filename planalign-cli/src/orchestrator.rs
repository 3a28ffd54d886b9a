//! Simulations from Rust: from a configuration to the summary, with custom rules and reporters.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use planalign_config::SimulationConfig;
use planalign_pipeline::{ExecutionProgress, StopSignal};
use planalign_registries::RunEvent;
use planalign_reporting::{MultiYearSummary, YearAuditor};
use planalign_validation::Rule;

use crate::caller::Caller;
use crate::error::Error;
use crate::input_options::InputOptions;
use crate::inputs::Inputs;
use crate::session::{FinishedRun, RunOptions, Session};
use crate::start_mode::StartMode;

/// Receives every event of a run, on a separate thread.
type OnEvent<'a> = Box<dyn FnMut(&RunEvent, &ExecutionProgress) + Send + 'a>;

/// Builds a simulation of this configuration. Defaults are those of `planalign simulate`.
#[must_use]
pub fn orchestrator<'a>(config: SimulationConfig) -> OrchestratorBuilder<'a> {
    OrchestratorBuilder {
        config,
        database: PathBuf::from("simulation.duckdb"),
        project: PathBuf::from(InputOptions::PROJECT),
        untrusted_project: false,
        options: RunOptions::default(),
        caller: Caller::default(),
        stop: StopSignal::default(),
        rules: Vec::new(),
        reporters: Vec::new(),
        on_event: Box::new(|_, _| {}),
    }
}

/// Sets up a simulation.
pub struct OrchestratorBuilder<'a> {
    config: SimulationConfig,
    database: PathBuf,
    project: PathBuf,
    untrusted_project: bool,
    options: RunOptions,
    caller: Caller<'a>,
    stop: StopSignal,
    rules: Vec<Box<dyn Rule + 'a>>,
    reporters: Vec<Box<dyn YearAuditor + 'a>>,
    on_event: OnEvent<'a>,
}

impl<'a> OrchestratorBuilder<'a> {
    /// The database file; by default `simulation.duckdb`.
    #[must_use]
    pub fn database(mut self, path: impl Into<PathBuf>) -> Self {
        self.database = path.into();
        self
    }

    /// The directory of the dbt project; by default `dbt`.
    #[must_use]
    pub fn project(mut self, folder: impl Into<PathBuf>) -> Self {
        self.project = folder.into();
        self
    }

    /// The directory of the report files; by default `reports`.
    #[must_use]
    pub fn reports(mut self, folder: impl Into<PathBuf>) -> Self {
        self.options.reports = folder.into();
        self
    }

    /// Lets the project's models, and the rules in the configuration, read only tables of the run, the project's seeds, and the
    /// census.
    #[must_use]
    pub fn untrusted_project(mut self) -> Self {
        self.untrusted_project = true;
        self
    }

    /// Adds a rule, which runs once all tables of a year exist. It replaces a built-in rule of the same name.
    #[must_use]
    pub fn rule(mut self, rule: impl Rule + 'a) -> Self {
        self.rules.push(Box::new(rule));
        self
    }

    /// Adds a reporter, which audits each year in addition to the report files. Pass `&mut` to read it afterward.
    #[must_use]
    pub fn reporter(mut self, reporter: impl YearAuditor + 'a) -> Self {
        self.reporters.push(Box::new(reporter));
        self
    }

    /// Calls `on_event` for every event of the run with the run's progress, on a separate thread.
    #[must_use]
    pub fn on_event(mut self, on_event: impl FnMut(&RunEvent, &ExecutionProgress) + Send + 'a) -> Self {
        self.on_event = Box::new(on_event);
        self
    }

    /// The signal that asks the run to stop at the next safe point. It can't be reset: resume with another orchestrator.
    #[must_use]
    pub fn stop(mut self, stop: StopSignal) -> Self {
        self.stop = stop;
        self
    }

    /// Replaces the existing run in the database, if any. Otherwise, such a database is an error.
    #[must_use]
    pub fn replace_existing(mut self) -> Self {
        self.options.mode = StartMode::Restart;
        self
    }

    /// Stops at the first stage with an error finding.
    #[must_use]
    pub fn fail_on_validation_error(mut self) -> Self {
        self.options.fail_on_validation_error = true;
        self
    }

    /// Engine threads; by default chosen by the size of the census.
    #[must_use]
    pub fn threads(mut self, threads: u16) -> Self {
        self.options.threads = Some(threads);
        self
    }

    /// How many models of a parallel-safe stage are built at the same time; by default chosen by the size of the census and the
    /// number of cores, which is also the limit.
    #[must_use]
    pub fn workers(mut self, workers: u16) -> Self {
        self.options.workers = Some(workers);
        self
    }

    /// Identifies the caller in locks and the journal, and sets the probe for files that were not closed properly.
    #[must_use]
    pub fn caller(mut self, caller: Caller<'a>) -> Self {
        self.caller = caller;
        self
    }

    /// Locks the database and checks the inputs, the workflow, and the rules. A dbt executable is checked when the run starts.
    pub fn build(self) -> Result<Orchestrator<'a>, Error> {
        let session = Session::open(&self.database, self.caller)?;
        let orchestrator = Orchestrator { setup: self, session };
        let OrchestratorBuilder { options, rules, .. } = &orchestrator.setup;
        crate::plan::check(&orchestrator.inputs(None)?, options, rules)?;
        Ok(orchestrator)
    }
}

/// A simulation on a database that it has locked. Between runs, the database is closed.
pub struct Orchestrator<'a> {
    setup: OrchestratorBuilder<'a>,
    session: Session<'a>,
}

impl Orchestrator<'_> {
    /// Runs the simulation over these years.
    pub fn execute_multi_year_simulation(&mut self, years: RangeInclusive<i32>) -> Result<MultiYearSummary, Error> {
        let mode = self.setup.options.mode;
        self.run(mode, Some(years))
    }

    /// Resumes the run in the database after its last committed stage: through its last year or, if it has finished, through the
    /// configured last year.
    pub fn resume(&mut self) -> Result<MultiYearSummary, Error> {
        self.run(StartMode::Resume, None)
    }

    fn run(&mut self, mode: StartMode, years: Option<RangeInclusive<i32>>) -> Result<MultiYearSummary, Error> {
        let inputs = self.inputs(years.as_ref())?;
        let OrchestratorBuilder { options, stop, rules, reporters, on_event, .. } = &mut self.setup;
        let options = RunOptions { mode, years, ..options.clone() };
        let rules = rules.iter().map(|rule| Box::new(rule.as_ref()) as Box<dyn Rule + '_>).collect();
        let reporters = reporters.iter_mut().map(|reporter| Box::new(reporter.as_mut()) as Box<dyn YearAuditor + '_>);
        let prepared = self.session.prepare(inputs, options, rules)?;
        let FinishedRun { summary, .. } = prepared.execute(stop, reporters.collect(), on_event.as_mut())?;
        Ok(summary)
    }

    fn inputs(&self, years: Option<&RangeInclusive<i32>>) -> Result<Inputs, Error> {
        let mut settings = self.setup.config.clone();
        if let Some(years) = years {
            settings.simulation.start_year = *years.start();
            settings.simulation.end_year = *years.end();
        }
        let inputs = Inputs::new(&settings, &self.setup.project)?;
        Ok(Inputs { is_untrusted: self.setup.untrusted_project, ..inputs })
    }
}
