//! The arguments of `planalign dbt`, which are dbt's.

#![expect(clippy::doc_markdown, reason = "help is printed as it is")]

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use planalign_dbt::{ResourceType, Selection, Vars, parse_vars};

use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum DbtCommand {
    /// Load seeds, build models, and run tests, each after what it depends on.
    #[command(
        after_help = "Examples:\n  planalign dbt build\n  planalign dbt build --select +orders --exclude tag:slow --fail-fast"
    )]
    Build(DbtRunArgs),
    /// Build models.
    #[command(after_help = "Examples:\n  planalign dbt run --select tag:nightly\n  planalign dbt run --full-refresh")]
    Run(DbtRunArgs),
    /// Load seeds.
    #[command(after_help = "Example:\n  planalign dbt seed --select rates")]
    Seed(DbtRunArgs),
    /// Run tests.
    #[command(after_help = "Examples:\n  planalign dbt test\n  planalign dbt test --select orders,test_type:generic")]
    Test(DbtTestArgs),
    /// Write the SQL of models and tests without running it.
    #[command(
        after_help = "Examples:\n  planalign dbt compile\n  planalign dbt compile --select orders\n  planalign dbt compile --inline \"select * from {{ ref('orders') }}\""
    )]
    Compile(DbtCompileArgs),
    /// List seeds, models, tests, and sources.
    #[command(
        visible_alias = "list",
        after_help = "Examples:\n  planalign dbt ls --select +orders\n  planalign dbt ls --resource-type model --output path"
    )]
    Ls(DbtLsArgs),
    /// Show the first rows of a model or query.
    #[command(
        group(ArgGroup::new("what").args(["select", "models", "inline"]).required(true)),
        after_help = "Examples:\n  planalign dbt show --select orders\n  planalign dbt show --inline \"select count(*) from {{ ref('orders') }}\""
    )]
    Show(DbtShowArgs),
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// The project, its profile, and its variables.
#[derive(Debug, Args)]
pub(crate) struct ProjectArgs {
    /// Directory of the project [default: DBT_PROJECT_DIR, or the current directory or one above it]. Relative paths in the
    /// project and the profile start in the current directory, as in dbt.
    #[arg(long, value_name = "DIR")]
    pub(crate) project_dir: Option<PathBuf>,
    /// Directory of profiles.yml [default: DBT_PROFILES_DIR, or the first of the current directory, the project's, and ~/.dbt
    /// that has one].
    #[arg(long, value_name = "DIR")]
    pub(crate) profiles_dir: Option<PathBuf>,
    /// Profile [default: DBT_PROFILE, or the one that the project names].
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Target of the profile [default: DBT_TARGET, or the one that the profile names].
    #[arg(short, long, value_name = "NAME")]
    pub(crate) target: Option<String>,
    /// Variables as YAML, such as '{year: 2025}'; they override those in dbt_project.yml.
    #[arg(long, value_name = "YAML", value_parser = parse_vars)]
    pub(crate) vars: Option<Vars>,
    /// Engine threads [default: those of the profile, or else all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// Directory in the project for manifest.json, run_results.json, and compiled SQL [default: DBT_TARGET_PATH, or target].
    #[arg(long, value_name = "DIR")]
    pub(crate) target_path: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) unsupported: UnsupportedArgs,
}

/// Options of dbt that are refused by name, or that change nothing here.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a command-line flag")]
pub(crate) struct UnsupportedArgs {
    #[arg(long, hide = true)]
    no_use_colors: bool,
    #[arg(long, hide = true)]
    no_version_check: bool,
    #[arg(long, hide = true)]
    no_partial_parse: bool,
    #[arg(long, hide = true)]
    no_send_anonymous_usage_stats: bool,
    #[arg(long, hide = true)]
    state: Option<String>,
    #[arg(long, hide = true)]
    defer: bool,
    #[arg(long, hide = true)]
    selector: Option<String>,
    #[arg(long, hide = true)]
    indirect_selection: Option<String>,
    #[arg(long, hide = true)]
    empty: bool,
    #[arg(long, hide = true)]
    sample: Option<String>,
    #[arg(long, hide = true)]
    store_failures: bool,
    #[arg(long, hide = true)]
    warn_error: bool,
    #[arg(long, hide = true)]
    warn_error_options: Option<String>,
    #[arg(long, hide = true)]
    log_format: Option<String>,
    #[arg(long, hide = true)]
    log_level: Option<String>,
}

impl UnsupportedArgs {
    /// The first option that would change what dbt does.
    pub(crate) fn first(&self) -> Option<&'static str> {
        let given = [
            ("--state", self.state.is_some()),
            ("--defer", self.defer),
            ("--selector", self.selector.is_some()),
            ("--indirect-selection", self.indirect_selection.is_some()),
            ("--empty", self.empty),
            ("--sample", self.sample.is_some()),
            ("--store-failures", self.store_failures),
            ("--warn-error", self.warn_error),
            ("--warn-error-options", self.warn_error_options.is_some()),
            ("--log-format", self.log_format.is_some()),
            ("--log-level", self.log_level.is_some()),
        ];
        given.into_iter().find(|(_, is_given)| *is_given).map(|(name, _)| name)
    }
}

/// What to work on, in dbt's selection syntax.
#[derive(Debug, Args)]
pub(crate) struct SelectionArgs {
    /// What to select: names, paths, tag:x, +model, model+, and so on [default: everything].
    #[arg(short, long, value_name = "SELECTION", num_args = 1..)]
    pub(crate) select: Vec<String>,
    /// The older name of `--select`.
    #[arg(short, long, value_name = "SELECTION", num_args = 1.., hide = true, conflicts_with = "select")]
    pub(crate) models: Vec<String>,
    /// What to leave out.
    #[arg(long, value_name = "SELECTION", num_args = 1..)]
    exclude: Vec<String>,
}

impl SelectionArgs {
    /// The selection, of these kinds of resources. An empty one was meant to name something.
    pub(crate) fn selection(&self, resource_types: &[ResourceType]) -> Result<Selection, Failure> {
        let words = if self.models.is_empty() { &self.select } else { &self.models };
        let select = words.join(" ");
        if !words.is_empty() && select.trim().is_empty() {
            return Err(Failure::EmptySelection);
        }
        Ok(Selection { select, exclude: self.exclude.join(" "), resource_types: resource_types.to_vec() })
    }
}

#[derive(Debug, Args)]
pub(crate) struct DbtRunArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Rebuild incremental models from nothing.
    #[arg(short, long)]
    pub(crate) full_refresh: bool,
    /// Stop at the first failure.
    #[arg(short = 'x', long)]
    pub(crate) fail_fast: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DbtTestArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Stop at the first failure.
    #[arg(short = 'x', long)]
    pub(crate) fail_fast: bool,
}

/// A selection, or a query that isn't in the project.
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// A query to use instead.
    #[arg(long, value_name = "SQL", conflicts_with_all = ["select", "models", "exclude"])]
    pub(crate) inline: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DbtCompileArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) query: QueryArgs,
    /// Compile incremental models as if they were rebuilt.
    #[arg(short, long)]
    pub(crate) full_refresh: bool,
    /// How to print the SQL of what is selected.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: TextOrJson,
}

#[derive(Debug, Args)]
pub(crate) struct DbtShowArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) query: QueryArgs,
    /// Most rows to show; -1 for all.
    #[arg(long, value_name = "N", default_value_t = 5, allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-1..))]
    pub(crate) limit: i64,
    /// How to print the rows.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: TextOrJson,
}

#[derive(Debug, Args)]
pub(crate) struct DbtLsArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Kinds of resources to list [default: all].
    #[arg(long, value_name = "TYPE", num_args = 1.., value_parser = resource_type())]
    pub(crate) resource_type: Vec<Listed>,
    /// What to print of each.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: ListOutput,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextOrJson {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListOutput {
    /// What to select it by.
    #[default]
    Selector,
    Name,
    /// The file that defines it.
    Path,
    /// One object per line.
    Json,
}

/// A kind of resource to list; `None`: all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed(pub(crate) Option<ResourceType>);

fn resource_type() -> impl TypedValueParser<Value = Listed> {
    let types = [ResourceType::Model, ResourceType::Seed, ResourceType::Source, ResourceType::Test];
    let names = PossibleValuesParser::new(types.map(ResourceType::as_str).into_iter().chain(["all"]));
    names.map(move |name| Listed(types.into_iter().find(|kind| kind.as_str() == name)))
}

impl DbtCommand {
    /// The project's arguments; fails with the name of a command that isn't one of these.
    pub(crate) fn project(&self) -> Result<&ProjectArgs, String> {
        Ok(match self {
            Self::Build(args) | Self::Run(args) | Self::Seed(args) => &args.project,
            Self::Test(args) => &args.project,
            Self::Compile(args) => &args.project,
            Self::Ls(args) => &args.project,
            Self::Show(args) => &args.project,
            Self::Other(words) => {
                return Err(words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default());
            }
        })
    }

    /// dbt's name of the command.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Build(_) => "build",
            Self::Run(_) => "run",
            Self::Seed(_) => "seed",
            Self::Test(_) => "test",
            Self::Compile(_) => "compile",
            Self::Ls(_) => "list",
            Self::Show(_) => "show",
            Self::Other(_) => "",
        }
    }
}
