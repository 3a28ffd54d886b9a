//! The tests, built with counters and run; then what their processes left, read.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use serde_json::Value;

use super::map::{self, Hits};
use super::profile::Counts;
use super::{CoverageError, Malformed};
use crate::workspace::{cargo, output_of, root, target_folder};

/// What the processes of the tests ran.
pub(crate) struct Measured {
    pub(crate) hits: Hits,
    /// Processes that were killed while they wrote their counters.
    pub(crate) unfinished: usize,
}

/// Builds and runs all tests. Their profiles are gone afterwards.
pub(crate) fn tests() -> Result<Measured, CoverageError> {
    let folder = tempfile::tempdir().map_err(failed("make a temporary folder"))?;
    let messages = output_of(instrumented(&["--no-run", "--message-format=json"])?.stderr(Stdio::inherit()))?;
    // A process of its own writes a file of its own: one that is killed meanwhile spoils no other.
    let profiles = folder.path().join("%p-%m.profraw");
    let status =
        instrumented(&["--quiet"])?.env("LLVM_PROFILE_FILE", profiles).status().map_err(failed("run cargo"))?;
    if !status.success() {
        return Err(CoverageError::Tests);
    }
    let (counts, broken) = counts_in(folder.path()).map_err(failed("read the profiles"))?;
    if counts == Counts::default() {
        return Err(CoverageError::Profiles(broken.into_iter().next().unwrap_or(Malformed("there is none"))));
    }
    let mut hits = Hits::new();
    for path in programs(&messages) {
        let program = fs::read(&path).map_err(failed("read a program"))?;
        let named = |cause| CoverageError::Map { program: path.display().to_string(), cause };
        map::add_hits(&program, &counts, &mut hits).map_err(named)?;
    }
    Ok(Measured { hits, unfinished: broken.len() })
}

/// Tests that repeat what others run: with a program that is killed, and with the examples as programs, which cargo builds for all
/// tests only.
const REPETITIVE: [&str; 4] = ["--skip", "kills::", "--skip", "printed::"];

/// All tests but those in documentation, which rustdoc would have to link with counters, and those that only repeat.
fn instrumented(options: &[&str]) -> Result<Command, CoverageError> {
    let target = target_folder()?;
    let mut command = cargo();
    command.args(["test", "--locked", "--workspace", "--tests"]).args(options).arg("--").args(REPETITIVE);
    command.env("RUSTC_WORKSPACE_WRAPPER", root().join("xtask/coverage/rustc.sh"));
    // What is compiled of others is shared; the programs go elsewhere, so that nobody runs one with counters by mistake.
    command.env("CARGO_BUILD_BUILD_DIR", &target).env("CARGO_TARGET_DIR", Path::new(&target).join("coverage"));
    Ok(command)
}

/// Adds up the profiles in a folder; says what is wrong with those that are broken.
fn counts_in(folder: &Path) -> io::Result<(Counts, Vec<Malformed>)> {
    let mut counts = Counts::default();
    let mut broken = Vec::new();
    for entry in fs::read_dir(folder)? {
        broken.extend(counts.add(&fs::read(entry?.path())?).err());
    }
    Ok((counts, broken))
}

/// The programs that cargo tells to have built, tests and others.
fn programs(messages: &str) -> Vec<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter_map(|message| Some(message.get("executable")?.as_str()?.into())).collect()
}

fn failed(what: &'static str) -> impl Fn(io::Error) -> CoverageError {
    move |cause| CoverageError::System { what, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_those_that_cargo_names() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n{\"executable\":\"/t/cli\"}\n{\"reason\":\"build-finished\"}\nx";
        assert_eq!(programs(messages), [PathBuf::from("/t/cli")]);
    }

    #[test]
    fn a_broken_profile_is_counted_and_left_out() {
        let folder = tempfile::tempdir().expect("folder");
        fs::write(folder.path().join("1-2.profraw"), [0xff; 20]).expect("write");
        fs::write(folder.path().join("2-2.profraw"), []).expect("write");
        let broken = [Malformed("it ends too early"), Malformed("it ends too early")];
        assert_eq!(counts_in(folder.path()).expect("read"), (Counts::default(), broken.to_vec()));
    }
}
