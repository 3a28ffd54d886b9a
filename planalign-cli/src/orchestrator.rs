//! A simulation for Rust programs: from a configuration to the summary, with rules and reporters of one's own.

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
use crate::session::{Finished, RunOptions, Session};
use crate::start_mode::StartMode;

/// Is told of every event of a run, on a thread of its own.
type OnEvent<'a> = Box<dyn FnMut(&RunEvent, &ExecutionProgress) + Send + 'a>;

/// Begins to set up a simulation of this configuration. What is not said has the command's default.
#[must_use]
pub fn orchestrator<'a>(config: SimulationConfig) -> OrchestratorBuilder<'a> {
    OrchestratorBuilder {
        config,
        database: PathBuf::from("simulation.duckdb"),
        project: PathBuf::from(InputOptions::PROJECT),
        options: RunOptions::default(),
        caller: Caller::default(),
        stop: StopSignal::default(),
        rules: Vec::new(),
        reporters: Vec::new(),
        on_event: Box::new(|_, _| {}),
    }
}

/// A simulation that is being set up.
pub struct OrchestratorBuilder<'a> {
    config: SimulationConfig,
    database: PathBuf,
    project: PathBuf,
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

    /// The folder of the dbt project; by default `dbt`.
    #[must_use]
    pub fn project(mut self, folder: impl Into<PathBuf>) -> Self {
        self.project = folder.into();
        self
    }

    /// The folder of the report files; by default `reports`.
    #[must_use]
    pub fn reports(mut self, folder: impl Into<PathBuf>) -> Self {
        self.options.reports = folder.into();
        self
    }

    /// Adds a rule, which is checked where all tables of a year are there. It takes the place of a built-in one of its name.
    #[must_use]
    pub fn rule(mut self, rule: impl Rule + 'a) -> Self {
        self.rules.push(Box::new(rule));
        self
    }

    /// Adds a reporter, which is told of each year beside the report files. Borrow it, and read it afterward.
    #[must_use]
    pub fn reporter(mut self, reporter: impl YearAuditor + 'a) -> Self {
        self.reporters.push(Box::new(reporter));
        self
    }

    /// Calls this for every event of the run, with how far the run is, on a thread beside it.
    #[must_use]
    pub fn on_event(mut self, on_event: impl FnMut(&RunEvent, &ExecutionProgress) + Send + 'a) -> Self {
        self.on_event = Box::new(on_event);
        self
    }

    /// The signal that asks the run to stop at the next safe point. It asks for good: resume with another orchestrator.
    #[must_use]
    pub fn stop(mut self, stop: StopSignal) -> Self {
        self.stop = stop;
        self
    }

    /// Replaces the run that the database holds, if it holds one. Without this, such a database is refused.
    #[must_use]
    pub fn replace_existing(mut self) -> Self {
        self.options.mode = StartMode::Restart;
        self
    }

    /// Stops at the first stage whose rules find an error.
    #[must_use]
    pub fn fail_on_validation_error(mut self) -> Self {
        self.options.fail_on_validation_error = true;
        self
    }

    /// Threads of the database engine; by default as many as pay.
    #[must_use]
    pub fn threads(mut self, threads: u16) -> Self {
        self.options.threads = Some(threads);
        self
    }

    /// What locks and the journal say about who runs the simulation, and what tries a file out that was not closed properly.
    #[must_use]
    pub fn caller(mut self, caller: Caller<'a>) -> Self {
        self.caller = caller;
        self
    }

    /// Takes the lock of the database, and makes sure that the inputs, the workflow and the rules can be used.
    pub fn build(self) -> Result<Orchestrator<'a>, Error> {
        let session = Session::open(&self.database, self.caller)?;
        let orchestrator = Orchestrator { setup: self, session };
        crate::plan::check(&orchestrator.inputs(None)?, &orchestrator.setup.rules)?;
        Ok(orchestrator)
    }
}

/// A simulation on a database whose lock it holds. Between runs the database is closed.
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

    /// Goes on with the run that the database holds, after its last committed stage: to its last year, or, if it has reached that, to
    /// the last of the configuration.
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
        let Finished { summary, .. } = prepared.execute(stop, reporters.collect(), on_event.as_mut())?;
        Ok(summary)
    }

    fn inputs(&self, years: Option<&RangeInclusive<i32>>) -> Result<Inputs, Error> {
        let mut settings = self.setup.config.clone();
        if let Some(years) = years {
            settings.simulation.start_year = *years.start();
            settings.simulation.end_year = *years.end();
        }
        Inputs::new(&settings, &self.setup.project)
    }
}
