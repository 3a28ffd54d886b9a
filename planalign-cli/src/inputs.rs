//! Loads the inputs of a simulation (configuration, census, project) and their fingerprints.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use planalign_config::settings::census::CensusFile;
use planalign_config::settings::vars::dbt_vars;
use planalign_config::settings::{
    ConfigError, LoadedConfig, Origin, Origins, Problem, ProblemKind, SimulationConfig, load,
};
use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::{EmbeddedRunner, ModelRunner, Vars, project_files};
use planalign_pipeline::PipelineError;
use planalign_registries::{Difference, FingerprintKind, Fingerprints, RunStore};
use tempfile::TempDir;

use crate::error::Error;
use crate::input_options::InputOptions;

/// A valid configuration, census, and project.
#[derive(Debug)]
pub struct Inputs {
    pub(crate) config: LoadedConfig,
    pub(crate) census: CensusFile,
    /// The variables of the dbt project, with the first year as `simulation_year`; they follow from the settings and the census.
    pub(crate) vars: Vars,
    pub(crate) project: Project,
}

/// The directory of a dbt project.
#[derive(Debug)]
pub enum Project {
    /// The user's directory.
    Directory(PathBuf),
    /// A temporary directory with the files that a run recorded.
    Recorded(TempDir),
}

impl Project {
    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Directory(path) => path,
            Self::Recorded(folder) => folder.path(),
        }
    }
}

impl Inputs {
    /// Returns the settings and their origins.
    #[must_use]
    pub fn config(&self) -> &LoadedConfig {
        &self.config
    }

    /// Returns the census file.
    #[must_use]
    pub fn census(&self) -> &CensusFile {
        &self.census
    }

    /// Returns the dbt project.
    #[must_use]
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// Loads the layers of the configuration and inspects the census file.
    pub fn load(options: &InputOptions) -> Result<Self, Error> {
        Self::with_census(options, |settings, database| {
            Ok(CensusFile::inspect(&settings.census.path, &settings.census.columns, database)?)
        })
    }

    /// Loads inputs for a run that has already read its census, so the file may be gone; `census` is its record.
    pub(crate) fn load_for(census: CensusFile, options: &InputOptions) -> Result<Self, Error> {
        Self::with_census(options, |_, _| Ok(census))
    }

    /// Loads inputs for these settings and the dbt project in this directory.
    pub(crate) fn new(settings: &SimulationConfig, project: &Path) -> Result<Self, Error> {
        let settings = planalign_config::settings::check(settings)?;
        Self::of(LoadedConfig { settings, origins: Origins::default() }, project, |settings, database| {
            Ok(CensusFile::inspect(&settings.census.path, &settings.census.columns, database)?)
        })
    }

    fn with_census(
        options: &InputOptions,
        census: impl FnOnce(&SimulationConfig, &Database) -> Result<CensusFile, Error>,
    ) -> Result<Self, Error> {
        Self::of(load(&options.sources())?, options.project(), census)
    }

    fn of(
        config: LoadedConfig,
        project: &Path,
        census: impl FnOnce(&SimulationConfig, &Database) -> Result<CensusFile, Error>,
    ) -> Result<Self, Error> {
        let database = Database::in_memory(&DatabaseOptions::default())?;
        check_custom_rules(&config, &database)?;
        let settings = &config.settings;
        let census = census(settings, &database)?;
        let vars = dbt_vars(settings, settings.simulation.start_year, &census.path);
        Ok(Self { config, census, vars, project: Project::Directory(project.to_owned()) })
    }

    /// Loads the dbt project to build it in a database.
    pub(crate) fn runner(&self, database: &Database) -> Result<EmbeddedRunner, Error> {
        Ok(EmbeddedRunner::load(self.project.path(), database.clone(), &self.vars)?)
    }

    /// Fingerprints of everything the results depend on. `engine` is the version of the database engine.
    pub(crate) fn fingerprints(&self, runner: &dyn ModelRunner, engine: &str) -> Fingerprints {
        let mut all = self.fingerprints_of_settings();
        for (name, text) in runner.sources() {
            let (kind, name) = name.split_once('.').unwrap_or(("model", &name));
            all.insert(kind.into(), [(name.to_owned(), text)]);
        }
        all.insert(FingerprintKind::Census, [("sha256".to_owned(), self.census.sha256.clone())]);
        all.insert(FingerprintKind::Program, [("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]);
        all.insert(FingerprintKind::Engine, [("version".to_owned(), engine.to_owned())]);
        all
    }

    /// Fingerprints of the settings alone.
    pub(crate) fn fingerprints_of_settings(&self) -> Fingerprints {
        let mut all = Fingerprints::default();
        let settings = self.config.settings.flattened();
        // The contents of the census matter, not its path.
        let config = settings.into_iter().filter(|(key, _)| key != "census.path");
        all.insert(FingerprintKind::Config, config.map(|(key, value)| (key, value.to_string())));
        all
    }

    /// The fingerprints plus everything needed to resume from the record alone.
    pub(crate) fn to_record(&self, runner: &dyn ModelRunner, engine: &str) -> Result<Fingerprints, Error> {
        let mut all = self.fingerprints(runner, engine);
        let mut settings = self.config.settings.clone();
        settings.census.path.clone_from(&self.census.path);
        let settings = serde_json::Value::Object(settings.to_tree()).to_string();
        let rows = self.census.rows.to_string();
        all.insert(FingerprintKind::Settings, [(EFFECTIVE.to_owned(), settings), (CENSUS_ROWS.to_owned(), rows)]);
        all.insert(FingerprintKind::ProjectFile, project_files(self.project.path())?);
        Ok(all)
    }

    /// Loads the inputs that a run recorded, except the rows of its census: the path is where the file was, or `census` if it has
    /// moved.
    pub(crate) fn recorded(store: &dyn RunStore, run_id: &str, census: Option<&Path>) -> Result<Self, Error> {
        let (kept, compared) = (store.kept_inputs(run_id)?, store.fingerprints(run_id)?);
        let text = |of: &Fingerprints, kind: FingerprintKind, name: &str| {
            let found = of.0.get(&kind).and_then(|entries| entries.get(name)).cloned();
            found.ok_or_else(|| Error::NotRecorded { what: name.to_owned() })
        };
        let unusable = |cause: &dyn std::fmt::Display| Error::NotRecorded { what: format!("settings ({cause})") };
        let settings: SimulationConfig =
            serde_json::from_str(&text(&kept, FingerprintKind::Settings, EFFECTIVE)?).map_err(|e| unusable(&e))?;
        let census = CensusFile {
            path: census.map_or_else(|| settings.census.path.clone(), absolute),
            sha256: text(&compared, FingerprintKind::Census, "sha256")?,
            rows: text(&kept, FingerprintKind::Settings, CENSUS_ROWS)?.parse().map_err(|e| unusable(&e))?,
        };
        if store.checkpoints(run_id)?.is_empty() {
            require_same_census(&census, &settings)?;
        }
        let vars = dbt_vars(&settings, settings.simulation.start_year, &census.path);
        let project = Project::Recorded(write_project(kept.0.get(&FingerprintKind::ProjectFile))?);
        Ok(Self { config: LoadedConfig { settings, origins: Origins::default() }, census, vars, project })
    }
}

/// Fails if the census has changed. Nothing is committed yet, so the run will read it again.
fn require_same_census(recorded: &CensusFile, settings: &SimulationConfig) -> Result<(), Error> {
    let database = Database::in_memory(&DatabaseOptions::default())?;
    let now = CensusFile::inspect(&recorded.path, &settings.census.columns, &database)?;
    if now.sha256 == recorded.sha256 {
        return Ok(());
    }
    let (before, now) = (Some(recorded.sha256.clone()), Some(now.sha256));
    let difference = Difference { kind: FingerprintKind::Census, name: "sha256".to_owned(), before, now };
    let start_year = settings.simulation.start_year;
    Err(PipelineError::Changed { differences: vec![difference], from_year: Some(start_year), start_year }.into())
}

/// Names of the entries of kind `settings`: all settings, and the number of rows in the census.
const EFFECTIVE: &str = "effective";
const CENSUS_ROWS: &str = "census_rows";

/// Writes recorded files to a temporary directory.
fn write_project(files: Option<&BTreeMap<String, String>>) -> Result<TempDir, Error> {
    let files = files.ok_or_else(|| Error::NotRecorded { what: "dbt project".to_owned() })?;
    let write = || {
        let folder = tempfile::tempdir()?;
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap_or(folder.path()))?;
            fs::write(path, text)?;
        }
        Ok(folder)
    };
    write().map_err(Error::Scratch)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Fails if the SQL of a custom rule is not a query.
fn check_custom_rules(config: &LoadedConfig, database: &Database) -> Result<(), Error> {
    const KEY: &str = "validation.rules";
    let origin = config.origins.get(KEY).cloned().unwrap_or(Origin::Default);
    let mut problems = Vec::new();
    for rule in &config.settings.validation.rules {
        if let Some(cause) = planalign_validation::sql_problem(database, rule)? {
            let expected = format!("one query as the sql of {}: {cause}", rule.name);
            let kind = ProblemKind::Value { given: rule.sql.clone(), expected };
            problems.push(Problem { origin: origin.clone(), key: KEY.to_owned(), kind });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(ConfigError::Invalid { problems }.into()) }
}
