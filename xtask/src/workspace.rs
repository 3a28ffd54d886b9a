//! Locates the workspace and calls cargo in it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::Duration;
use std::{env, io};

/// Returns the workspace folder: the parent of this package's, which cargo passes when it runs a task.
pub(crate) fn root() -> PathBuf {
    let package =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map_or(package.clone(), Path::to_path_buf)
}

/// Returns the cargo that runs this task, in the workspace folder and as if called from a shell.
///
/// The variables that cargo sets for a program it runs (`CARGO_PKG_NAME` and others) must not reach a build: some build scripts
/// rerun when they change, and `DuckDB` is built after one of them.
pub(crate) fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root());
    for (name, _) in env::vars_os().filter(|(name, _)| is_about_this_task(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command
}

/// Returns the program, built next to this one.
pub(crate) fn program() -> io::Result<PathBuf> {
    let name = format!("planalign{}", env::consts::EXE_SUFFIX);
    Ok(env::current_exe()?.with_file_name(name))
}

/// Returns cargo's target folder.
pub(crate) fn target_folder() -> Result<String, CommandError> {
    let metadata = output_of(cargo().args(["metadata", "--locked", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap_or_default();
    Ok(metadata["target_directory"].as_str().unwrap_or("target").to_owned())
}

/// Returns whether cargo sets the variable for a program it runs.
fn is_about_this_task(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_"].iter().any(|prefix| name.starts_with(prefix))
}

/// Why a command returned no output.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// It couldn't be started.
    #[error("can't run {program}: {cause}")]
    Start {
        /// The program.
        program: String,
        /// The system's error.
        cause: io::Error,
    },
    /// It exited with an error.
    #[error("{program} failed:\n{reported}")]
    Failed {
        /// The program.
        program: String,
        /// Its error output, or its standard output if that is empty.
        reported: String,
    },
}

/// Runs a command to completion and returns its output.
pub(crate) fn output_of(command: &mut Command) -> Result<String, CommandError> {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let output = command.output().map_err(|cause| CommandError::Start { program: program.clone(), cause })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let reported = if output.stderr.trim_ascii().is_empty() { output.stdout } else { output.stderr };
        Err(CommandError::Failed { program, reported: String::from_utf8_lossy(&reported).trim_end().to_owned() })
    }
}

/// Why tests didn't pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TestError {
    /// Cargo couldn't be started.
    #[error("can't run cargo: {0}")]
    Start(#[from] io::Error),
    /// A test failed and printed how.
    #[error("`cargo test` ended with {0}")]
    Failed(ExitStatus),
}

/// Runs tests of a package, which print their results, with what `configure` adds to the command.
///
/// Also selects `xtask`, which has all features: the package alone would be recompiled.
pub(crate) fn run_tests(package: &str, configure: impl FnOnce(&mut Command) -> &mut Command) -> Result<(), TestError> {
    let mut test = cargo();
    test.args(["test", "--quiet", "-p", package, "-p", "xtask"]);
    let status = configure(&mut test).status()?;
    if status.success() { Ok(()) } else { Err(TestError::Failed(status)) }
}

/// Copies the dbt project into a new folder.
pub(crate) fn copy_dbt_project(to: &Path) -> Result<(), CommandError> {
    output_of(Command::new("cp").arg("-R").arg(root().join("dbt")).arg(to)).map(drop)
}

/// Waits until a running process creates a file or folder; returns whether it did before it ended.
pub(crate) fn creates(process: &mut Child, path: &Path) -> io::Result<bool> {
    while !path.exists() {
        if process.try_wait()?.is_some() {
            return Ok(path.exists());
        }
        sleep(Duration::from_millis(10));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_ends_is_not_waited_for() {
        let folder = tempfile::tempdir().expect("folder");
        let (path, other) = (folder.path().join("sign"), folder.path().join("other"));
        for (awaited, expected) in [(&other, false), (&path, true)] {
            let mut process = Command::new("touch").arg(&path).spawn().expect("touch");
            assert_eq!(creates(&mut process, awaited).expect("state"), expected);
            process.wait().expect("end");
        }
    }

    #[test]
    fn a_build_does_not_see_which_task_started_it() {
        let seen =
            ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "CARGO_HOME", "CARGO_TARGET_DIR", "PATH"].map(is_about_this_task);
        assert_eq!(seen, [true, true, false, false, false]);
        assert!(cargo().get_envs().any(|(name, value)| name == "CARGO_PKG_NAME" && value.is_none()));
    }
}
