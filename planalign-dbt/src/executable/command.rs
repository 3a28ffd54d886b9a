//! The command line of a call of dbt.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use super::environment::{Environment, names_in};
use super::large_vars::{LONGEST_ARGUMENT, project_with};
use super::log_line::Event;
use super::process::{End, Guarded, Line};
use super::profile::{GENERATED, OwnProfiles, PROFILES_FILE, Profile, generated};
use super::project::Project;
use super::redactor::Redactor;
use super::scratch::{Call, Scratch};
use super::warnings::WarningFlag;
use crate::dbt_error::DbtError;
use crate::runner::Vars;

/// How to call a `dbt` executable.
#[derive(Clone, Debug)]
pub struct DbtOptions {
    /// The program: a path, or a name to find in the `PATH` of `caller_environment`.
    pub executable: PathBuf,
    /// The profile to use; `None`: one that is generated for the database.
    pub profile: Option<Profile>,
    /// Threads of dbt's engine for all models together; not with a profile of the user's own.
    pub threads: usize,
    /// Memory limit of dbt's engine in bytes; `None`: the engine's default.
    pub memory_limit: Option<u64>,
    /// Names of variables to pass on, in addition to those that the project reads with `env_var`.
    pub environment: Vec<String>,
    /// The variables of the calling process.
    pub caller_environment: Vec<(OsString, OsString)>,
    /// The command line of a guard, as from [`guard::command`](super::guard::command).
    pub guard: Vec<OsString>,
    /// Time for one call.
    pub timeout: Duration,
}

/// Calls dbt for one project.
#[derive(Debug)]
pub(crate) struct Dbt {
    pub(crate) executable: PathBuf,
    project: Project,
    /// Folder of `profiles.yml`.
    profiles: PathBuf,
    profile: String,
    target: Option<String>,
    own_profiles: Option<OwnProfiles>,
    warnings: WarningFlag,
    guarded: Guarded,
    scratch: Scratch,
}

impl Dbt {
    /// Finds the executable and reads what a call needs to know. No call is possible before a database is chosen.
    pub(crate) fn new(project: &Path, scratch: Scratch, options: &DbtOptions) -> Result<Self, DbtError> {
        let executable = find(&options.executable, &options.caller_environment)?;
        let own_profiles = options.profile.as_ref().map(|profile| OwnProfiles::read(profile, project)).transpose()?;
        let project = Project::read(project);
        let texts = project.texts().chain(own_profiles.iter().map(|profiles| profiles.text.clone()));
        let (profile, target) = match &options.profile {
            Some(Profile { name, target, .. }) => (name.clone(), target.clone()),
            None => (GENERATED.to_owned(), Some(GENERATED.to_owned())),
        };
        let profiles = own_profiles.as_ref().map_or_else(|| scratch.path().to_owned(), |own| own.folder.clone());
        let Environment { mut passed, removed } =
            Environment::of(&options.caller_environment, &names_in(texts), &options.environment);
        if !removed.is_empty() {
            log::warn!("ignored these environment variables, which change what dbt builds: {}", removed.join(", "));
        }
        let warnings = WarningFlag::of(&project.settings, own_profiles.as_ref().map(|own| &own.all));
        passed.extend(warnings.environment());
        let mut guarded = Guarded::new(options.guard.clone(), passed, options.timeout);
        if !scratch.is_swept() {
            guarded.remove_if_abandoned(scratch.path().to_owned());
        }
        Ok(Self { executable, project, profiles, profile, target, own_profiles, warnings, guarded, scratch })
    }

    /// Has dbt open a database in the private folder, also if the profile is the user's own. Returns the database.
    pub(crate) fn use_scratch_database(&mut self, name: &OsStr, options: &DbtOptions) -> Result<PathBuf, DbtError> {
        let folder = self.scratch.path().join("database");
        fs::create_dir_all(&folder).map_err(DbtError::scratch)?;
        let database = folder.join(name);
        let profiles = match &self.own_profiles {
            Some(own) => own.with_database(&database),
            None => generated(&database, options),
        };
        self.use_profiles(&profiles)?;
        Ok(database)
    }

    /// Has dbt open the database of the run, or, with a profile of the user's own, whatever that says.
    pub(crate) fn use_database(&mut self, database: &Path, options: &DbtOptions) -> Result<(), DbtError> {
        // A run makes many calls.
        self.guarded.start_ahead();
        if let Some(own) = &self.own_profiles {
            self.profiles.clone_from(&own.folder);
            return Ok(());
        }
        let database = std::path::absolute(database).map_err(DbtError::scratch)?;
        self.use_profiles(&generated(&database, options))
    }

    fn use_profiles(&mut self, profiles: &serde_json::Value) -> Result<(), DbtError> {
        self.profiles = self.scratch.path().to_owned();
        // JSON is YAML.
        fs::write(self.profiles.join(PROFILES_FILE), format!("{profiles:#}")).map_err(DbtError::scratch)
    }

    /// The path of the database in the user's own profile, as an expression of SQL that dbt renders; `null` without one.
    pub(crate) fn path_in_profile(&self) -> String {
        self.own_profiles.as_ref().map_or_else(|| "null".to_owned(), OwnProfiles::path)
    }

    /// The folder of the next call.
    pub(crate) fn call(&mut self) -> Result<Call, DbtError> {
        self.scratch.call().map_err(DbtError::scratch)
    }

    /// Runs a subcommand in the folder of its call. Its output is logged as the redactor leaves it, and passed on as it is.
    pub(crate) fn run(
        &mut self,
        call: &Call,
        subcommand: &[&str],
        vars: &Vars,
        redactor: &Redactor,
        on_line: &mut dyn FnMut(Line),
        should_stop: &mut dyn FnMut() -> bool,
    ) -> Result<End, DbtError> {
        let mut arguments: Vec<OsString> = vec![self.executable.clone().into()];
        arguments.extend(subcommand.iter().map(OsString::from));
        arguments.push("--no-use-colors".into());
        arguments.extend(self.warnings.arguments());
        let values = serde_json::Value::Object(vars.clone()).to_string();
        let (project, values) = if values.len() > LONGEST_ARGUMENT {
            let project = project_with(vars, &self.project, call.path()).map_err(DbtError::scratch)?;
            (project, "{}".to_owned())
        } else {
            (self.project.folder.clone(), values)
        };
        let options: [(&str, OsString); 7] = [
            ("--log-format", "json".into()),
            ("--project-dir", project.into()),
            ("--profiles-dir", self.profiles.clone().into()),
            ("--profile", self.profile.clone().into()),
            ("--target-path", call.target().into()),
            ("--log-path", call.logs().into()),
            ("--vars", values.into()),
        ];
        for (name, value) in options {
            arguments.extend([name.into(), value]);
        }
        if let Some(target) = &self.target {
            arguments.extend(["--target".into(), target.into()]);
        }
        let mut logged = |line: Line| {
            log_line(&line, redactor);
            on_line(line);
        };
        let ended = self.guarded.run(&arguments, &mut logged, should_stop);
        ended.map_err(|cause| DbtError::NotStarted { executable: self.executable.clone(), cause: Some(cause.into()) })
    }
}

/// Shows dbt's own output with `-v`.
fn log_line(line: &Line, redactor: &Redactor) {
    if !log::log_enabled!(log::Level::Info) {
        return;
    }
    let text = match line {
        Line::Guard(text) => return log::info!("{text}"),
        Line::Out(text) | Line::Err(text) => text,
    };
    let shown = match Event::parse(text) {
        Some(event) if event.level() == "debug" => return,
        Some(event) => redactor.text(event.message()),
        None => redactor.text(text),
    };
    if !shown.is_empty() {
        log::info!("dbt: {shown}");
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    true
}

/// Finds a program as a shell would.
fn find(executable: &Path, environment: &[(OsString, OsString)]) -> Result<PathBuf, DbtError> {
    let candidates: Vec<PathBuf> = if executable.components().count() > 1 {
        std::path::absolute(executable).into_iter().collect()
    } else {
        let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone());
        std::env::split_paths(&path.unwrap_or_default()).map(|folder| folder.join(executable)).collect()
    };
    let files: Vec<PathBuf> = candidates.into_iter().filter(|path| path.is_file()).collect();
    match (files.iter().find(|path| is_executable(path)), files.first()) {
        (Some(found), _) => Ok(found.clone()),
        (None, Some(file)) => {
            let cause = Some(Arc::new(io::ErrorKind::PermissionDenied.into()));
            Err(DbtError::NotStarted { executable: file.clone(), cause })
        }
        (None, None) => Err(DbtError::NotFound { executable: executable.to_owned() }),
    }
}
