//! A project on a database that is thrown away, for what is checked before a run.

use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::{DbtRunner, EmbeddedRunner, Flow, ModelRunner};

use crate::dbt_executable;
use crate::error::Error;
use crate::inputs::Inputs;

/// The configured runner, with a database of its own.
pub(crate) struct ScratchProject<'d> {
    database: Database,
    runner: Runner<'d>,
}

enum Runner<'d> {
    Embedded(Box<EmbeddedRunner>),
    Dbt(&'d mut DbtRunner),
}

impl<'d> ScratchProject<'d> {
    /// Uses this dbt, or the embedded runner if there is none.
    pub(crate) fn new(inputs: &Inputs, dbt: Option<&'d mut DbtRunner>) -> Result<Self, Error> {
        let database = Database::in_memory(&DatabaseOptions::default())?;
        let runner = match dbt {
            Some(dbt) => Runner::Dbt(dbt),
            None => Runner::Embedded(Box::new(inputs.runner(&database)?)),
        };
        Ok(Self { database, runner })
    }

    /// A database in memory.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn runner(&self) -> &dyn ModelRunner {
        match &self.runner {
            Runner::Embedded(runner) => runner.as_ref(),
            Runner::Dbt(runner) => *runner,
        }
    }

    /// Builds models and returns the database with them.
    pub(crate) fn build(&mut self, inputs: &Inputs, selection: &str) -> Result<Database, Error> {
        let nodes = self.runner().select(selection)?;
        match &mut self.runner {
            Runner::Embedded(runner) => {
                runner.run(&nodes, &inputs.vars, 1, &mut |_| Flow::Continue)?;
                Ok(self.database.clone())
            }
            Runner::Dbt(runner) => {
                runner.build_in_scratch_database(&nodes, &inputs.vars).map_err(dbt_executable::failed)
            }
        }
    }
}
