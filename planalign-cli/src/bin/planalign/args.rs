//! The command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use planalign::{CheckpointSelector, InputOptions, RunOptions, StartMode};
use planalign_config::settings::{Override, RunnerKind};
use planalign_reporting::columns::{Column, in_columns};
use planalign_reporting::fixed::grouped;

use crate::census::CensusAction;
use crate::dbt::args::DbtCommand;
use crate::exit_code::ExitCode;

/// Default database file.
pub(crate) const DATABASE: &str = "simulation.duckdb";
pub(crate) const CONFIG: &str = InputOptions::CONFIG;
pub(crate) const PROJECT: &str = InputOptions::PROJECT;

/// Project a workforce and its retirement plan, year by year
#[derive(Debug, Parser)]
#[command(name = "planalign", version, max_term_width = 100, after_help = after_help())]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Show more detail (-vv for debug output).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Show only results and errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a simulation.
    #[command(after_help = SIMULATE_EXAMPLES)]
    Simulate(SimulateArgs),
    /// Check the configuration, census, dbt project, and workflow without running anything.
    #[command(
        after_help = "Examples:\n  planalign validate\n  planalign validate --scenario config/scenarios/generous_match.yaml\n  planalign validate --data --database growth.duckdb\n  planalign validate --schema > simulation_config.schema.json"
    )]
    Validate(ValidateArgs),
    /// Check a census file, and see how it is read.
    Census {
        /// What to do.
        #[command(subcommand)]
        action: CensusAction,
    },
    /// Rebuild the reports from a database.
    #[command(
        after_help = "Examples:\n  planalign report\n  planalign report --year 2027 --reports elsewhere\n  planalign report --template config/report_template.yaml --format json"
    )]
    Report(ReportArgs),
    /// Show the status of a run.
    #[command(after_help = "Examples:\n  planalign status\n  planalign status --format json")]
    Status(StatusArgs),
    /// Show the event log of a run, live with --follow.
    #[command(
        after_help = "Examples:\n  planalign log\n  planalign log --follow --database growth.duckdb\n  planalign log --format json"
    )]
    Log(LogArgs),
    /// List, verify, restore, or prune checkpoints.
    #[command(
        after_help = "Examples:\n  planalign checkpoint list\n  planalign checkpoint show 2026/VALIDATION\n  planalign checkpoint verify\n  planalign checkpoint restore 2026\n  planalign checkpoint prune --database growth.duckdb"
    )]
    Checkpoint {
        /// What to do.
        #[command(subcommand)]
        action: CheckpointAction,
    },
    /// Open a database in a process that may crash.
    #[command(hide = true)]
    Probe {
        /// Database file.
        #[arg(long, value_name = "FILE")]
        database: PathBuf,
    },
    /// Do what dbt does with any dbt project, without dbt.
    #[command(subcommand)]
    Dbt(Box<DbtCommand>),
    /// Generate a shell completion script.
    #[command(
        after_help = "Examples:\n  source <(planalign completions bash)\n  planalign completions fish > ~/.config/fish/completions/planalign.fish"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write man pages to a directory.
    #[command(
        after_help = "Examples:\n  planalign man-pages ~/.local/share/man/man1    where `man planalign` finds them\n  planalign man-pages pages                      for a package, or for `man -l pages/planalign.1`"
    )]
    ManPages {
        /// Directory; created if missing.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

impl Command {
    /// The database that the command uses.
    pub(crate) fn database(&self) -> Option<&Path> {
        match self {
            Self::Simulate(args) => Some(&args.database),
            Self::Validate(args) => Some(&args.database),
            Self::Report(args) => Some(&args.database),
            Self::Status(args) => Some(&args.database),
            Self::Log(args) => Some(&args.database),
            Self::Checkpoint { action } => Some(action.database()),
            Self::Probe { database } => Some(database),
            Self::Census { .. } | Self::Dbt(_) | Self::Completions { .. } | Self::ManPages { .. } => None,
        }
    }
}

/// Examples, environment, and exit codes.
fn after_help() -> String {
    let codes = ExitCode::MEANINGS.map(|(code, meaning)| vec![format!("  {}", code as u8), meaning.to_owned()]);
    let codes = in_columns(&[Column::left(), Column::left()], codes);
    format!("{EXAMPLES}\n\n{ENVIRONMENT}\n\nExit codes:\n{codes}")
}

fn runner_kind() -> impl TypedValueParser<Value = RunnerKind> {
    let names = PossibleValuesParser::new(["embedded", "dbt"]);
    names.map(|name| if name == "dbt" { RunnerKind::Dbt } else { RunnerKind::Embedded })
}

fn threads_help() -> String {
    let people = grouped(RunOptions::ONE_THREAD_UP_TO.into());
    format!("Engine threads [default: optimization.threads; if that is null, 1 up to {people} people, then all cores]")
}

fn workers_help() -> String {
    let people = grouped(RunOptions::ONE_THREAD_UP_TO.into());
    format!(
        "Models of a parallel-safe stage built at the same time [default: optimization.workers; if that is null, up to 2 for up to \
         {people} people, then 1]"
    )
}

const EXAMPLES: &str = "Examples:
  planalign validate                                         check the inputs
  planalign simulate                                         run a simulation
  planalign status                                           see its progress
  planalign report --template config/report_template.yaml    print the metrics of a template";

const ENVIRONMENT: &str = "Environment:
  PLANALIGN_<SECTION>__<KEY>    a setting, such as PLANALIGN_SIMULATION__START_YEAR=2026
  PLANALIGN_LOG                 log level or filter, such as debug or planalign_dbt=debug";

const SIMULATE_EXAMPLES: &str = "Examples:
  planalign simulate                                 the years in the configuration
  planalign simulate 2025-2027                       these years
  planalign simulate --resume                        resume after an interruption
  planalign simulate --restart-from 2027             keep 2025-2026, rerun from 2027
  planalign simulate --dry-run                       print the plan without running it
  planalign simulate --set simulation.target_growth_rate=0.05 --database growth.duckdb";

/// The inputs of a simulation.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Configuration file.
    #[arg(long, value_name = "FILE", help = format!("Configuration file [default: {CONFIG}]"))]
    pub(crate) config: Option<PathBuf>,
    /// Scenario file with settings that override the configuration.
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// Census file (CSV, Excel, or Parquet); overrides census.path.
    #[arg(long, value_name = "FILE")]
    pub(crate) census: Option<PathBuf>,
    /// Secret that replaces Social Security numbers, if they are the only IDs.
    #[arg(long, value_name = "FILE")]
    pub(crate) pseudonym_key: Option<PathBuf>,
    /// Directory of the dbt project.
    #[arg(long, value_name = "DIR", help = format!("Directory of the dbt project [default: {PROJECT}]"))]
    pub(crate) project: Option<PathBuf>,
    /// Override one setting, such as `simulation.random_seed=7`; repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<Setting>,
    /// Let the models and rules of a project that you haven't written read only the run's tables, its seeds, and the census.
    #[arg(long)]
    pub(crate) untrusted_project: bool,
}

impl InputArgs {
    /// Converts the arguments for the library.
    pub(crate) fn options(&self, years: Option<YearRange>, environment: BTreeMap<String, String>) -> InputOptions {
        InputOptions {
            config: self.config.clone(),
            scenario: self.scenario.clone(),
            census: self.census.clone(),
            pseudonym_key: self.pseudonym_key.clone(),
            project: self.project.clone(),
            overrides: self.set.iter().map(|set| Override::new(&set.key, &set.value, "--set")).collect(),
            years: years.map(|YearRange { start, end }| start..=end),
            untrusted_project: self.untrusted_project,
            environment,
        }
    }
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a command-line flag")]
pub(crate) struct SimulateArgs {
    /// Years to simulate, such as 2025-2029 [default: from the configuration].
    #[arg(value_name = "YEARS")]
    pub(crate) years: Option<YearRange>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Database file.
    #[arg(long, value_name = "FILE", default_value = DATABASE, value_parser = database_file)]
    pub(crate) database: PathBuf,
    /// Directory for reports.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub(crate) reports: PathBuf,
    /// Resume from the last committed stage.
    #[arg(long, conflicts_with = "restart")]
    pub(crate) resume: bool,
    /// With --resume, ignore changes to configuration, models, and seeds since the run started.
    #[arg(long, requires = "resume", conflicts_with_all = ["restart", "restart_from"])]
    pub(crate) as_recorded: bool,
    /// Discard the existing run and start over.
    #[arg(long)]
    pub(crate) restart: bool,
    /// Keep earlier years and rerun from YEAR with the current configuration.
    #[arg(long, value_name = "YEAR", conflicts_with_all = ["resume", "restart"])]
    pub(crate) restart_from: Option<i32>,
    /// Resume a run started by another version of PlanAlign or DuckDB.
    #[arg(long)]
    pub(crate) accept_version: bool,
    /// Print the execution plan and exit; writes nothing.
    #[arg(long, conflicts_with_all = ["resume", "restart_from"])]
    pub(crate) dry_run: bool,
    /// Stop at the first stage with an error finding.
    #[arg(long)]
    pub(crate) fail_on_validation_error: bool,
    /// Threads of the database engine.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help = threads_help())]
    pub(crate) threads: Option<u16>,
    /// Models built side by side.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help = workers_help())]
    pub(crate) workers: Option<u16>,
    /// Who builds the models: this program, or your own dbt [default: dbt.runner, or else embedded].
    #[arg(long, value_name = "RUNNER", value_parser = runner_kind())]
    pub(crate) runner: Option<RunnerKind>,
    /// With --runner dbt, the dbt executable: a path, or a name in the PATH [default: dbt.executable, or else dbt].
    #[arg(long, value_name = "PATH")]
    pub(crate) dbt_executable: Option<PathBuf>,
    /// Build models of parallel-safe stages in another order (for tests; results are the same).
    #[arg(long, value_name = "SEED", hide = true)]
    pub(crate) shuffle: Option<u64>,
    /// How to show progress (on stderr).
    #[arg(long, value_enum, default_value_t)]
    pub(crate) progress: ProgressStyle,
}

impl SimulateArgs {
    /// How the run starts.
    pub(crate) fn mode(&self) -> StartMode {
        match self.restart_from {
            Some(year) => StartMode::FromYear(year),
            None if self.resume => StartMode::Resume,
            None if self.restart => StartMode::Restart,
            None => StartMode::New,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Check the committed results of a run with all rules instead.
    #[arg(long)]
    pub(crate) data: bool,
    /// Database file of the run to check.
    #[arg(long, value_name = "FILE", default_value = DATABASE, value_parser = database_file, requires = "data")]
    pub(crate) database: PathBuf,
    /// Print the JSON Schema of configuration files (for editors) instead.
    #[arg(long, conflicts_with = "data")]
    pub(crate) schema: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Rebuild the audit of one year only.
    #[arg(long, value_name = "YEAR")]
    pub(crate) year: Option<i32>,
    /// Database file.
    #[arg(long, value_name = "FILE", default_value = DATABASE, value_parser = database_file)]
    pub(crate) database: PathBuf,
    /// Directory for reports.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub(crate) reports: PathBuf,
    /// Template (YAML) that selects, orders, and titles the metrics to print.
    #[arg(long, value_name = "FILE")]
    pub(crate) template: Option<PathBuf>,
    /// Output format of the summary.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: OutputFormat,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Database file.
    #[arg(long, value_name = "FILE", default_value = DATABASE, value_parser = database_file)]
    pub(crate) database: PathBuf,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: OutputFormat,
}

#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Run ID [default: the current run, or the latest].
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Database file.
    #[arg(long, value_name = "FILE", default_value = DATABASE, value_parser = database_file)]
    pub(crate) database: PathBuf,
    /// Follow the log until the run ends.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Output format; json prints one event per line.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: OutputFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CheckpointAction {
    /// List the checkpoints of the latest run, oldest first.
    #[command(after_help = "Example:\n  planalign checkpoint list --database growth.duckdb --format json")]
    List(StatusArgs),
    /// Show the tables, row counts, and hashes that a checkpoint recorded.
    #[command(after_help = "Examples:\n  planalign checkpoint show 2026\n  planalign checkpoint show 2026/VALIDATION")]
    Show {
        /// Year (all of its checkpoints), or YEAR/STAGE.
        #[arg(value_name = "YEAR[/STAGE]")]
        point: CheckpointSelector,
        #[command(flatten)]
        from: StatusArgs,
    },
    /// Compare every table and registry with the checkpoints.
    #[command(after_help = "Example:\n  planalign checkpoint verify --database growth.duckdb")]
    Verify(StatusArgs),
    /// Return the database to a checkpoint and remove what came later; `simulate --resume` continues from there.
    #[command(
        after_help = "Examples:\n  planalign checkpoint restore 2026\n  planalign checkpoint restore 2026/VALIDATION"
    )]
    Restore {
        /// Year (its end), or YEAR/STAGE.
        #[arg(value_name = "YEAR[/STAGE]")]
        point: CheckpointSelector,
        /// Database file.
        #[arg(long, value_name = "FILE", default_value = DATABASE, value_parser = database_file)]
        database: PathBuf,
    },
    /// Remove the records of runs that --restart replaced.
    #[command(after_help = "Example:\n  planalign checkpoint prune --database growth.duckdb")]
    Prune {
        /// Database file.
        #[arg(long, value_name = "FILE", default_value = DATABASE, value_parser = database_file)]
        database: PathBuf,
    },
}

/// Parses a database file name; rejects control characters, because a line break would break messages.
fn database_file(text: &str) -> Result<PathBuf, String> {
    if text.chars().any(char::is_control) {
        Err("file names with control characters are not supported".to_owned())
    } else {
        Ok(text.into())
    }
}

impl CheckpointAction {
    fn database(&self) -> &Path {
        match self {
            Self::List(from) | Self::Verify(from) | Self::Show { from, .. } => &from.database,
            Self::Restore { database, .. } | Self::Prune { database } => database,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressStyle {
    /// A bar on a terminal, plain lines otherwise.
    #[default]
    Auto,
    /// A bar.
    Bar,
    /// A line for each stage.
    Plain,
    /// The run's events, one JSON object per line.
    Json,
    /// Nothing.
    None,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Text.
    #[default]
    Table,
    /// JSON.
    Json,
}

/// `2025-2029`, or `2025` for a single year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct YearRange {
    pub(crate) start: i32,
    pub(crate) end: i32,
}

impl FromStr for YearRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let year = |part: &str| {
            let digits = part.len() == 4 && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten().ok_or_else(|| format!("`{text}` is not of the form 2025-2029"))
        };
        let (start, end) = text.split_once('-').unwrap_or((text, text));
        Ok(Self { start: year(start)?, end: year(end)? })
    }
}

/// `key=value` of `--set`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(Self { key: key.trim().to_owned(), value: value.trim().to_owned() })
            }
            _ => Err("expected KEY=VALUE, for example simulation.random_seed=7".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn year_ranges_are_four_digits_each() {
        assert_eq!("2025-2029".parse(), Ok(YearRange { start: 2025, end: 2029 }));
        assert_eq!("2026".parse(), Ok(YearRange { start: 2026, end: 2026 }));
        for bad in ["25-29", "2025-", "2025-2029-2031", "abcd", "+025"] {
            assert!(bad.parse::<YearRange>().is_err(), "{bad}");
        }
    }

    #[test]
    fn settings_have_a_key_and_a_value() {
        let set: Setting = "census.path=a=b.csv".parse().expect("setting");
        assert_eq!((set.key.as_str(), set.value.as_str()), ("census.path", "a=b.csv"));
        assert!("census.path".parse::<Setting>().is_err());
        assert!("=1".parse::<Setting>().is_err());
    }

    /// The example commands in the help of a command and its subcommands.
    fn examples(command: &mut clap::Command) -> Vec<String> {
        let help = command.render_long_help().to_string();
        let own = help.lines().map(str::trim).filter(|line| line.starts_with("planalign ")).map(str::to_owned);
        let inner = command.get_subcommands_mut().flat_map(examples);
        own.chain(inner.collect::<Vec<_>>()).collect()
    }

    #[test]
    fn examples_in_the_help_are_valid() {
        let mut root = Cli::command();
        root.build();
        let examples = examples(&mut root);
        assert!(examples.len() >= 20, "{examples:#?}");
        for example in examples {
            // A description or a redirection may follow the command.
            let command = example.split(" > ").next().and_then(|text| text.split("  ").next()).unwrap_or_default();
            let words = shlex::split(command).unwrap_or_default();
            assert!(Cli::try_parse_from(&words).is_ok(), "{example}");
            for file in words.iter().filter(|word| word.contains(".yaml")) {
                let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
                assert!(path.exists(), "{example}: {file} does not exist");
            }
        }
    }
}
