//! Where a run that a database holds finds what it is made of.

use planalign_config::census::CensusError;
use planalign_registries::RunRecord;
use planalign_registries::duckdb::DuckRunStore;

use super::{Inputs, sources};
use crate::args::{InputArgs, YearRange};
use crate::failure::Failure;

/// Where it is.
pub(crate) enum MadeOf {
    /// Here.
    Here(Box<Inputs>),
    /// Here, but for the census, which the run has read.
    HereWithoutCensus,
    /// In the run's record.
    Record,
}

impl MadeOf {
    /// What is here, all of it.
    pub(crate) fn here(args: &InputArgs, years: Option<YearRange>) -> Result<Self, Failure> {
        Ok(Self::Here(Box::new(Inputs::load(args, years)?)))
    }

    /// A run goes by its record on request, or if something is not where it is by default. What is named must be there.
    pub(crate) fn find(args: &InputArgs, years: Option<YearRange>, as_recorded: bool) -> Result<Self, Failure> {
        let absent = args.absent_by_default().filter(|_| !as_recorded && !args.names_what_is_absent());
        if as_recorded || absent.is_some() {
            let absent = absent.map(|path| format!("; {} is not here", path.display())).unwrap_or_default();
            let unused = unused(args).map(|unused| format!("; not used: {unused}")).unwrap_or_default();
            if !(absent.is_empty() && unused.is_empty()) {
                log::warn!("the run is taken as it was recorded{absent}{unused}");
            }
            return Ok(Self::Record);
        }
        match Self::here(args, years) {
            Err(Failure::Census(CensusError::Missing { path })) if args.census.is_none() => {
                log::warn!("{} is not here: what the run recorded of the census is used", path.display());
                Ok(Self::HereWithoutCensus)
            }
            found => found,
        }
    }

    /// Loads what is not loaded yet. `open` opens the record.
    pub(crate) fn inputs(
        self,
        args: &InputArgs,
        years: Option<YearRange>,
        open: impl FnOnce() -> Result<(DuckRunStore, RunRecord), Failure>,
    ) -> Result<Inputs, Failure> {
        if let Self::Here(inputs) = self {
            return Ok(*inputs);
        }
        let (store, run) = open()?;
        let mut inputs = Inputs::recorded(&store, &run.run_id, args.census.as_deref())?;
        if matches!(self, Self::HereWithoutCensus) {
            return Inputs::load_for(inputs.census, args, years);
        }
        let simulation = &mut inputs.config.settings.simulation;
        simulation.end_year = years.map_or(run.end_year, |years| years.end);
        if let Some(YearRange { start, .. }) = years {
            simulation.start_year = start;
        }
        Ok(inputs)
    }
}

/// Whether anything but defaults says something about the settings and the models.
pub(crate) fn names_settings(args: &InputArgs) -> bool {
    unused(args).is_some()
}

/// What says something about the settings and the models, and is not used where a record is; `None` if nothing does.
fn unused(args: &InputArgs) -> Option<String> {
    let options = [
        ("--config", args.config.is_some()),
        ("--scenario", args.scenario.is_some()),
        ("--project", args.project.is_some()),
        ("--set", !args.set.is_empty()),
    ];
    let sources = sources(args, None);
    let options = options.into_iter().filter_map(|(name, is_given)| is_given.then_some(name));
    let names: Vec<&str> = options.chain(sources.environment_settings()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
