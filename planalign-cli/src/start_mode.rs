//! How a run begins.

use planalign_pipeline::{PipelineError, refuse_present_data};
use planalign_registries::{Checkpoints, RunRecord, RunStatus, RunStore};

use crate::error::Error;

/// How a run begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartMode {
    /// From its first year, in a database that holds no run.
    #[default]
    New,
    /// From its first year, whatever the database holds.
    Restart,
    /// After the last committed stage.
    Resume,
    /// From the beginning of a year; what came before is kept.
    FromYear(i32),
}

impl StartMode {
    /// Whether it goes on with a run that the database must hold.
    #[must_use]
    pub fn continues(self) -> bool {
        matches!(self, Self::Resume | Self::FromYear(_))
    }

    /// How the run begins in the database of `store`.
    pub(crate) fn resolve(self, store: &dyn RunStore) -> Result<Start, Error> {
        match (self, store.current_run()?) {
            (Self::Resume | Self::FromYear(_), None) => Err(PipelineError::NothingToResume.into()),
            (Self::Resume, Some(run)) => Ok(Start::Resume(run)),
            (Self::FromYear(year), Some(run)) if year != run.start_year => Ok(Start::FromYear(run, year)),
            (Self::New, _) => {
                refuse_present_data(store)?;
                Ok(Start::Anew { replaced: None })
            }
            (Self::Restart | Self::FromYear(_), replaced) => Ok(Start::Anew { replaced }),
        }
    }
}

/// How a run begins, with the run that it goes on with or replaces.
pub(crate) enum Start {
    Anew { replaced: Option<RunRecord> },
    Resume(RunRecord),
    FromYear(RunRecord, i32),
}

impl Start {
    /// The run that is taken up.
    pub(crate) fn resumed_run(&self) -> Option<&RunRecord> {
        match self {
            Self::Anew { .. } => None,
            Self::Resume(run) | Self::FromYear(run, _) => Some(run),
        }
    }

    /// The last year of which something is committed and kept.
    pub(crate) fn committed(&self, store: &dyn Checkpoints) -> Result<Option<i32>, Error> {
        Ok(match self {
            Self::Anew { .. } => None,
            Self::Resume(run) => store.checkpoints(&run.run_id)?.last().map(|checkpoint| checkpoint.key.year),
            Self::FromYear(_, year) => Some(year - 1),
        })
    }
}

/// The last year of a run that is taken up, if nobody says: its own, or, once it has reached that, a later one of the
/// configuration.
pub(crate) fn last_year(run: &RunRecord, configured: i32) -> i32 {
    if run.status == RunStatus::Finished { run.end_year.max(configured) } else { run.end_year }
}
