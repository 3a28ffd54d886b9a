//! Tasks of the developers: `cargo xtask census | bench | coverage | engines | mutants | outside | parity | reference | tidy | torture`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool tells its results to its user")]

mod bench;
mod census;
mod copy;
mod coverage;
mod engines;
mod files;
mod mutants;
mod outside;
mod parity;
mod reference;
mod relations;
mod simulation;
mod tidy;
mod torture;
mod workspace;

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
    /// Measures simulations, stage by stage.
    Bench(bench::BenchArguments),
    /// Writes docs/reference and the JSON Schema of the configuration anew.
    Reference,
    /// Measures how much of each crate the tests run.
    Coverage(coverage::CoverageArguments),
    /// Compares the engine compiled from source with the prebuilt one: rows and speed.
    Engines(engines::EnginesArguments),
    /// Puts faults into a copy of the workspace and sees whether the tests notice them.
    Mutants(mutants::MutantsArguments),
    /// Compiles and runs programs outside of the workspace: the README's, the examples, one per library crate.
    Outside,
    /// Lets real dbt build the project, and compares its tables with those of the program.
    Parity(parity::ParityArguments),
    /// Checks the invariants of the codebase.
    Tidy,
    /// Kills the program, lets its writes fail and damages its files, and sees whether anything is lost.
    Torture(torture::TortureArguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Census(arguments) => census::run(&arguments).map_err(|e| e.to_string()),
        Task::Bench(arguments) => bench::run(&arguments).map_err(|e| e.to_string()),
        Task::Reference => reference::run().map_err(|e| e.to_string()),
        Task::Coverage(arguments) => coverage::run(&arguments).map_err(|e| e.to_string()),
        Task::Engines(arguments) => engines::run(&arguments).map_err(|e| e.to_string()),
        Task::Mutants(arguments) => mutants::run(&arguments).map_err(|e| e.to_string()),
        Task::Outside => outside::run().map_err(|e| e.to_string()),
        Task::Parity(arguments) => parity::run(&arguments).map_err(|e| e.to_string()),
        Task::Tidy => tidy::run().map_err(|e| e.to_string()),
        Task::Torture(arguments) => torture::run(&arguments).map_err(|e| e.to_string()),
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
