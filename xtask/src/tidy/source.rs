//! What the files say.

use super::Violation;
use crate::files::{Files, Line, RustFile};

/// Lines of a file, beyond which it holds more than one idea.
const MOST_LINES: usize = 700;

/// What talks to the user.
const TALKING: [&str; 3] = ["planalign-cli/src/bin/", "planalign-cli/examples/", "xtask/"];

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

/// Folders below which people's own files lie.
const HOMES: [&str; 3] = ["home", "root", "Users"];

/// The one crate that depends on the engine, and its one module that names it.
const ENGINE_CRATE: &str = "planalign-config";
const ENGINE_MODULE: &str = "planalign-config/src/database";

/// Finds paths that exist on one machine only.
pub(crate) fn check_machine_paths(files: &Files) -> Vec<Violation> {
    let homes = HOMES.map(|home| format!("/{home}/"));
    let is_bad = |line: &str| homes.iter().any(|home| holds_path(line, home));
    let lines =
        files.all().flat_map(|(path, text)| text.lines().enumerate().map(move |(index, line)| (path, index + 1, line)));
    lines
        .filter(|(_, _, line)| is_bad(line))
        .map(|(path, line, _)| Violation::at(path, line, "a path of one machine"))
        .collect()
}

/// Whether the line holds an absolute path that begins so; `docs/home/` is none.
fn holds_path(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_-.}".contains(c)))
}

/// Finds Rust files that do not say what they are for.
pub(crate) fn check_headers(files: &Files) -> Vec<Violation> {
    let is_headed = |file: &RustFile| file.text.starts_with("//!") && !file.text.starts_with("//! placeholder");
    files
        .rust()
        .filter(|file| !is_headed(file))
        .map(|file| Violation::at(file.path, 1, "says nothing of its purpose"))
        .collect()
}

/// Finds Rust files that are too long.
pub(crate) fn check_lengths(files: &Files) -> Vec<Violation> {
    let lines = |file: &RustFile| file.text.lines().count();
    let too_long = files.rust().filter(|file| lines(file) > MOST_LINES);
    too_long.map(|file| Violation::of(file.path, format!("{} lines, {MOST_LINES} at most", lines(&file)))).collect()
}

/// Finds code that gives up, and tests that do not run or do not say what they expect.
pub(crate) fn check_unfinished(files: &Files) -> Vec<Violation> {
    find(files, &UNFINISHED, |_, _| true)
}

/// Finds libraries that talk to the user.
pub(crate) fn check_terminal(files: &Files) -> Vec<Violation> {
    let talks = |path: &str| TALKING.iter().any(|talking| path.starts_with(talking));
    find(files, &TERMINAL, |file, line| !talks(file.path) && !line.is_test)
}

/// Finds users of the engine's crate: dependencies in manifests, and names in the crate that may depend on it.
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
    let concerns = |file: &RustFile, _: &Line| file.member() == ENGINE_CRATE && !file.path.starts_with(ENGINE_MODULE);
    violations.extend(find(files, &["duckdb::"], concerns));
    violations
}

/// Finds tests that wait for time to pass.
pub(crate) fn check_sleeping_tests(files: &Files) -> Vec<Violation> {
    find(files, &["thread::sleep", "sleep("], |_, line| line.is_test)
}

/// Finds the patterns in code, where the rule concerns the line.
fn find(files: &Files, patterns: &[&str], concerns: impl Fn(&RustFile, &Line) -> bool) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files.rust() {
        for line in file.lines().iter().filter(|line| concerns(&file, line)) {
            let found = patterns.iter().find(|pattern| holds_word(&line.code, pattern));
            violations.extend(found.map(|pattern| Violation::at(file.path, line.number, format!("`{pattern}`"))));
        }
    }
    violations
}

/// Whether the pattern stands in the code and is not the end of a longer name.
fn holds_word(code: &str, pattern: &str) -> bool {
    code.match_indices(pattern).any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}
