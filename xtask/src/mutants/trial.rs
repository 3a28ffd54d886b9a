//! Runs one test against one fault.

use std::path::Path;

use super::MutantsError;
use super::catalogue::Mutant;
use super::table::Verdict;
use crate::workspace::{CommandError, cargo};

/// Cargo's output for some tests.
pub(crate) struct Output {
    stdout: String,
    stderr: String,
}

impl Output {
    pub(crate) fn passed(&self, test: &str) -> bool {
        self.reported(test) == Some("ok")
    }

    pub(crate) fn text(&self) -> String {
        let lines: Vec<&str> = self.stderr.lines().chain(self.stdout.lines()).collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Returns a test's result, or `None` if it didn't run because it doesn't compile or doesn't exist.
    fn reported(&self, test: &str) -> Option<&str> {
        let start = format!("test {test} ... ");
        self.stdout.lines().find_map(|line| line.strip_prefix(&start))
    }

    fn verdict(&self, test: &str) -> Verdict {
        match self.reported(test) {
            Some("FAILED") => Verdict::Killed,
            Some(_) => Verdict::Survived,
            None => Verdict::Broken(self.text()),
        }
    }
}

/// Runs a mutant's test.
pub(crate) fn run(folder: &Path, target: &str, mutant: &Mutant) -> Result<Verdict, MutantsError> {
    let output = output_of_tests(folder, target, &mutant.package, &mutant.target, &[&mutant.test])?;
    Ok(output.verdict(&mutant.test))
}

/// Runs only these tests, in the copy.
///
/// Also selects `xtask`, which has all features: the package alone would recompile `DuckDB`.
pub(crate) fn output_of_tests(
    folder: &Path,
    target: &str,
    package: &str,
    suite: &str,
    tests: &[&str],
) -> Result<Output, MutantsError> {
    let mut command = cargo();
    command.current_dir(folder).env("INSTA_UPDATE", "no");
    // Dependencies are shared. Programs go elsewhere, and a no-op wrapper keeps the copy's crates separate from the workspace's,
    // which cargo identifies by name only, so that no one runs a mutant by mistake.
    command.env("CARGO_BUILD_BUILD_DIR", target).env("CARGO_TARGET_DIR", Path::new(target).join("mutants/target"));
    command.env("RUSTC_WORKSPACE_WRAPPER", "env");
    command.args(["test", "--locked", "--no-fail-fast", "-p", package, "-p", "xtask"]);
    match suite {
        "lib" => command.arg("--lib"),
        "bin" => command.arg("--bins"),
        name => command.args(["--test", name]),
    };
    command.args(["--", "--exact"]).args(tests);
    let output = command.output().map_err(|cause| CommandError::Start { program: "cargo".to_owned(), cause })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Output { stdout: text(&output.stdout), stderr: text(&output.stderr) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_test_that_ran_and_failed_kills_a_mutant() {
        let output = |stdout: &str| Output { stdout: stdout.to_owned(), stderr: "error[E0308]".to_owned() };
        let verdict = |stdout: &str| output(stdout).verdict("a::b");
        assert_eq!(verdict("running 1 test\ntest a::b ... FAILED\n"), Verdict::Killed);
        assert_eq!(verdict("test a::b ... ok\n"), Verdict::Survived);
        assert_eq!(verdict("test a::bc ... FAILED"), Verdict::Broken("error[E0308]\ntest a::bc ... FAILED".to_owned()));
        assert_eq!(verdict(""), Verdict::Broken("error[E0308]".to_owned()));
        assert!(output("test a::b ... ok\n").passed("a::b"));
    }
}
