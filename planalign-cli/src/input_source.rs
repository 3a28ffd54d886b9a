//! Where an existing run gets its inputs.

use std::path::PathBuf;

use planalign_config::census::CensusError;
use planalign_registries::RunRecord;
use planalign_registries::duckdb::DuckRunStore;

use crate::error::Error;
use crate::input_options::{IgnoredInputs, InputOptions};
use crate::inputs::Inputs;

/// Where a run gets its inputs.
#[derive(Debug)]
pub enum InputSource {
    /// The files that [`InputOptions`] name.
    Files(Box<Inputs>),
    /// The same files without the census, which the run has already read.
    FilesWithoutCensus {
        /// Where the census was.
        census: PathBuf,
    },
    /// The run's record.
    Record {
        /// The missing file or directory that made the record necessary; `None` on request.
        missing: Option<PathBuf>,
        /// Options that are ignored.
        ignored: IgnoredInputs,
    },
}

impl InputSource {
    /// Loads all files.
    pub fn files(options: &InputOptions) -> Result<Self, Error> {
        Ok(Self::Files(Box::new(Inputs::load(options)?)))
    }

    /// Chooses the run's record on request, or if a default file is missing. Files that the caller names must exist.
    pub fn find(options: &InputOptions, as_recorded: bool) -> Result<Self, Error> {
        let missing = options.missing_default().filter(|_| !as_recorded && !options.names_missing_file());
        if as_recorded || missing.is_some() {
            return Ok(Self::Record { missing: missing.map(Into::into), ignored: options.ignored_by_record() });
        }
        match Self::files(options) {
            Err(Error::Census(CensusError::Missing { path })) if options.census.is_none() => {
                Ok(Self::FilesWithoutCensus { census: path })
            }
            found => found,
        }
    }

    /// Loads inputs that aren't loaded yet; `open` opens the record.
    pub(crate) fn inputs(
        self,
        options: &InputOptions,
        open: impl FnOnce() -> Result<(DuckRunStore, RunRecord), Error>,
    ) -> Result<Inputs, Error> {
        if let Self::Files(inputs) = self {
            return Ok(*inputs);
        }
        let (store, run) = open()?;
        let mut inputs = Inputs::recorded(&store, &run.run_id, options)?;
        inputs.is_untrusted = options.untrusted_project;
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
