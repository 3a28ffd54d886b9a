//! Gathers what a simulation is made of: configuration, census, project, and the fingerprints of all of it.

use std::collections::BTreeMap;

use planalign_config::census::CensusFile;
use planalign_config::settings::{ConfigError, LoadedConfig, Origin, Override, Problem, ProblemKind, Sources, load};
use planalign_config::vars::dbt_vars;
use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::{ModelRunner, Vars};
use planalign_registries::Fingerprints;

use crate::args::{InputArgs, YearRange};
use crate::failure::Failure;

/// A configuration and a census that can be used.
pub(crate) struct Inputs {
    pub(crate) config: LoadedConfig,
    pub(crate) census: CensusFile,
    pub(crate) vars: Vars,
}

impl Inputs {
    /// Loads the configuration in its layers and looks at the census file.
    pub(crate) fn load(args: &InputArgs, years: Option<YearRange>) -> Result<Self, Failure> {
        let sources = Sources {
            file: args.config.clone(),
            scenario: args.scenario.clone(),
            environment: environment(),
            overrides: overrides(args, years),
        };
        let config = load(&sources)?;
        let settings = &config.settings;
        let database = Database::in_memory(&DatabaseOptions::default())?;
        check_own_rules(&config, &database)?;
        let census = CensusFile::inspect(&settings.census.path, &settings.census.columns, &database)?;
        let vars = dbt_vars(settings, settings.simulation.start_year, &census.path);
        Ok(Self { config, census, vars })
    }

    /// What the results depend on. `engine` is the version of the database engine.
    pub(crate) fn fingerprints(&self, runner: &dyn ModelRunner, engine: &str) -> Fingerprints {
        let mut all = Fingerprints::default();
        let settings = self.config.settings.flattened();
        // What the census says matters, not where it lies.
        let config = settings.into_iter().filter(|(key, _)| key != "census.path");
        all.insert("config", config.map(|(key, value)| (key, value.to_string())));
        for (name, text) in runner.sources() {
            let (kind, name) = name.split_once('.').unwrap_or(("model", &name));
            all.insert(kind, [(name.to_owned(), text)]);
        }
        all.insert("census", [("sha256".to_owned(), self.census.sha256.clone())]);
        all.insert("program", [("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]);
        all.insert("engine", [("version".to_owned(), engine.to_owned())]);
        all
    }
}

/// A rule of one's own that cannot be a query is told before anything runs.
fn check_own_rules(config: &LoadedConfig, database: &Database) -> Result<(), Failure> {
    const KEY: &str = "validation.rules";
    let origin = config.origins.get(KEY).cloned().unwrap_or(Origin::Default);
    let mut problems = Vec::new();
    for rule in &config.settings.validation.rules {
        if let Some(cause) = planalign_validation::not_a_query(database, rule)? {
            let expected = format!("one query as the sql of {}: {cause}", rule.name);
            let kind = ProblemKind::Value { given: rule.sql.clone(), expected };
            problems.push(Problem { origin: origin.clone(), key: KEY.to_owned(), kind });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(ConfigError::Invalid { problems }.into()) }
}

/// The environment, as far as it is text: settings are.
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// The command line as the last layer of the configuration.
fn overrides(args: &InputArgs, years: Option<YearRange>) -> Vec<Override> {
    let mut all: Vec<Override> = args.set.iter().map(|s| Override::new(&s.key, &s.value, "--set")).collect();
    if let Some(census) = &args.census {
        all.push(Override::new("census.path", &census.to_string_lossy(), "--census"));
    }
    if let Some(YearRange { start, end }) = years {
        all.extend(Override::years(start, end, "command line"));
    }
    all
}
