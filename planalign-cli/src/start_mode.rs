//! How a run starts.

use planalign_pipeline::{PipelineError, refuse_existing_run};
use planalign_registries::{Checkpoints, RunRecord, RunStatus, RunStore};

use crate::error::Error;

/// How a run starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartMode {
    /// From its first year, in a database without a run.
    #[default]
    New,
    /// From its first year, replacing any existing run.
    Restart,
    /// After the last committed stage.
    Resume,
    /// From the start of a year, keeping the years before.
    FromYear(i32),
}

impl StartMode {
    /// Whether it continues an existing run.
    #[must_use]
    pub fn continues(self) -> bool {
        matches!(self, Self::Resume | Self::FromYear(_))
    }

    /// Resolves the mode against the runs in `store`.
    pub(crate) fn resolve(self, store: &dyn RunStore) -> Result<Start, Error> {
        match (self, store.current_run()?) {
            (Self::Resume | Self::FromYear(_), None) => Err(PipelineError::NothingToResume.into()),
            (Self::Resume, Some(run)) => Ok(Start::Resume(run)),
            (Self::FromYear(year), Some(run)) if year != run.start_year => Ok(Start::FromYear(run, year)),
            (Self::New, _) => {
                refuse_existing_run(store)?;
                Ok(Start::New { replaced: None })
            }
            (Self::Restart | Self::FromYear(_), replaced) => Ok(Start::New { replaced }),
        }
    }
}

/// How a run starts, with the run that it continues or replaces.
pub(crate) enum Start {
    New { replaced: Option<RunRecord> },
    Resume(RunRecord),
    FromYear(RunRecord, i32),
}

impl Start {
    /// The run to continue.
    pub(crate) fn resumed_run(&self) -> Option<&RunRecord> {
        match self {
            Self::New { .. } => None,
            Self::Resume(run) | Self::FromYear(run, _) => Some(run),
        }
    }

    /// The last year with committed stages to keep.
    pub(crate) fn committed(&self, store: &dyn Checkpoints) -> Result<Option<i32>, Error> {
        Ok(match self {
            Self::New { .. } => None,
            Self::Resume(run) => store.checkpoints(&run.run_id)?.last().map(|checkpoint| checkpoint.key.year),
            Self::FromYear(_, year) => Some(year - 1),
        })
    }
}

/// The default last year of a resumed run: its own or, if it's finished, the configured one if later.
pub(crate) fn last_year(run: &RunRecord, configured: i32) -> i32 {
    if run.status == RunStatus::Finished { run.end_year.max(configured) } else { run.end_year }
}
