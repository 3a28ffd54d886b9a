//! Tests of the real binary, on real files, as a user runs it.

mod bad_input;
mod cases;
mod census;
mod checkpoint;
mod comparisons;
mod damage;
mod dbt_commands;
#[cfg(unix)]
mod dbt_executable;
mod engine;
#[cfg(unix)]
#[path = "../../../planalign-dbt/tests/support/fake_dbt.rs"]
mod fake_dbt;
mod kills;
mod library;
mod log;
mod own_project;
mod privacy;
mod proportions;
mod recovery;
mod reference;
mod replay;
mod report;
mod sandbox;
mod shadows;
mod signals;
mod simulate;
mod status;
mod untrusted;
mod validation;
mod workers;
mod workflow;
