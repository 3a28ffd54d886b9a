//! Developer tasks: `cargo xtask census | bench | coverage | engines | fuzz | mutants | outside | parity | projects | reference | tidy | torture`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool prints its results")]

mod bench;
mod census;
mod copy;
mod coverage;
mod dbt;
mod engines;
mod files;
mod fuzz;
mod mutants;
mod outside;
mod parity;
mod projects;
mod reference;
mod relations;
mod simulation;
mod tidy;
mod torture;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer tasks for PlanAlign")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write a synthetic census
    Census(census::CensusArguments),
    /// Benchmark simulations, stage by stage
    Bench(bench::BenchArguments),
    /// Regenerate docs/reference and the JSON Schema of the configuration
    Reference,
    /// Measure line coverage per crate
    Coverage(coverage::CoverageArguments),
    /// Compare rows and speed of DuckDB compiled from source and prebuilt
    Engines(engines::EnginesArguments),
    /// Damage small dbt projects, and check that the embedded runner survives them
    Fuzz(fuzz::FuzzArguments),
    /// Inject faults into a copy of the workspace and check that the tests notice
    Mutants(mutants::MutantsArguments),
    /// Compile and run programs outside the workspace: the README's, the examples, and one per library crate
    Outside,
    /// Build the project with dbt and compare its tables with the program's
    Parity(parity::ParityArguments),
    /// Record what dbt builds from the small projects of planalign-dbt
    Projects(projects::ProjectsArguments),
    /// Check the invariants of the codebase
    Tidy,
    /// Kill the program, fail its writes, and damage its files, and check that nothing is lost
    Torture(torture::TortureArguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Census(arguments) => census::run(&arguments).map_err(|e| e.to_string()),
        Task::Bench(arguments) => bench::run(&arguments).map_err(|e| e.to_string()),
        Task::Reference => reference::run().map_err(|e| e.to_string()),
        Task::Coverage(arguments) => coverage::run(&arguments).map_err(|e| e.to_string()),
        Task::Engines(arguments) => engines::run(&arguments).map_err(|e| e.to_string()),
        Task::Fuzz(arguments) => fuzz::run(&arguments).map_err(|e| e.to_string()),
        Task::Mutants(arguments) => mutants::run(&arguments).map_err(|e| e.to_string()),
        Task::Outside => outside::run().map_err(|e| e.to_string()),
        Task::Parity(arguments) => parity::run(&arguments).map_err(|e| e.to_string()),
        Task::Projects(arguments) => projects::run(&arguments).map_err(|e| e.to_string()),
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
