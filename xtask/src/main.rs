//! Tasks of the developers: `cargo xtask census | tidy | bench`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool tells its results to its user")]

mod census;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the developers of PlanAlign")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Writes a synthetic census.
    Census(census::CensusArguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Census(arguments) => census::run(&arguments).map_err(|e| e.to_string()),
    };
    match outcome {
        Ok(message) => {
            println!("{message}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
