//! `profiles.yml`: the database, schema, and settings of a target, as dbt-duckdb reads them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use planalign_config::{Database, DatabaseError, did_you_mean, sql};

use super::config::plain_text;
use super::files;
use super::jinja::context::{Context, Target, World};
use super::jinja::environment::environment;
use super::jinja::macros::Macros;
use super::loader::{early_phase, project_subject, var_values};
use super::project_file::{PROJECT_FILE, ProjectFile};
use super::yaml::Yaml;
use super::yaml_jinja::render_properties;
use crate::runner::{RunnerError, Vars};

/// A target of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseProfile {
    /// The file that it is in.
    pub file: PathBuf,
    /// Name of the profile.
    pub profile: String,
    /// Name of the target.
    pub target: String,
    /// Database file; a relative path starts in the current directory, as in dbt. `None`: in memory.
    pub path: Option<PathBuf>,
    /// Default schema of models.
    pub schema: String,
    /// Threads, if given.
    pub threads: Option<usize>,
    /// Extensions to load.
    pub extensions: Vec<String>,
    /// Settings of the engine, by name.
    pub settings: BTreeMap<String, String>,
}

/// Which target of which profile to read.
#[derive(Clone, Debug, Default)]
pub struct ProfileOptions {
    /// Directory of the project.
    pub project: PathBuf,
    /// Folders that may have a `profiles.yml`; the first that has one is used.
    pub folders: Vec<PathBuf>,
    /// Profile; `None`: the one that the project names.
    pub profile: Option<String>,
    /// Target; `None`: the profile's default.
    pub target: Option<String>,
    /// Variables available to `env_var`.
    pub environment: BTreeMap<String, String>,
    /// Variables of the call.
    pub vars: Vars,
}

const PROFILES_FILE: &str = "profiles.yml";

/// Keys that only matter to what the runner refuses or does otherwise.
const IGNORED: [&str; 5] = ["type", "database", "keep_open", "retries", "external_root"];

impl DatabaseProfile {
    /// Reads a target of the profile that a project names.
    pub fn read(options: &ProfileOptions) -> Result<Self, RunnerError> {
        let project = ProjectFile::load(&options.project)?;
        let Some(name) = options.profile.clone().or_else(|| project.profile.clone()) else {
            return Err(problem(PROJECT_FILE, None, "profile is missing".to_owned()));
        };
        let Some(path) = options.folders.iter().map(|folder| folder.join(PROFILES_FILE)).find(|path| path.is_file())
        else {
            let mut folders: Vec<String> = options.folders.iter().map(|folder| folder.display().to_string()).collect();
            folders.dedup();
            let message =
                format!("profile {name} needs a {PROFILES_FILE}, but there is none in {}", folders.join(", "));
            return Err(problem(PROJECT_FILE, None, message));
        };
        let (shown, path_of_file) = (path.display().to_string(), path.clone());
        let text = files::read(&path, &shown)?;
        let yaml = Yaml::parse(&shown, &text)?;
        let profile = yaml.get(&name).ok_or_else(|| {
            let hint = did_you_mean(&name, yaml.pairs().iter().map(|(key, _)| key.as_str()));
            problem(&shown, None, format!("no profile is named {name}{hint}"))
        })?;
        let render = |yaml: &Yaml| {
            let world = World {
                project: project.name.clone(),
                target: Target::default(),
                environment: options.environment.clone(),
                macros: Macros::default(),
            };
            let vars = Arc::new(var_values(&Vars::new(), &options.vars));
            let subject = Arc::new(project_subject(&project, &world));
            render_properties(
                yaml,
                &shown,
                &environment(),
                &Context::new(Arc::new(world), subject, vars, early_phase()),
            )
        };
        let target = match (&options.target, profile.get("target")) {
            (Some(target), _) => target.clone(),
            (None, Some(target)) => plain_text(&render(target)?.to_json()),
            (None, None) => "default".to_owned(),
        };
        let outputs = profile.get("outputs").map(Yaml::pairs).unwrap_or_default();
        let Some((_, output)) = outputs.iter().find(|(name, _)| *name == target) else {
            let targets: Vec<&str> = outputs.iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("profile {name} has no target {target}; its targets are {}", targets.join(", "));
            return Err(problem(&shown, Some(profile.line), message));
        };
        let found = Self::of(&shown, name, target, &render(output)?)?;
        let path = found.path.map(|path| in_home(path, options.environment.get("HOME")));
        Ok(Self { file: path_of_file, path, ..found })
    }

    fn of(file: &str, profile: String, target: String, output: &Yaml) -> Result<Self, RunnerError> {
        let text = |key: &str| output.get(key).map(|value| plain_text(&value.to_json()));
        if text("type").as_deref() != Some("duckdb") {
            let found = text("type").unwrap_or_else(|| "none".to_owned());
            return Err(problem(file, Some(output.line), format!("type is {found}, but only duckdb is supported")));
        }
        let mut this = Self {
            file: PathBuf::new(),
            profile,
            target,
            path: text("path").filter(|path| path != ":memory:").map(PathBuf::from),
            schema: text("schema").unwrap_or_else(|| "main".to_owned()),
            threads: None,
            extensions: Vec::new(),
            settings: BTreeMap::new(),
        };
        for (key, value) in output.pairs() {
            let wrong = |expected: &str| problem(file, Some(value.line), format!("{key} must be {expected}"));
            match key.as_str() {
                "schema" => {}
                "path" => {
                    if let Some(service) = text("path").as_deref().and_then(service) {
                        let hint = "name a file";
                        let node = format!("{file}:{}", value.line);
                        return Err(RunnerError::unsupported(format!("a path with `{service}`"), &node, hint));
                    }
                }
                "threads" => {
                    let threads = plain_text(&value.to_json()).parse().ok().filter(|threads| *threads > 0);
                    this.threads = Some(threads.ok_or_else(|| wrong("a positive whole number"))?);
                }
                "extensions" => {
                    let names = value.items().iter().map(|item| item.text().filter(|name| is_word(name)));
                    let names = names.map(|name| name.map(str::to_owned)).collect::<Option<Vec<_>>>();
                    this.extensions = names.ok_or_else(|| wrong("a list of names"))?;
                }
                "settings" => {
                    for (name, setting) in value.pairs() {
                        if !is_word(name) {
                            return Err(wrong("settings of the engine by name"));
                        }
                        this.settings.insert(name.clone(), plain_text(&setting.to_json()));
                    }
                }
                _ if IGNORED.contains(&key.as_str()) || value.is_null() => {}
                _ => {
                    let hint = "leave it out of the profile";
                    return Err(RunnerError::unsupported(key, &format!("{file}:{}", value.line), hint));
                }
            }
        }
        Ok(this)
    }

    /// Loads the extensions and applies the settings, on a database opened for this profile.
    pub fn set_up(&self, database: &Database) -> Result<(), DatabaseError> {
        for extension in &self.extensions {
            database.execute_batch(&format!("load {extension}"))?;
        }
        for (name, value) in &self.settings {
            database.execute_batch(&format!("set {name} = {}", sql::literal(value)))?;
        }
        Ok(())
    }
}

/// What shows that a path isn't a file's: the start of a service's address, or options after the path. The rest may be secret.
fn service(path: &str) -> Option<String> {
    let (scheme, _) = path.split_once(':').unwrap_or_default();
    let is_scheme = scheme.len() > 1 && scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_scheme = is_scheme && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    match (is_scheme, path.contains('?')) {
        (true, _) => Some(format!("{scheme}:")),
        (false, true) => Some("?".to_owned()),
        (false, false) => None,
    }
}

/// A path in the home directory, if it begins with a tilde.
fn in_home(path: PathBuf, home: Option<&String>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => Path::new(home).join(rest),
        _ => path,
    }
}

/// Whether a text is a name that needs no quotes.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn problem(file: &str, line: Option<usize>, message: String) -> RunnerError {
    RunnerError::Project { file: file.to_owned(), line, message }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PROJECT: &str = "name: shop\nprofile: shop\nvars: {dir: unused}\n";

    fn read(project: &str, profiles: &str, options: ProfileOptions) -> Result<DatabaseProfile, String> {
        let folder = tempfile::tempdir().expect("temporary directory");
        fs::write(folder.path().join(PROJECT_FILE), project).expect("project");
        fs::write(folder.path().join(PROFILES_FILE), profiles).expect("profiles");
        let folders = vec![folder.path().join("none"), folder.path().to_owned()];
        let options = ProfileOptions { project: folder.path().to_owned(), folders, ..options };
        let shown = folder.path().display().to_string();
        DatabaseProfile::read(&options).map_err(|e| e.to_string().replace(&format!("{shown}/"), ""))
    }

    #[test]
    fn the_target_is_rendered_and_others_are_not() {
        let profiles = "
shop:
  target: \"{{ env_var('TARGET', 'dev') }}\"
  outputs:
    dev:
      type: duckdb
      path: \"{{ var('dir') }}/{{ env_var('NAME') }}.duckdb\"
      schema: raw
      threads: \"{{ 1 + 1 }}\"
      extensions: [json]
      settings: {TimeZone: UTC, preserve_insertion_order: false}
    memory: {type: duckdb}
    prod: {type: duckdb, path: \"{{ env_var('MISSING') }}\"}
";
        let environment = BTreeMap::from([("NAME".to_owned(), "shop".to_owned())]);
        let vars = Vars::from_iter([("dir".to_owned(), "data".into())]);
        let options = ProfileOptions { environment, vars, ..ProfileOptions::default() };
        let dev = read(PROJECT, profiles, options.clone()).expect("dev");
        let settings = [("TimeZone", "UTC"), ("preserve_insertion_order", "False")];
        let expected = DatabaseProfile {
            file: dev.file.clone(),
            profile: "shop".to_owned(),
            target: "dev".to_owned(),
            path: Some("data/shop.duckdb".into()),
            schema: "raw".to_owned(),
            threads: Some(2),
            extensions: vec!["json".to_owned()],
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        };
        assert_eq!(dev, expected);
        let memory = ProfileOptions { target: Some("memory".to_owned()), ..options.clone() };
        let memory = read(PROJECT, profiles, memory).expect("memory");
        assert_eq!((memory.path, memory.schema.as_str(), memory.threads), (None, "main", None));
        let database = Database::in_memory(&planalign_config::DatabaseOptions::default()).expect("engine");
        dev.set_up(&database).expect("set up");
        let order = database.query_value("select current_setting('preserve_insertion_order')", &[]).expect("setting");
        assert_eq!(order.boolean(), Some(false));
    }

    #[test]
    fn what_a_profile_lacks_or_has_wrong() {
        let check = |project: &str, profiles: &str, target: Option<&str>, expected: &str| {
            let options = ProfileOptions { target: target.map(str::to_owned), ..ProfileOptions::default() };
            assert_eq!(read(project, profiles, options).expect_err("refused"), expected);
        };
        check("name: shop\n", "", None, "dbt_project.yml: profile is missing");
        check(PROJECT, "shops: {}\n", None, "profiles.yml: no profile is named shop; did you mean `shops`?");
        check(
            PROJECT,
            "shop: {target: dev, outputs: {dve: {}}}",
            None,
            "profiles.yml:1: profile shop has no target dev; its targets are dve",
        );
        check(
            PROJECT,
            "shop: {outputs: {dev: {type: postgres}}}",
            Some("dev"),
            "profiles.yml:1: type is postgres, but only duckdb is supported",
        );
        let of =
            |output: &str| format!("shop:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n      {output}\n");
        check(PROJECT, &of("threads: none"), None, "profiles.yml:6: threads must be a positive whole number");
        check(PROJECT, &of("extensions: [{name: x}]"), None, "profiles.yml:6: extensions must be a list of names");
        check(
            PROJECT,
            &of("settings: {\"a; b\": 1}"),
            None,
            "profiles.yml:6: settings must be settings of the engine by name",
        );
        check(
            PROJECT,
            &of("path: \"{{ var('dir') }}\""),
            None,
            "profiles.yml:6: variable dir is not set and var() gives no default; only variables of the call (`--vars`) are known here",
        );
        let attach = "profiles.yml:6 uses attach, which is not supported: leave it out of the profile; or use dbt itself (`dbt build`, or `--runner dbt` in a simulation)";
        check(PROJECT, &of("attach: [{path: x}]"), None, attach);
        check(
            PROJECT,
            &of("path: \"{{ env_var('X') }}\""),
            None,
            "profiles.yml:6: environment variable X is not set and env_var() gives no default",
        );
    }

    #[test]
    fn a_tilde_is_the_home_directory() {
        let home = "/ann".to_owned();
        assert_eq!(in_home("~/x.duckdb".into(), Some(&home)), Path::new("/ann/x.duckdb"));
        assert_eq!(in_home("x~/y".into(), Some(&home)), Path::new("x~/y"));
    }

    #[test]
    fn a_missing_file_is_named_with_the_folders() {
        let folder = tempfile::tempdir().expect("temporary directory");
        fs::write(folder.path().join(PROJECT_FILE), PROJECT).expect("project");
        let folders = ["a", "a", "b"].map(PathBuf::from).to_vec();
        let options = ProfileOptions { project: folder.path().to_owned(), folders, ..ProfileOptions::default() };
        let error = DatabaseProfile::read(&options).expect_err("missing").to_string();
        assert_eq!(error, "dbt_project.yml: profile shop needs a profiles.yml, but there is none in a, b");
    }
}
