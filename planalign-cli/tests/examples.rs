//! The examples run and print the expected results.

use std::env;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

#[path = "../examples/growth.rs"]
mod growth;
#[path = "../examples/stop_and_resume.rs"]
mod stop_and_resume;
#[path = "../examples/without_database.rs"]
mod without_database;

/// A folder that looks like the repository.
fn checkout() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for part in ["config", "data", "dbt"] {
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(part);
        symlink(original, folder.path().join(part)).expect("a link");
    }
    folder
}

#[test]
fn the_examples_run_in_one_process() {
    let folder = checkout();
    // The other tests in this file use absolute paths.
    env::set_current_dir(folder.path()).expect("the folder");
    for main in [growth::main, stop_and_resume::main, without_database::main] {
        main().unwrap_or_else(|e| panic!("{e}"));
    }
    env::set_current_dir(env!("CARGO_MANIFEST_DIR")).expect("the crate");
}

#[test]
fn the_readme_shows_the_example() {
    let (readme, example) = (include_str!("../../README.md"), include_str!("../examples/growth.rs"));
    let block = readme.split("```rust\n").nth(1).and_then(|after| after.split("```").next()).expect("a block");
    let example = &example[example.find("use ").expect("its first import")..];
    // It is public in the crate because a test calls it, too.
    assert_eq!(block, example.replace("pub(crate) fn main", "fn main"));
}

/// Runs the examples as programs. Cargo builds them before it runs all tests.
mod printed {
    use std::process::Command;

    use super::*;

    fn printed(name: &str) -> String {
        let (folder, test) = (checkout(), env::current_exe().expect("the test"));
        let example = test.ancestors().nth(2).expect("the target folder").join("examples").join(name);
        let output = Command::new(&example).current_dir(folder.path()).output();
        let output = output.unwrap_or_else(|e| panic!("{} (build it with `cargo test`): {e}", example.display()));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    #[test]
    fn growth() {
        insta::assert_snapshot!(printed("growth"), @"
        2025        10,300     3.00%
        2026        10,609     3.00%
        2027        10,927     3.00%
        CAGR                   3.00%
        {2025: 10300, 2026: 10609, 2027: 10927}
        ");
    }

    #[test]
    fn stop_and_resume() {
        insta::assert_snapshot!(printed("stop_and_resume"), @"
        stopped in 2026
        resumed in 2026
        2025        10,300     3.00%
        2026        10,609     3.00%
        CAGR                   3.00%
        ");
    }

    #[test]
    fn without_database() {
        insta::assert_snapshot!(printed("without_database"), @"
        2025: staff built
        2025: FOUNDATION committed
        2025: EVENTS retried: model hires (models/events/hires.sql) failed: the file is locked
        2025: hires built
        2025: terminations built
        2025: EVENTS committed
        2025: REPORTING committed
        2026: staff built
        2026: FOUNDATION committed
        2026: hires built
        2026: terminations built
        2026: EVENTS committed
        2026: REPORTING committed
        ");
    }
}
