//! Where a run that a database holds finds what it is made of.

use std::path::PathBuf;

use planalign_config::settings::census::CensusError;
use planalign_registries::RunRecord;
use planalign_registries::duckdb::DuckRunStore;

use crate::error::Error;
use crate::input_options::{InputOptions, Unused};
use crate::inputs::Inputs;

/// Where it is.
#[derive(Debug)]
pub enum InputSource {
    /// In the files that [`InputOptions`] name.
    Files(Box<Inputs>),
    /// There, but for the census, which the run has read.
    FilesWithoutCensus {
        /// Where the census was.
        census: PathBuf,
    },
    /// In the run's record.
    Record {
        /// The file or folder for want of which it is; `None`: on request.
        absent: Option<PathBuf>,
        /// What is not used.
        unused: Unused,
    },
}

impl InputSource {
    /// The files, all of them.
    pub fn files(options: &InputOptions) -> Result<Self, Error> {
        Ok(Self::Files(Box::new(Inputs::load(options)?)))
    }

    /// A run goes by its record on request, or if something is not where it is by default. What is named must be there.
    pub fn find(options: &InputOptions, as_recorded: bool) -> Result<Self, Error> {
        let absent = options.absent_by_default().filter(|_| !as_recorded && !options.names_what_is_absent());
        if as_recorded || absent.is_some() {
            return Ok(Self::Record { absent: absent.map(Into::into), unused: options.unused_by_record() });
        }
        match Self::files(options) {
            Err(Error::Census(CensusError::Missing { path })) if options.census.is_none() => {
                Ok(Self::FilesWithoutCensus { census: path })
            }
            found => found,
        }
    }

    /// Loads what is not loaded yet. `open` opens the record.
    pub(crate) fn inputs(
        self,
        options: &InputOptions,
        open: impl FnOnce() -> Result<(DuckRunStore, RunRecord), Error>,
    ) -> Result<Inputs, Error> {
        if let Self::Files(inputs) = self {
            return Ok(*inputs);
        }
        let (store, run) = open()?;
        let mut inputs = Inputs::recorded(&store, &run.run_id, options.census.as_deref())?;
        if matches!(self, Self::FilesWithoutCensus { .. }) {
            return Inputs::load_for(inputs.census, options);
        }
        let simulation = &mut inputs.config.settings.simulation;
        simulation.end_year = options.years.as_ref().map_or(run.end_year, |years| *years.end());
        if let Some(years) = &options.years {
            simulation.start_year = *years.start();
        }
        Ok(inputs)
    }
}
