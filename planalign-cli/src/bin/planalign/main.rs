//! The planalign command: arguments, presentation, exit codes. The work is done in the library.

mod args;
mod caller;
mod census;
mod checkpoint;
mod commands;
mod dbt;
mod dbt_guard;
mod exit_code;
mod failure;
mod man_pages;
mod probe;
mod progress;
#[cfg(test)]
mod reference;
mod report;
mod run_log;
mod signals;
mod simulate;
mod status;
mod validate;

use std::io::{ErrorKind, Write};

use clap::{CommandFactory, Parser};
use planalign_config::{Action, Hint};

use crate::args::{Cli, Command};
use crate::caller::Process;
use crate::commands::Commands;
use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// For `DuckDB`: it also replaces the C library's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Width of the summary in columns, as terminals usually have.
const SUMMARY_WIDTH: u16 = 100;

fn main() -> std::process::ExitCode {
    if let Some(code) = dbt_guard::host() {
        return code;
    }
    let cli = Cli::parse();
    set_up_logging(&cli);
    #[cfg(feature = "failpoints")]
    arm_failpoint(matches!(cli.command, Command::Probe { .. }));
    let received = signals::Received::default();
    let commands = Commands::new(&cli.command);
    let process = Process::new();
    let result = match &cli.command {
        Command::Simulate(args) => simulate::run(args, cli.quiet, &process, &received),
        Command::Validate(args) => validate::run(args, &process),
        Command::Census { action } => census::run(action),
        Command::Report(args) => report::run(args, &process),
        Command::Status(args) => status::run(args, &process),
        Command::Log(args) => run_log::run(args, &process),
        Command::Checkpoint { action } => checkpoint::run(action, &commands, &process),
        Command::Dbt(command) => dbt::run(command, cli.quiet, &process, &received),
        Command::Probe { database } => probe::run(database),
        Command::Completions { shell } => print_completions(*shell),
        Command::ManPages { directory } => man_pages::run(directory),
    };
    let code = match result {
        Ok(code) => {
            if let Some(next) = next_step(code, &cli.command).and_then(|hint| commands.render(&hint)) {
                log::warn!("{next}");
            }
            code
        }
        Err(failure) => {
            print_failure(&failure, &commands);
            match cli.command {
                Command::Dbt(_) => dbt::FAILED,
                _ => failure.exit_code(received.exit_code()),
            }
        }
    };
    code.into()
}

/// The next step after an outcome that needs attention but isn't a failure.
fn next_step(code: ExitCode, command: &Command) -> Option<Hint> {
    match (code, command) {
        (ExitCode::Findings, Command::Simulate(_)) => {
            Some(Hint::run("rules found errors; for a list and what to do, run {}", [Action::ValidateData]))
        }
        (ExitCode::Corrupt, Command::Report(_)) => Some(Hint::run(
            "some data doesn't match its checkpoints; to see what is intact, run {}",
            [Action::VerifyCheckpoints],
        )),
        _ => None,
    }
}

/// `-v` and `-q` decide; `PLANALIGN_LOG` may name modules, as `RUST_LOG` does elsewhere.
fn set_up_logging(cli: &Cli) {
    // A quiet dbt keeps warnings, because they say what it skipped.
    let is_quiet = cli.quiet && !matches!(cli.command, Command::Dbt(_));
    let level = match (is_quiet, cli.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, _) => "debug",
    };
    let filter = std::env::var("PLANALIGN_LOG").unwrap_or_else(|_| level.to_owned());
    env_logger::Builder::new().parse_filters(&filter).format(write_log_line).init();
}

/// Formats log lines like errors; below warnings, the module is shown too.
fn write_log_line(out: &mut env_logger::fmt::Formatter, record: &log::Record<'_>) -> std::io::Result<()> {
    match record.level() {
        log::Level::Error => writeln!(out, "error: {}", record.args()),
        log::Level::Warn => writeln!(out, "warning: {}", record.args()),
        level => writeln!(out, "{}: {}: {}", level.as_str().to_lowercase(), record.target(), record.args()),
    }
}

/// `PLANALIGN_FAILPOINT` names where this process fails or dies. The probe process has its own failpoints.
#[cfg(feature = "failpoints")]
fn arm_failpoint(is_probe: bool) {
    if let Ok(text) = std::env::var("PLANALIGN_FAILPOINT")
        && text.starts_with("probe") == is_probe
        && !planalign_config::failpoint::arm(&text)
    {
        log::error!("`{text}` is not a failpoint");
    }
}

/// Generates the whole script first, so that a closed pipe isn't an error.
fn print_completions(shell: clap_complete::Shell) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "planalign", &mut script);
    say(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Done)
}

fn print_failure(failure: &Failure, commands: &Commands) {
    let _ = write!(std::io::stderr().lock(), "{}", failure.render(commands));
}

/// Writes results to stdout. A closed pipe is fine, since its reader has read enough; any other write error is a failure.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush()) {
        Err(cause) if cause.kind() != ErrorKind::BrokenPipe => Err(Failure::Output(cause)),
        _ => Ok(()),
    }
}
