//! Loads the inputs of a simulation (configuration, census, project) and their fingerprints.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use planalign_config::census::{Census, CensusFile, PseudonymKey, Reading};
use planalign_config::query_check::QueryCheck;
use planalign_config::settings::vars::dbt_vars;
use planalign_config::settings::{
    ConfigError, LoadedConfig, Origin, Origins, Problem, ProblemKind, SimulationConfig, load,
};
use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::{EmbeddedRunner, ModelRunner, Vars, project_files};
use planalign_pipeline::PipelineError;
use planalign_registries::{Difference, FingerprintKind, Fingerprints, RunStore};
use tempfile::TempDir;

use crate::census_spill::CensusSpill;
use crate::error::Error;
use crate::input_options::InputOptions;

/// A valid configuration, census, and project.
#[derive(Debug)]
pub struct Inputs {
    pub(crate) config: LoadedConfig,
    pub(crate) census: CensusFile,
    /// What was read of the census; `None` if the run has read it before.
    pub(crate) people: Option<People>,
    /// The variables of the dbt project, with the first year as `simulation_year`; they follow from the settings and the census.
    pub(crate) vars: Vars,
    pub(crate) project: Project,
    /// Whether the project may be of someone who isn't trusted.
    pub(crate) is_untrusted: bool,
}

/// The people in a census that was read.
#[derive(Debug)]
pub(crate) struct People {
    /// How the file was read.
    pub(crate) reading: Reading,
    /// A CSV file as the models read it.
    pub(crate) canonical: Vec<u8>,
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

    /// Returns how the census was read; `None` if the run has read it before.
    #[must_use]
    pub fn reading(&self) -> Option<&Reading> {
        self.people.as_ref().map(|people| &people.reading)
    }

    /// Loads the layers of the configuration and reads the census.
    pub fn load(options: &InputOptions) -> Result<Self, Error> {
        let key = options.pseudonym_key()?;
        Self::with_census(options, |settings, database| read_census(settings, key.as_ref(), database))
    }

    /// Loads inputs for a run that has already read its census, so the file may be gone; `census` is its record.
    pub(crate) fn load_for(census: CensusFile, options: &InputOptions) -> Result<Self, Error> {
        Self::with_census(options, |_, _| Ok((census, None)))
    }

    /// Loads inputs for these settings and the dbt project in this directory.
    pub(crate) fn new(settings: &SimulationConfig, project: &Path) -> Result<Self, Error> {
        let settings = planalign_config::settings::check(settings)?;
        Self::of(LoadedConfig { settings, origins: Origins::default() }, project, |settings, database| {
            read_census(settings, None, database)
        })
    }

    fn with_census(
        options: &InputOptions,
        census: impl FnOnce(&SimulationConfig, &Database) -> Result<(CensusFile, Option<People>), Error>,
    ) -> Result<Self, Error> {
        let inputs = Self::of(load(&options.sources())?, options.project(), census)?;
        Ok(Self { is_untrusted: options.untrusted_project, ..inputs })
    }

    fn of(
        config: LoadedConfig,
        project: &Path,
        census: impl FnOnce(&SimulationConfig, &Database) -> Result<(CensusFile, Option<People>), Error>,
    ) -> Result<Self, Error> {
        let database = Database::in_memory(&DatabaseOptions::default())?;
        check_custom_rules(&config, &database)?;
        let settings = &config.settings;
        let (census, people) = census(settings, &database)?;
        let vars = dbt_vars(settings, settings.simulation.start_year, &census.path);
        let project = Project::Directory(project.to_owned());
        Ok(Self { config, census, people, vars, project, is_untrusted: false })
    }

    /// Writes the census for the models, next to the database of a run or to a temporary directory, and drops it from memory.
    pub(crate) fn spill_census(&mut self, database: Option<(&Path, &str)>) -> Result<Option<CensusSpill>, Error> {
        let Some(people) = &mut self.people else { return Ok(None) };
        let canonical = std::mem::take(&mut people.canonical);
        let spill = match database {
            Some((path, run)) => CensusSpill::beside(path, run, &canonical),
            None => CensusSpill::temporary(&canonical),
        };
        let spill = spill.map_err(Error::Spill)?;
        self.vars.insert("census_path".to_owned(), spill.path.to_string_lossy().into());
        Ok(Some(spill))
    }

    /// Loads the dbt project to build it in a database, which is confined to what it may read if it isn't trusted.
    pub(crate) fn runner(&self, database: &Database) -> Result<EmbeddedRunner, Error> {
        let mut runner = EmbeddedRunner::load(self.project.path(), database.clone(), &self.vars)?;
        if self.is_untrusted {
            let census = self.vars.get("census_path").and_then(serde_json::Value::as_str).map(PathBuf::from);
            database.confine(census.as_slice(), &runner.seed_directories())?;
            runner.distrust(self.project.path(), &self.vars)?;
        }
        Ok(runner)
    }

    /// Fingerprints of everything the results depend on. `engine` is the version of the database engine.
    pub(crate) fn fingerprints(&self, runner: &dyn ModelRunner, engine: &str) -> Fingerprints {
        let mut all = self.fingerprints_of_settings();
        for (name, text) in runner.sources() {
            let (kind, name) = name.split_once('.').unwrap_or(("model", &name));
            all.insert(kind.into(), [(name.to_owned(), text)]);
        }
        let key = self.census.pseudonym_key.clone().map(|key| (PSEUDONYM_KEY.to_owned(), key));
        all.insert(FingerprintKind::Census, [("sha256".to_owned(), self.census.sha256.clone())].into_iter().chain(key));
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
        let reading = self.reading().and_then(|reading| serde_json::to_string(reading).ok());
        let reading = reading.map(|reading| (CENSUS_READING.to_owned(), reading));
        let kept = [(EFFECTIVE.to_owned(), settings), (CENSUS_ROWS.to_owned(), rows)].into_iter().chain(reading);
        all.insert(FingerprintKind::Settings, kept);
        all.insert(FingerprintKind::ProjectFile, project_files(self.project.path())?);
        Ok(all)
    }

    /// Loads the inputs that a run recorded, except the rows of its census: the path is where the file was, or `census` if it has
    /// moved.
    pub(crate) fn recorded(store: &dyn RunStore, run_id: &str, options: &InputOptions) -> Result<Self, Error> {
        let (kept, compared) = (store.kept_inputs(run_id)?, store.fingerprints(run_id)?);
        let text = |of: &Fingerprints, kind: FingerprintKind, name: &str| {
            let found = of.0.get(&kind).and_then(|entries| entries.get(name)).cloned();
            found.ok_or_else(|| Error::NotRecorded { what: name.to_owned() })
        };
        let unusable = |cause: &dyn std::fmt::Display| Error::NotRecorded { what: format!("settings ({cause})") };
        let settings: SimulationConfig =
            serde_json::from_str(&text(&kept, FingerprintKind::Settings, EFFECTIVE)?).map_err(|e| unusable(&e))?;
        let census = CensusFile {
            path: options.census.as_deref().map_or_else(|| settings.census.path.clone(), absolute),
            sha256: text(&compared, FingerprintKind::Census, "sha256")?,
            rows: text(&kept, FingerprintKind::Settings, CENSUS_ROWS)?.parse().map_err(|e| unusable(&e))?,
            pseudonym_key: text(&compared, FingerprintKind::Census, PSEUDONYM_KEY).ok(),
        };
        // As long as nothing is committed, the run reads its census again.
        let is_read_again = store.checkpoints(run_id)?.is_empty();
        let people = is_read_again.then(|| same_census(&census, &settings, options)).transpose()?;
        let vars = dbt_vars(&settings, settings.simulation.start_year, &census.path);
        let project = Project::Recorded(write_project(kept.0.get(&FingerprintKind::ProjectFile))?);
        Ok(Self {
            config: LoadedConfig { settings, origins: Origins::default() },
            census,
            people,
            vars,
            project,
            is_untrusted: false,
        })
    }
}

fn read_census(
    settings: &SimulationConfig,
    key: Option<&PseudonymKey>,
    database: &Database,
) -> Result<(CensusFile, Option<People>), Error> {
    let Census { file, reading, canonical } =
        Census::read(&settings.census, settings.simulation.start_year, key, database)?;
    Ok((file, Some(People { reading, canonical })))
}

/// Reads a census again; fails if it has changed.
fn same_census(recorded: &CensusFile, settings: &SimulationConfig, options: &InputOptions) -> Result<People, Error> {
    let database = Database::in_memory(&DatabaseOptions::default())?;
    let mut settings = settings.clone();
    settings.census.path.clone_from(&recorded.path);
    let (now, people) = read_census(&settings, options.pseudonym_key()?.as_ref(), &database)?;
    if let Some(people) = people.filter(|_| now.sha256 == recorded.sha256) {
        return Ok(people);
    }
    let (before, now) = (Some(recorded.sha256.clone()), Some(now.sha256));
    let difference = Difference { kind: FingerprintKind::Census, name: "sha256".to_owned(), before, now };
    let start_year = settings.simulation.start_year;
    Err(PipelineError::Changed { differences: vec![difference], from_year: Some(start_year), start_year }.into())
}

/// Names of the entries of kind `settings`: all settings, the number of rows in the census, and how it was read.
const EFFECTIVE: &str = "effective";
const CENSUS_ROWS: &str = "census_rows";
const CENSUS_READING: &str = "census_reading";

/// Name of an entry of kind `census`: what identifies the key that replaced Social Security numbers.
const PSEUDONYM_KEY: &str = "pseudonym_key";

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

/// Fails if the SQL of a custom rule isn't a query that only reads tables of the run.
fn check_custom_rules(config: &LoadedConfig, database: &Database) -> Result<(), Error> {
    const KEY: &str = "validation.rules";
    let rules = &config.settings.validation.rules;
    if rules.is_empty() {
        return Ok(());
    }
    let check = QueryCheck::new(database)?;
    let origin = config.origins.get(KEY).cloned().unwrap_or(Origin::Default);
    let mut problems = Vec::new();
    for rule in rules {
        if let Some(refusal) = planalign_validation::sql_problem(&check, database, rule)? {
            let kind = ProblemKind::Query { rule: rule.name.clone(), problem: refusal.to_string() };
            problems.push(Problem { origin: origin.clone(), key: KEY.to_owned(), kind });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(ConfigError::Invalid { problems }.into()) }
}
