//! `planalign dbt`: dbt's commands for any project, without dbt.

pub(crate) mod args;
mod build;
mod lines;
mod query;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use jiff::Timestamp;
use planalign::{DatabaseUse, DbtProject, DbtProjectOptions};
use planalign_dbt::{Artifacts, Invocation, ProfileOptions, ResourceType, Selection, Vars};
use serde_json::{Map, Value as Json, json};

use crate::caller::{Process, environment};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::say;
use crate::signals::Received;
use args::{DbtCommand, DbtLsArgs, ListOutput, ProjectArgs};

const PROJECT_FILE: &str = "dbt_project.yml";

/// dbt's exit code for everything but failed nodes.
pub(crate) const FAILED: ExitCode = ExitCode::Usage;

/// Runs the command.
pub(crate) fn run(
    command: &DbtCommand,
    quiet: bool,
    process: &Process,
    received: &Received,
) -> Result<ExitCode, Failure> {
    use ResourceType::{Model, Seed, Test};
    let args = command.project().map_err(Failure::NotOfDbt)?;
    if let Some(option) = args.unsupported.first() {
        return Err(Failure::NotOfDbt(option.to_owned()));
    }
    let environment = Environment::read();
    let screen = Screen { quiet: quiet || environment.is_on("DBT_QUIET") };
    let opened = |usage, options| Opened::new(command.name(), args, usage, options, &environment, process);
    match command {
        DbtCommand::Build(args) | DbtCommand::Run(args) | DbtCommand::Seed(args) => {
            let kinds: &[ResourceType] = match command {
                DbtCommand::Run(_) => &[Model],
                DbtCommand::Seed(_) => &[Seed],
                _ => &[Seed, Model, Test],
            };
            let options = Options {
                full_refresh: args.full_refresh || environment.is_on("DBT_FULL_REFRESH"),
                fail_fast: args.fail_fast || environment.is_on("DBT_FAIL_FAST"),
            };
            let selection = args.selection.selection(kinds)?;
            build::run(opened(DatabaseUse::Write, options)?, &selection, &screen, received)
        }
        DbtCommand::Test(args) => {
            let fail_fast = args.fail_fast || environment.is_on("DBT_FAIL_FAST");
            let options = Options { full_refresh: false, fail_fast };
            let selection = args.selection.selection(&[Test])?;
            build::run(opened(DatabaseUse::Read, options)?, &selection, &screen, received)
        }
        DbtCommand::Compile(args) => {
            let full_refresh = args.full_refresh || environment.is_on("DBT_FULL_REFRESH");
            let options = Options { full_refresh, fail_fast: false };
            query::compile(&opened(DatabaseUse::Look, options)?, args, &screen)
        }
        DbtCommand::Show(args) => query::show(&opened(DatabaseUse::Read, Options::default())?, args, &screen),
        DbtCommand::Ls(args) => list(&opened(DatabaseUse::Name, Options::default())?, args),
        DbtCommand::Other(_) => Ok(FAILED),
    }
}

/// Options that not every command has.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    full_refresh: bool,
    fail_fast: bool,
}

/// dbt's options in the environment.
struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads them, and warns of those that have no effect here.
    fn read() -> Self {
        let all = Self(environment());
        let ignored: Vec<&str> = all.0.keys().map(String::as_str).filter(|name| is_ignored(name)).collect();
        if !ignored.is_empty() {
            log::warn!("ignored: {}, which `planalign dbt` does not support", ignored.join(", "));
        }
        all
    }

    fn get(&self, name: &str) -> Option<&String> {
        self.0.get(name).filter(|value| !value.is_empty())
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// Whether an option is on, in any way that dbt understands.
    fn is_on(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| ["1", "true", "t", "yes", "y", "on"].contains(&value.to_lowercase().as_str()))
    }
}

/// dbt's options that are read here, or that change nothing here.
const READ: [&str; 15] = [
    "DBT_FAIL_FAST",
    "DBT_FULL_REFRESH",
    "DBT_NO_PRINT",
    "DBT_PARTIAL_PARSE",
    "DBT_PRINT",
    "DBT_PROFILE",
    "DBT_PROFILES_DIR",
    "DBT_PROJECT_DIR",
    "DBT_QUIET",
    "DBT_SEND_ANONYMOUS_USAGE_STATS",
    "DBT_STATIC_PARSER",
    "DBT_TARGET",
    "DBT_TARGET_PATH",
    "DBT_USE_COLORS",
    "DBT_VERSION_CHECK",
];

fn is_ignored(name: &str) -> bool {
    planalign_dbt::executable::is_option(name) && !READ.contains(&name)
}

/// An opened project, and where its artifacts belong.
struct Opened {
    project: DbtProject,
    command: &'static str,
    vars: Vars,
    options: Options,
    /// The options of the call for `dbt retry`.
    args: Map<String, Json>,
    target: PathBuf,
}

impl Opened {
    fn new(
        command: &'static str,
        args: &ProjectArgs,
        usage: DatabaseUse,
        options: Options,
        environment: &Environment,
        process: &Process,
    ) -> Result<Self, Failure> {
        let here = env::current_dir().unwrap_or_default();
        let project = match args.project_dir.clone().or_else(|| environment.path("DBT_PROJECT_DIR")) {
            Some(folder) => folder,
            None => project_around(&here).ok_or(Failure::NoProject)?,
        };
        let named = args.profiles_dir.clone().or_else(|| environment.path("DBT_PROFILES_DIR"));
        let profiles = named.map_or_else(|| places_of_profiles(&project), |folder| vec![folder]);
        let vars = args.vars.clone().unwrap_or_default();
        let opened = DbtProject::open(
            &DbtProjectOptions {
                profile: ProfileOptions {
                    project: project.clone(),
                    folders: profiles,
                    profile: args.profile.clone().or_else(|| environment.get("DBT_PROFILE").cloned()),
                    target: args.target.clone().or_else(|| environment.get("DBT_TARGET").cloned()),
                    environment: environment.0.clone(),
                    vars: vars.clone(),
                },
                full_refresh: options.full_refresh,
                threads: args.threads.map(usize::from),
            },
            usage,
            &process.caller(),
        )?;
        let folder = args.target_path.clone().or_else(|| environment.path("DBT_TARGET_PATH"));
        let folder = project.join(folder.unwrap_or_else(|| opened.runner.target_path().into()));
        let absolute = |path: &Path| here.join(path).display().to_string();
        let recorded = json!({
            "vars": vars,
            "target": opened.profile.target,
            "profile": opened.profile.profile,
            "project_dir": absolute(&project),
            "profiles_dir": opened.profile.file.parent().map(absolute),
            "full_refresh": options.full_refresh,
            "fail_fast": options.fail_fast,
        });
        let args = match recorded {
            Json::Object(args) => args,
            _ => Map::new(),
        };
        Ok(Self { project: opened, command, vars, options, args, target: folder })
    }

    /// Describes the call for its artifacts.
    fn invocation(&self, selection: &Selection) -> Invocation {
        let mut args = self.args.clone();
        for (key, words) in [("select", &selection.select), ("exclude", &selection.exclude)] {
            args.insert(key.to_owned(), words.split_whitespace().collect());
        }
        Invocation::new(self.command, args)
    }

    /// Writes the artifacts of a call.
    fn write(&self, artifacts: &Artifacts) -> Result<(), Failure> {
        self.written(artifacts.write(&self.project.runner, &self.target))
    }

    fn written(&self, result: io::Result<()>) -> Result<(), Failure> {
        result.map_err(|cause| Failure::Unwritable { path: self.target.clone(), cause })
    }

    /// The file with the SQL of a node or test, as the user would name it.
    fn compiled_file(&self, unique_id: &str) -> Option<String> {
        let file = self.project.runner.compiled_file(unique_id)?;
        let path = self.target.join(&file);
        fs::exists(&path).ok()?.then(|| path.display().to_string())
    }
}

/// The directories that may have a `profiles.yml`.
fn places_of_profiles(project: &Path) -> Vec<PathBuf> {
    let home = env::home_dir().map(|home| home.join(".dbt"));
    [PathBuf::new(), project.to_owned()].into_iter().chain(home).collect()
}

/// The directory with the project's file: this one or the nearest above it.
fn project_around(here: &Path) -> Option<PathBuf> {
    let found = here.ancestors().find(|folder| folder.join(PROJECT_FILE).is_file())?;
    Some(if found == here { PathBuf::new() } else { found.to_owned() })
}

/// Prints dbt's lines, each with the time in UTC.
struct Screen {
    quiet: bool,
}

impl Screen {
    fn line(&self, text: &str) -> Result<(), Failure> {
        if self.quiet { Ok(()) } else { self.always(text) }
    }

    /// Prints what must be seen even if only results and errors are wanted.
    #[expect(clippy::unused_self, reason = "only a screen prints dbt's lines")]
    fn always(&self, text: &str) -> Result<(), Failure> {
        for line in text.split('\n') {
            say(&format!("{}  {line}", Timestamp::now().strftime("%H:%M:%S")))?;
        }
        Ok(())
    }
}

/// What `ls --output json` shows of a resource.
const LISTED: [&str; 10] = [
    "name",
    "resource_type",
    "package_name",
    "original_file_path",
    "unique_id",
    "alias",
    "source_name",
    "config",
    "tags",
    "depends_on",
];

fn list(opened: &Opened, args: &DbtLsArgs) -> Result<ExitCode, Failure> {
    let kinds: Vec<ResourceType> = args.resource_type.iter().filter_map(|kind| kind.0).collect();
    let all = args.resource_type.iter().any(|kind| kind.0.is_none());
    let selection = args.selection.selection(match (all, args.selection.models.is_empty()) {
        (true, _) => &[],
        (false, true) => &kinds,
        (false, false) => &[ResourceType::Model],
    })?;
    let listed = opened.project.runner.list(&selection)?;
    let lines: Vec<String> = listed
        .iter()
        .map(|resource| match args.output {
            ListOutput::Selector if resource.resource_type == ResourceType::Source => {
                let (project, source) = (resource.fqn.first(), resource.fqn.iter().rev().nth(1));
                let parts = [project, source].into_iter().flatten().chain([&resource.name]);
                format!("source:{}", parts.cloned().collect::<Vec<_>>().join("."))
            }
            ListOutput::Selector => resource.fqn.join("."),
            ListOutput::Name if resource.resource_type == ResourceType::Source => {
                format!("{}.{}", resource.fqn.iter().rev().nth(1).map_or("", String::as_str), resource.name)
            }
            ListOutput::Name => resource.name.clone(),
            ListOutput::Path => resource.file.clone(),
            ListOutput::Json => {
                let described = opened.project.runner.described(&resource.unique_id).unwrap_or_default();
                let known = LISTED.iter().filter_map(|key| Some(((*key).to_owned(), described.get(key)?.clone())));
                Json::Object(known.collect()).to_string()
            }
        })
        .collect();
    say(&lines.join("\n"))?;
    Ok(ExitCode::Done)
}
