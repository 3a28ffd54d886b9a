//! Tortures the real binary (`cargo xtask torture`): kills it, fails its writes, damages its files, and runs it on a hostile
//! machine. Whatever happens, committed stages survive, and the run ends with the same tables as an uninterrupted one.
#![expect(clippy::print_stdout, reason = "it prints its results")]

mod damage;
mod environment;
mod faults;
mod kills;
#[expect(dead_code, reason = "the command tests use the rest")]
#[path = "../cli/sandbox.rs"]
mod sandbox;
mod trial;

use clap::Parser;

use trial::Trial;

/// Options for the torture tests.
#[derive(Parser)]
struct Arguments {
    /// Number of runs to kill, each up to five times.
    #[arg(long, default_value_t = 40)]
    kills: u64,
    /// Fail every nth write, in each way; 1 for all of them, 0 for none.
    #[arg(long, default_value_t = 60)]
    faults: usize,
    /// Number of times to truncate the database file or flip a bit in it.
    #[arg(long, default_value_t = 30)]
    damages: u64,
    /// First seed; a failing case prints its own.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Skip the tests of the environment (full disk, little memory, other processes).
    #[arg(long)]
    skip_environment: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let trial = Trial::new();
    kills::run(&trial, arguments.seed, arguments.kills);
    faults::run(&trial, arguments.faults);
    damage::run(&trial, arguments.seed, arguments.damages);
    if !arguments.skip_environment {
        environment::run();
    }
}
