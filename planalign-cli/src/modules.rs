//! The modules of a run that work on a database.

use planalign_config::Database;
use planalign_config::census::CensusFile;
use planalign_pipeline::PipelineError;
use planalign_registries::duckdb::{DeferralEscalationRegistry, EnrollmentRegistry};
use planalign_registries::{Registry, RegistryError};
use planalign_validation::{CensusOrigin, Rule, RuleSettings};

use crate::error::Error;
use crate::inputs::Inputs;

/// The registries.
pub(crate) fn registries(database: &Database) -> Result<Vec<Box<dyn Registry>>, Error> {
    let all = || -> Result<Vec<Box<dyn Registry>>, RegistryError> {
        Ok(vec![
            Box::new(EnrollmentRegistry::new(database.clone())?),
            Box::new(DeferralEscalationRegistry::new(database.clone())?),
        ])
    };
    Ok(all().map_err(PipelineError::from)?)
}

/// The rules, as the configuration wants them.
pub(crate) fn rules(inputs: &Inputs, database: &Database) -> Result<Vec<Box<dyn Rule>>, Error> {
    let CensusFile { path, sha256, .. } = inputs.census.clone();
    let settings = RuleSettings { census: Some(CensusOrigin { path, sha256 }), ..(&inputs.config.settings).into() };
    Ok(planalign_validation::rules(database, &settings, registries(database)?))
}
