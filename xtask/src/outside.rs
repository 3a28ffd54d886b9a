//! Whether a program outside of the workspace, written as the README says, compiles, runs, and shares what is compiled already.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use serde_json::Value;

use crate::workspace::{self, CommandError, cargo, output_of};

/// The program, from the root of the workspace.
const PROGRAM: &str = "planalign-cli/examples/growth.rs";

/// What cargo reads in the workspace, and so must in the copy, for both to compile dependencies alike.
const SHARED: [&str; 3] = ["Cargo.lock", ".cargo/config.toml", ".cargo/prebuilt.toml"];

/// How the paths of the README begin.
const CHECKOUT: &str = "\"path/to/planalign/";

/// Why the program can't be compiled or run, or compiles too much.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutsideError {
    /// It doesn't compile, or fails.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A file or a folder is not to be had.
    #[error("can't {what}: {cause}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system says.
        cause: io::Error,
    },
    /// The README doesn't say what to depend on.
    #[error("README.md has no block ```toml with [dependencies]")]
    Readme,
    /// Dependencies are compiled again.
    #[error(
        "a program outside of the workspace compiles again: {}\n`cargo tree -e features` there and here shows which features \
         differ; let a crate that both depend on ask for them",
        packages.join(", ")
    )]
    CompiledAgain {
        /// The packages.
        packages: Vec<String>,
    },
}

/// Writes, compiles and runs the program.
pub(crate) fn run() -> Result<String, OutsideError> {
    // What a member of the workspace needs is there first.
    output_of(cargo().args(["build", "--quiet", "--locked", "-p", "planalign-cli"]).stderr(Stdio::inherit()))?;
    let target = PathBuf::from(workspace::target_folder()?);
    let folder = target.join("outside");
    write(&workspace::root(), &folder)?;
    let mut build = cargo();
    build.current_dir(&folder).env("CARGO_TARGET_DIR", &target);
    build.args(["build", "--offline", "--message-format=json-render-diagnostics"]).stderr(Stdio::inherit());
    let artifacts = Artifacts::of(&output_of(&mut build)?);
    if !artifacts.compiled.is_empty() {
        return Err(OutsideError::CompiledAgain { packages: artifacts.compiled.into_iter().collect() });
    }
    let said = output_of(Command::new(artifacts.program).current_dir(checkout(&folder)?))?;
    Ok(format!("outside: {} dependencies are shared; the program says\n{}", artifacts.shared, said.trim_end()))
}

/// A folder that looks like a checkout, for what the program writes.
fn checkout(folder: &Path) -> Result<PathBuf, OutsideError> {
    let checkout = folder.join("checkout");
    let made = || {
        fs::create_dir_all(&checkout)?;
        for part in ["config", "data", "dbt"] {
            let link = checkout.join(part);
            if link.symlink_metadata().is_err() {
                symlink(workspace::root().join(part), link)?;
            }
        }
        Ok(())
    };
    made().map_err(system("make a folder for the program"))?;
    Ok(checkout)
}

/// The package: dependencies as in the README, profile and locked versions as in the workspace.
fn write(root: &Path, folder: &Path) -> Result<(), OutsideError> {
    let read = |path: &str| fs::read_to_string(root.join(path)).map_err(system("read a file of the workspace"));
    let written = |path: &str, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))
            .and_then(|()| fs::write(path, text))
            .map_err(system("write the program"))
    };
    let readme = read("README.md")?;
    let dependencies = dependencies_in(&readme).ok_or(OutsideError::Readme)?;
    let dependencies = dependencies.replace(CHECKOUT, &format!("\"{}/", root.display()));
    let workspace = read("Cargo.toml")?;
    let profile = workspace.find("[profile.").map_or("", |start| &workspace[start..]);
    // The target folder may be in the workspace, of which this is no member.
    let package = "[workspace]\n\n[package]\nname = \"growth\"\nedition = \"2024\"\n";
    written("Cargo.toml", &format!("{package}\n{dependencies}\n{profile}"))?;
    written("src/main.rs", &read(PROGRAM)?)?;
    for path in SHARED {
        // Cargo reads the configuration of the folders above, too: below the workspace it would count twice.
        let is_read_above = path.starts_with(".cargo") && folder.starts_with(root);
        if root.join(path).exists() && !is_read_above {
            written(path, &read(path)?)?;
        } else {
            // Of an earlier time, when the engine was prebuilt.
            let _ = fs::remove_file(folder.join(path));
        }
    }
    Ok(())
}

/// The block of the README that says what to depend on.
fn dependencies_in(readme: &str) -> Option<&str> {
    let blocks = readme.split("```toml\n").skip(1).filter_map(|after| after.split_once("```"));
    blocks.map(|(block, _)| block).find(|block| block.contains("[dependencies]"))
}

/// What cargo says of a build.
#[derive(Debug, Default, PartialEq, Eq)]
struct Artifacts {
    /// Packages of a registry that were there.
    shared: usize,
    /// Packages of a registry that were compiled.
    compiled: BTreeSet<String>,
    /// The program.
    program: PathBuf,
}

impl Artifacts {
    fn of(messages: &str) -> Self {
        let mut artifacts = Self::default();
        let mut shared = BTreeSet::new();
        for message in messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            if let Some(program) = message["executable"].as_str() {
                artifacts.program = program.into();
            }
            let package = message["package_id"].as_str().filter(|package| package.starts_with("registry+"));
            let name = package.and_then(|package| package.rsplit_once('#')).map(|(_, name)| name.to_owned());
            match (name, message["fresh"].as_bool()) {
                (Some(name), Some(true)) => drop(shared.insert(name)),
                (Some(name), Some(false)) => drop(artifacts.compiled.insert(name)),
                _ => {}
            }
        }
        artifacts.shared = shared.len();
        artifacts
    }
}

fn system(what: &'static str) -> impl Fn(io::Error) -> OutsideError {
    move |cause| OutsideError::System { what, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_compiled_is_told_from_what_was_there() {
        let messages = [
            r#"{"reason":"compiler-artifact","package_id":"registry+https://index#serde@1.0.229","executable":null,"fresh":true}"#,
            r#"{"reason":"compiler-artifact","package_id":"registry+https://index#syn@3.0.10","executable":null,"fresh":false}"#,
            r#"{"reason":"build-script-executed","package_id":"registry+https://index#syn@3.0.10"}"#,
            r#"{"reason":"compiler-artifact","package_id":"path+file:///x#growth@0.0.0","executable":"/t/growth","fresh":false}"#,
            r#"{"reason":"build-finished","success":true}"#,
        ];
        let expected =
            Artifacts { shared: 1, compiled: BTreeSet::from(["syn@3.0.10".to_owned()]), program: "/t/growth".into() };
        assert_eq!(Artifacts::of(&messages.join("\n")), expected);
    }

    #[test]
    fn the_readme_says_what_to_depend_on() {
        let readme = "text\n```toml\n[profile.dev]\n```\n```toml\n[dependencies]\na = \"1\"\n```\n";
        assert_eq!(dependencies_in(readme), Some("[dependencies]\na = \"1\"\n"));
        assert_eq!(dependencies_in("text"), None);
    }
}
