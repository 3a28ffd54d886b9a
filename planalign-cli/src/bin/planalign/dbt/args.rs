//! The arguments of `planalign dbt`, which are dbt's.

#![expect(clippy::doc_markdown, reason = "help is printed as it is")]

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use planalign_dbt::{ResourceType, Selection, Vars, parse_vars};

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
        group(ArgGroup::new("what").args(["select", "inline"]).required(true)),
        after_help = "Examples:\n  planalign dbt show --select orders\n  planalign dbt show --inline \"select count(*) from {{ ref('orders') }}\""
    )]
    Show(DbtShowArgs),
}

/// The project, its profile, and its variables.
#[derive(Debug, Args)]
pub(crate) struct ProjectArgs {
    /// Directory of the project [default: DBT_PROJECT_DIR, or the current directory or one above it].
    #[arg(long, value_name = "DIR")]
    pub(crate) project_dir: Option<PathBuf>,
    /// Directory of profiles.yml [default: DBT_PROFILES_DIR, or the first of the current directory, the project's, and ~/.dbt
    /// that has one].
    #[arg(long, value_name = "DIR")]
    pub(crate) profiles_dir: Option<PathBuf>,
    /// Target of the profile [default: the one that the profile names].
    #[arg(short, long, value_name = "NAME")]
    pub(crate) target: Option<String>,
    /// Variables as YAML, such as '{year: 2025}'; they override those in dbt_project.yml.
    #[arg(long, value_name = "YAML", value_parser = parse_vars)]
    pub(crate) vars: Option<Vars>,
    /// Engine threads [default: those of the profile, or else all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// Directory for manifest.json, run_results.json, and compiled SQL [default: target in the project].
    #[arg(long, value_name = "DIR")]
    pub(crate) target_path: Option<PathBuf>,
}

/// What to work on, in dbt's selection syntax.
#[derive(Debug, Args)]
pub(crate) struct SelectionArgs {
    /// What to select: names, paths, tag:x, +model, model+, and so on [default: everything].
    #[arg(short, long, value_name = "SELECTION", num_args = 1.., visible_alias = "models", short_alias = 'm')]
    pub(crate) select: Vec<String>,
    /// What to leave out.
    #[arg(long, value_name = "SELECTION", num_args = 1..)]
    exclude: Vec<String>,
}

impl SelectionArgs {
    /// The selection, of these kinds of resources.
    pub(crate) fn selection(&self, resource_types: &[ResourceType]) -> Selection {
        Selection {
            select: self.select.join(" "),
            exclude: self.exclude.join(" "),
            resource_types: resource_types.to_vec(),
        }
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
    #[arg(long, value_name = "SQL", conflicts_with_all = ["select", "exclude"])]
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
    pub(crate) resource_type: Vec<ResourceType>,
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

fn resource_type() -> impl TypedValueParser<Value = ResourceType> {
    let types = [ResourceType::Model, ResourceType::Seed, ResourceType::Source, ResourceType::Test];
    let names = PossibleValuesParser::new(types.map(ResourceType::as_str));
    names.map(move |name| types.into_iter().find(|kind| kind.as_str() == name).unwrap_or(ResourceType::Model))
}

impl DbtCommand {
    pub(crate) fn project(&self) -> &ProjectArgs {
        match self {
            Self::Build(args) | Self::Run(args) | Self::Seed(args) => &args.project,
            Self::Test(args) => &args.project,
            Self::Compile(args) => &args.project,
            Self::Ls(args) => &args.project,
            Self::Show(args) => &args.project,
        }
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
        }
    }
}
