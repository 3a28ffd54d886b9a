//! The parts of a run that use a database.

use planalign_config::Database;
use planalign_config::census::CensusFile;
use planalign_pipeline::PipelineError;
use planalign_registries::{Registry, RegistryManager};
use planalign_validation::{CensusOrigin, Rule, RuleSettings};

use crate::error::Error;
use crate::inputs::Inputs;

/// The registries of a database.
pub(crate) fn registries(database: &Database) -> Result<Vec<Box<dyn Registry>>, Error> {
    Ok(RegistryManager::of_database(database).map_err(PipelineError::from)?.into_registries())
}

/// The rules according to the configuration; one of them reads the registries in `database`.
pub(crate) fn rules(inputs: &Inputs, database: &Database) -> Result<Vec<Box<dyn Rule>>, Error> {
    let CensusFile { path, sha256, .. } = inputs.census.clone();
    let settings = RuleSettings { census: Some(CensusOrigin { path, sha256 }), ..(&inputs.config.settings).into() };
    Ok(planalign_validation::rules(&settings, registries(database)?))
}

/// The caller's rules, and those of the configuration except where a caller's rule has the same name.
pub(crate) fn all_rules<'r>(
    inputs: &Inputs,
    database: &Database,
    of_caller: Vec<Box<dyn Rule + 'r>>,
) -> Result<Vec<Box<dyn Rule + 'r>>, Error> {
    let mut all = of_caller;
    for rule in rules(inputs, database)? {
        if all.iter().all(|known| known.name() != rule.name()) {
            all.push(rule);
        }
    }
    Ok(all)
}
