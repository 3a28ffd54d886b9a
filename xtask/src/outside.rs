//! Checks that programs outside the workspace compile, run, and share the compiled `DuckDB`: the README's, the examples, and one
//! per library crate in `xtask/outside`, each with only the dependencies in its manifest.

mod build;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use crate::workspace::{self, CommandError, cargo, output_of};
use build::{Build, has};

/// A folder per package, with its manifest, and its program unless the manifest names another.
const PACKAGES: &str = "xtask/outside";

/// The package built from the README.
const README: &str = "readme";

/// Programs that don't depend on `DuckDB`.
const WITHOUT_DUCKDB: [&str; 5] =
    ["planalign-config", "planalign-pipeline", "planalign-registries", "planalign-reporting", "planalign-validation"];

/// The package that compiles `DuckDB`.
const DUCKDB: &str = "libduckdb-sys";

/// Files that cargo must read in both folders to compile dependencies alike.
const SHARED: [&str; 3] = ["Cargo.lock", ".cargo/config.toml", ".cargo/prebuilt.toml"];

/// The start of paths in the README and the manifests.
const CHECKOUT: &str = "\"path/to/planalign/";

/// Why the programs can't be compiled or run, or recompile dependencies.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutsideError {
    /// One doesn't compile; cargo printed why.
    #[error("`{program}` doesn't compile outside the workspace")]
    Compile {
        /// The package.
        program: String,
    },
    /// One fails.
    #[error("`{program}` failed outside the workspace: {cause}")]
    Run {
        /// The package.
        program: String,
        /// Its error.
        cause: CommandError,
    },
    /// Cargo can't build the workspace.
    #[error(transparent)]
    Workspace(#[from] CommandError),
    /// A file or folder can't be accessed.
    #[error("can't {what}: {cause}")]
    System {
        /// What failed.
        what: &'static str,
        /// The system's error.
        cause: io::Error,
    },
    /// The README lacks a code block.
    #[error("README.md has no block ```{0}")]
    Readme(&'static str),
    /// `DuckDB` is recompiled, perhaps with other dependencies.
    #[error(
        "`{program}` outside the workspace recompiles: {}\nhelp: compare `cargo tree -e features` there and here to see which \
         features differ, and enable them in a crate that both depend on",
        packages.join(", ")
    )]
    CompiledAgain {
        /// The package.
        program: String,
        /// The dependencies.
        packages: Vec<String>,
    },
    /// A crate needs `DuckDB` even though its feature is off.
    #[error("`{program}` depends on DuckDB; `cargo tree -i libduckdb-sys` shows through which crate")]
    NeedsDuckdb {
        /// The package.
        program: String,
    },
}

/// Writes, compiles, and runs the programs.
pub(crate) fn run() -> Result<String, OutsideError> {
    // Build what the workspace needs first.
    output_of(cargo().args(["build", "--quiet", "--locked", "-p", "planalign-cli"]).stderr(Stdio::inherit()))?;
    let target = PathBuf::from(workspace::target_folder()?);
    let folder = target.join("outside");
    let packages = write(&workspace::root(), &folder)?;
    let checkout = checkout(&folder)?;
    let mut report = format!("outside: {} packages compile and run", packages.len());
    for program in packages {
        let build = build(&program, &folder, &target)?;
        let of_program = |cause| OutsideError::Run { program: program.clone(), cause };
        for executable in &build.executables {
            output_of(Command::new(executable).current_dir(&checkout)).map_err(of_program)?;
        }
        report = format!("{report}\n{program}: {build}");
    }
    Ok(report)
}

/// Compiles a package; with `DuckDB`, it must not recompile what the workspace compiled.
fn build(program: &str, folder: &Path, target: &Path) -> Result<Build, OutsideError> {
    let mut build = cargo();
    build.current_dir(folder.join(program)).env("CARGO_TARGET_DIR", target).stderr(Stdio::inherit());
    build.args(["build", "--quiet", "--offline", "--message-format=json-render-diagnostics"]);
    let program = program.to_owned();
    let build = match output_of(&mut build) {
        Ok(messages) => Build::of(&messages),
        // Its errors are on stderr already; its output is for programs.
        Err(CommandError::Failed { .. }) => return Err(OutsideError::Compile { program }),
        Err(start @ CommandError::Start { .. }) => return Err(start.into()),
    };
    // The command's and DuckDB's dependencies enable features of others, so without them, a few small ones differ.
    match WITHOUT_DUCKDB.contains(&program.as_str()) {
        true if has(&build.shared, DUCKDB) || has(&build.compiled, DUCKDB) => {
            Err(OutsideError::NeedsDuckdb { program })
        }
        false if has(&build.compiled, DUCKDB) => {
            Err(OutsideError::CompiledAgain { program, packages: build.compiled.into_iter().collect() })
        }
        _ => Ok(build),
    }
}

/// Creates a folder that looks like a checkout, for the programs to read and write.
fn checkout(folder: &Path) -> Result<PathBuf, OutsideError> {
    let checkout = folder.join("checkout");
    let made = || {
        if checkout.exists() {
            fs::remove_dir_all(&checkout)?;
        }
        fs::create_dir_all(&checkout)?;
        for part in ["config", "data", "dbt"] {
            symlink(workspace::root().join(part), checkout.join(part))?;
        }
        Ok(())
    };
    made().map_err(system("create a folder for the programs"))?;
    Ok(checkout)
}

/// Writes the packages as a separate workspace, with the profile and locked versions of this one. Returns their names, the
/// README's first, since the others read what it simulates.
fn write(root: &Path, folder: &Path) -> Result<Vec<String>, OutsideError> {
    let read = |path: &str| fs::read_to_string(root.join(path)).map_err(system("read a file of the workspace"));
    let mut packages = vec![README.to_owned()];
    packages.extend(packages_in(root)?);
    let workspace = read("Cargo.toml")?;
    let profile = workspace.find("[profile.").map_or("", |start| &workspace[start..]);
    let members = format!("[workspace]\nresolver = \"3\"\nmembers = {packages:?}\n\n{profile}");
    written(folder, "Cargo.toml", &members)?;
    let paths_replaced = |manifest: &str| manifest.replace(CHECKOUT, &format!("\"{}/", root.display()));

    let readme = read("README.md")?;
    let block = |language| block(&readme, language).ok_or(OutsideError::Readme(language));
    let manifest = format!("[package]\nname = \"{README}\"\nedition = \"2024\"\n\n{}", block("toml")?);
    written(folder, "readme/Cargo.toml", &paths_replaced(&manifest))?;
    written(folder, "readme/src/main.rs", block("rust")?)?;
    for package in &packages[1..] {
        let manifest = read(&format!("{PACKAGES}/{package}/Cargo.toml"))?;
        written(folder, &format!("{package}/Cargo.toml"), &paths_replaced(&manifest))?;
        if !manifest.contains("[[bin]]") {
            let program = read(&format!("{PACKAGES}/{package}/main.rs"))?;
            written(folder, &format!("{package}/src/main.rs"), &program)?;
        }
    }
    share(root, folder)?;
    Ok(packages)
}

/// Returns the names of the packages in `xtask/outside`, sorted.
fn packages_in(root: &Path) -> Result<Vec<String>, OutsideError> {
    let entries = fs::read_dir(root.join(PACKAGES)).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(system("read the folder of the programs"))?;
    let mut names: Vec<_> = entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// Copies what cargo reads in addition to the manifests.
fn share(root: &Path, folder: &Path) -> Result<(), OutsideError> {
    for path in SHARED {
        // Cargo also reads the configuration of parent folders: within the workspace, it would count twice.
        let is_read_above = path.starts_with(".cargo") && folder.starts_with(root);
        if root.join(path).exists() && !is_read_above {
            let text = fs::read_to_string(root.join(path)).map_err(system("read a file of the workspace"))?;
            written(folder, path, &text)?;
        } else {
            // Left over from when the engine was prebuilt.
            let _ = fs::remove_file(folder.join(path));
        }
    }
    Ok(())
}

/// Writes a file and its folder.
fn written(folder: &Path, path: &str, text: &str) -> Result<(), OutsideError> {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap_or(folder))
        .and_then(|()| fs::write(path, text))
        .map_err(system("write a program"))
}

/// Returns the README's first block in this language.
fn block<'a>(readme: &'a str, language: &str) -> Option<&'a str> {
    let (_, after) = readme.split_once(&format!("```{language}\n"))?;
    after.split_once("```").map(|(block, _)| block)
}

fn system(what: &'static str) -> impl Fn(io::Error) -> OutsideError {
    move |cause| OutsideError::System { what, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_block_of_each_language_is_found() {
        let readme = "text\n```rust\nfn main() {}\n```\n```toml\n[dependencies]\na = \"1\"\n```\n```rust\nx\n```\n";
        assert_eq!(block(readme, "rust"), Some("fn main() {}\n"));
        assert_eq!(block(readme, "toml"), Some("[dependencies]\na = \"1\"\n"));
        assert_eq!(block(readme, "sql"), None);
    }

    #[test]
    fn every_library_crate_has_a_program() {
        let root = workspace::root();
        let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the manifest");
        let members =
            manifest.split_once("members = [").and_then(|(_, after)| after.split_once(']')).expect("members").0;
        let crates = members.split('"').filter(|name| name.starts_with("planalign-"));
        // The library of the package planalign-cli is named planalign.
        let mut expected: Vec<_> = crates.map(|name| name.trim_end_matches("-cli")).chain(["examples"]).collect();
        expected.sort_unstable();
        assert_eq!(packages_in(&root).expect("programs"), expected);
        assert!(WITHOUT_DUCKDB.iter().all(|name| expected.contains(name)));
    }
}
