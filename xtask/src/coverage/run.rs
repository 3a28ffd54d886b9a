//! Runs the tests with cargo-llvm-cov and reads the counts it writes.

use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

use super::CoverageError;
use super::lcov::{self, Hits};
use crate::workspace::{cargo, output_of};

/// Tests that repeat what others run: those that kill the program, and those that run the examples, which cargo builds only for
/// all tests.
const REPETITIVE: [&str; 4] = ["--skip", "kills::", "--skip", "printed::"];

/// All tests except doc tests, which need another compiler, and repetitive ones. A process killed while writing its counters
/// doesn't corrupt others'.
const ARGUMENTS: [&str; 7] =
    ["llvm-cov", "--locked", "--workspace", "--tests", "--no-cfg-coverage", "--failure-mode=all", "--lcov"];

/// Environment variables with the paths of the tools that cargo-llvm-cov calls.
const TOOLS: [(&str, &str); 2] = [("LLVM_COV", "llvm-cov"), ("LLVM_PROFDATA", "llvm-profdata")];

/// Builds and runs all tests, and returns how often each line of each file ran.
pub(crate) fn tests() -> Result<Hits, CoverageError> {
    let folder = tempfile::tempdir().map_err(failed("create a temporary folder"))?;
    let report = folder.path().join("lcov.info");
    let mut command = cargo();
    command.args(ARGUMENTS).arg("--output-path").arg(&report).arg("--").args(REPETITIVE);
    if TOOLS.iter().all(|(variable, _)| env::var_os(variable).is_none()) {
        command.envs(tools_elsewhere()?);
    }
    let status = command.status().map_err(failed("run cargo"))?;
    if !status.success() {
        return Err(CoverageError::Tests);
    }
    let report = fs::read_to_string(report).map_err(failed("read the report of cargo-llvm-cov"))?;
    Ok(lcov::hits(&report))
}

/// Returns the LLVM tools as named by Linux distributions, such as `llvm-cov-22`, if the toolchain lacks component llvm-tools.
fn tools_elsewhere() -> Result<Vec<(&'static str, String)>, CoverageError> {
    let libraries = output_of(Command::new("rustc").args(["--print", "target-libdir"]))?;
    let component = Path::new(libraries.trim()).with_file_name("bin").join("llvm-cov");
    let version = output_of(Command::new("rustc").arg("-vV"))?;
    Ok(match llvm_version(&version) {
        Some(version) if !component.exists() => {
            TOOLS.map(|(variable, tool)| (variable, format!("{tool}-{version}"))).to_vec()
        }
        _ => Vec::new(),
    })
}

/// Returns the major version of rustc's LLVM; the tools must be that version or newer.
fn llvm_version(rustc: &str) -> Option<&str> {
    let version = rustc.lines().find_map(|line| line.strip_prefix("LLVM version: "))?;
    version.split('.').next()
}

fn failed(what: &'static str) -> impl Fn(io::Error) -> CoverageError {
    move |cause| CoverageError::System { what, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_llvm_version_is_that_of_rustc() {
        assert_eq!(llvm_version("rustc 1.95.0\nrelease: 1.95.0\nLLVM version: 22.1.2\n"), Some("22"));
        assert_eq!(llvm_version("rustc 1.95.0"), None);
    }
}
