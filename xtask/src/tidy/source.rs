//! Checks of the contents of files.

use super::Violation;
use crate::files::{Files, Line, RustFile};

/// Maximum number of lines; a longer file contains more than one idea.
const MAX_LINES: usize = 700;

/// Code that talks to the user.
const TALKING: [&str; 3] = ["planalign-cli/src/bin/", "planalign-cli/examples/", "xtask/"];

/// Where processes start that run dbt.
const STARTS_DBT: &str = "planalign-dbt/src/executable/";

/// Printing, the environment and the command line, exit codes, and child processes.
const TERMINAL: [&str; 12] = [
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "stdout()",
    "stderr()",
    "env::var",
    "env::vars",
    "env::args",
    "env::args_os",
    "process::exit",
    "Command::new",
];

const UNFINISHED: [&str; 5] = ["todo!", "unimplemented!", "dbg!", "#[ignore", "#[should_panic"];

/// Parent folders of users' home folders.
const HOMES: [&str; 3] = ["home", "root", "Users"];

/// The only crate that depends on the engine, and its only module that uses it.
const ENGINE_CRATE: &str = "planalign-config";
const ENGINE_MODULE: &str = "planalign-config/src/database";

/// Finds paths that exist on one machine only.
pub(crate) fn check_machine_paths(files: &Files) -> Vec<Violation> {
    let homes = HOMES.map(|home| format!("/{home}/"));
    let is_bad = |line: &str| homes.iter().any(|home| contains_path(line, home));
    let lines =
        files.all().flat_map(|(path, text)| text.lines().enumerate().map(move |(index, line)| (path, index + 1, line)));
    lines
        .filter(|(_, _, line)| is_bad(line))
        .map(|(path, line, _)| Violation::at(path, line, "a path on one machine"))
        .collect()
}

/// Returns whether the line contains an absolute path that starts with `home`; `docs/home/` isn't one.
fn contains_path(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_-.}".contains(c)))
}

/// Finds Rust files that don't state their purpose.
pub(crate) fn check_headers(files: &Files) -> Vec<Violation> {
    let has_header = |file: &RustFile| file.text.starts_with("//!") && !file.text.starts_with("//! placeholder");
    files
        .rust()
        .filter(|file| !has_header(file))
        .map(|file| Violation::at(file.path, 1, "doesn't state its purpose"))
        .collect()
}

/// Finds Rust files that are too long.
pub(crate) fn check_lengths(files: &Files) -> Vec<Violation> {
    let lines = |file: &RustFile| file.text.lines().count();
    let too_long = files.rust().filter(|file| lines(file) > MAX_LINES);
    too_long.map(|file| Violation::of(file.path, format!("{} lines; the limit is {MAX_LINES}", lines(&file)))).collect()
}

/// Finds unfinished code, and tests that don't run or don't state what they expect.
pub(crate) fn check_unfinished(files: &Files) -> Vec<Violation> {
    find(files, &UNFINISHED, |_, _| true)
}

/// Finds libraries that talk to the user.
pub(crate) fn check_terminal(files: &Files) -> Vec<Violation> {
    let talks = |path: &str| TALKING.iter().any(|talking| path.starts_with(talking));
    let starts_dbt = |path: &str, line: &str| path.starts_with(STARTS_DBT) && line.contains("Command::new");
    find(files, &TERMINAL, |file, line| !talks(file.path) && !starts_dbt(file.path, &line.code) && !line.is_test)
}

/// Finds uses of the engine's crate: dependencies in manifests, and paths in the crate that may depend on it.
pub(crate) fn check_engine_door(files: &Files) -> Vec<Violation> {
    let may_depend = |path: &str| path == "Cargo.toml" || path.starts_with(ENGINE_CRATE);
    let mut violations = Vec::new();
    for (path, text) in files.all().filter(|(path, _)| path.ends_with("Cargo.toml") && !may_depend(path)) {
        let depends = |line: &str| {
            line.starts_with("duckdb.") || line.starts_with("duckdb = {") || line.starts_with("duckdb = \"")
        };
        let lines = text.lines().enumerate().filter(|(_, line)| depends(line));
        violations.extend(lines.map(|(index, _)| Violation::at(path, index + 1, "depends on `duckdb`")));
    }
    let applies = |file: &RustFile, _: &Line| file.member() == ENGINE_CRATE && !file.path.starts_with(ENGINE_MODULE);
    violations.extend(find(files, &["duckdb::"], applies));
    violations
}

/// Finds tests that wait for time to pass.
pub(crate) fn check_sleeping_tests(files: &Files) -> Vec<Violation> {
    find(files, &["thread::sleep", "sleep("], |_, line| line.is_test)
}

/// Finds the patterns in the lines of code that the rule applies to.
fn find(files: &Files, patterns: &[&str], applies: impl Fn(&RustFile, &Line) -> bool) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files.rust() {
        for line in file.lines().iter().filter(|line| applies(&file, line)) {
            let found = patterns.iter().find(|pattern| contains_word(&line.code, pattern));
            violations.extend(found.map(|pattern| Violation::at(file.path, line.number, format!("`{pattern}`"))));
        }
    }
    violations
}

/// Returns whether the code contains the pattern, not as the end of a longer name.
fn contains_word(code: &str, pattern: &str) -> bool {
    code.match_indices(pattern).any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}
