//! Torture of the real binary, `cargo xtask torture`: it is killed, its writes fail, its files are damaged, and the machine is
//! hostile. Whatever happens, what was committed is there, and the run ends with the tables of an uninterrupted one.
#![expect(clippy::print_stdout, reason = "it prints its results")]

mod damage;
mod faults;
mod kills;
#[expect(dead_code, reason = "the command tests use the rest of it")]
#[path = "../cli/sandbox.rs"]
mod sandbox;
mod surroundings;
mod trial;

use clap::Parser;

use trial::Trial;

/// What to try.
#[derive(Parser)]
struct Arguments {
    /// Runs that are killed, each up to five times.
    #[arg(long, default_value_t = 40)]
    kills: u64,
    /// Lets every so-manieth write fail, in each way; 1 for all of them, 0 for none.
    #[arg(long, default_value_t = 60)]
    faults: usize,
    /// Truncations and flipped bits of the database file.
    #[arg(long, default_value_t = 30)]
    damages: u64,
    /// The first seed; a failing case names its own.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Leave the tests of the surroundings (disk full, memory, other processes) out.
    #[arg(long)]
    no_surroundings: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let trial = Trial::new();
    kills::run(&trial, arguments.seed, arguments.kills);
    faults::run(&trial, arguments.faults);
    damage::run(&trial, arguments.seed, arguments.damages);
    if !arguments.no_surroundings {
        surroundings::run();
    }
}
