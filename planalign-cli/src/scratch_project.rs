//! A project on a database that is thrown away, for what is checked before a run.

use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::{DbtRunner, EmbeddedRunner, Flow, ModelRunner};

use crate::dbt_executable;
use crate::error::Error;
use crate::inputs::Inputs;

/// The configured runner, with a database of its own.
pub(crate) enum ScratchProject<'d> {
    Embedded { runner: Box<EmbeddedRunner>, database: Database },
    Dbt(&'d mut DbtRunner),
}

impl<'d> ScratchProject<'d> {
    /// Uses this dbt, or the embedded runner if there is none.
    pub(crate) fn new(inputs: &Inputs, dbt: Option<&'d mut DbtRunner>) -> Result<Self, Error> {
        if let Some(dbt) = dbt {
            return Ok(Self::Dbt(dbt));
        }
        let database = Database::in_memory(&DatabaseOptions::default())?;
        Ok(Self::Embedded { runner: Box::new(inputs.runner(&database)?), database })
    }

    pub(crate) fn runner(&self) -> &dyn ModelRunner {
        match self {
            Self::Embedded { runner, .. } => runner.as_ref(),
            Self::Dbt(runner) => *runner,
        }
    }

    /// Builds models and returns the database with them.
    pub(crate) fn build(&mut self, inputs: &Inputs, selection: &str) -> Result<Database, Error> {
        let nodes = self.runner().select(selection)?;
        match self {
            Self::Embedded { runner, database } => {
                runner.run(&nodes, &inputs.vars, &mut |_| Flow::Continue)?;
                Ok(database.clone())
            }
            Self::Dbt(runner) => runner.build_in_scratch_database(&nodes, &inputs.vars).map_err(dbt_executable::failed),
        }
    }
}
