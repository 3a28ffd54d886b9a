//! Generates `docs/reference/` and the configuration's JSON Schema from the program.
//!
//! A test fails if a committed page is outdated; `cargo xtask reference` rewrites the pages.

mod commands;
mod configuration;
mod engine2;
mod layouts;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use planalign::RunOptions;
use planalign::planalign_dbt::{Database, DatabaseOptions, EmbeddedRunner, Vars};
use planalign_config::settings::{default_file, schema};
use planalign_reporting::fixed::grouped;

use crate::exit_code::ExitCode;

/// Set by `cargo xtask reference` to write pages instead of comparing them.
const WRITE: &str = "PLANALIGN_WRITE_REFERENCE";

/// All generated files by path in the repository.
fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("config/simulation_config.yaml", default_file::text()),
        ("config/simulation_config.schema.json", format!("{:#}\n", schema::json_schema())),
        ("docs/reference/commands.md", commands::page()),
        ("docs/reference/configuration.md", configuration::page()),
        ("docs/reference/engine2-keys.md", engine2::page()),
        ("docs/reference/exit-codes.md", exit_codes()),
        ("docs/reference/run-events.md", layouts::run_events()),
        ("docs/reference/reports.md", layouts::reports()),
        ("planalign-cli/src/product_tests.txt", product_tests()),
    ]
}

/// The names of the data tests of the project.
fn product_tests() -> String {
    let database = Database::in_memory(&DatabaseOptions::default()).expect("database");
    let project = EmbeddedRunner::load(&repository().join("dbt"), database, &Vars::new()).expect("project");
    let mut names: Vec<String> = project.tests().map(|name| format!("{name}\n")).collect();
    names.sort();
    names.concat()
}

fn exit_codes() -> String {
    let mut page = heading("Exit codes", "Exit codes of every command. The numbers are stable.");
    page.push_str(&exit_code_table());
    page
}

fn exit_code_table() -> String {
    let mut table = String::from("| exit code | meaning |\n|---|---|\n");
    for (code, meaning) in ExitCode::MEANINGS {
        let _ = writeln!(table, "| {} | {meaning} |", code as u8);
    }
    table
}

/// The start of a page.
fn heading(title: &str, text: &str) -> String {
    format!("<!-- Written by `cargo xtask reference`. -->\n\n# {title}\n\n{text}\n\n")
}

/// Escapes text for a table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_reference_is_up_to_date() {
    let mut outdated = Vec::new();
    for (path, text) in pages() {
        let file = repository().join(path);
        if env::var_os(WRITE).is_some() {
            fs::create_dir_all(file.parent().expect("parent folder")).expect("create the folder");
            fs::write(file, text).expect("write the page");
        } else if fs::read_to_string(file).ok().as_ref() != Some(&text) {
            outdated.push(path);
        }
    }
    assert!(outdated.is_empty(), "outdated; run `cargo xtask reference`: {outdated:?}");
}

#[test]
fn the_default_number_of_threads_is_documented() {
    let people = grouped(RunOptions::ONE_THREAD_UP_TO.into());
    let page = configuration::page();
    let threads = page.lines().find(|line| line.starts_with("| `optimization.threads` |")).expect("the setting");
    assert!(threads.contains(&format!("null: 1 for a census of up to {people} people")), "{threads}");
}

#[test]
fn the_readme_lists_the_exit_codes() {
    let readme = fs::read_to_string(repository().join("README.md")).expect("README");
    assert!(readme.contains(&exit_code_table()), "expected\n{}", exit_code_table());
}
