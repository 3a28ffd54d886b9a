//! A copy of the workspace in which one file at a time is changed and restored.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::{CommandError, output_of};

/// The file `./setup` writes to make cargo link the prebuilt `DuckDB`.
const PREBUILT: &str = ".cargo/prebuilt.toml";

/// Why the workspace couldn't be copied or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    /// Git can't list the workspace's files.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A file can't be read or written.
    #[error("can't {what}: {cause}")]
    System {
        /// What failed.
        what: &'static str,
        /// The system's error.
        cause: io::Error,
    },
}

/// The copy. It is kept between runs, and so are its builds.
pub(crate) struct Copy {
    folder: PathBuf,
}

impl Copy {
    /// Syncs the folder with the files git tracks in the workspace. Equal files keep their modification times, so cargo doesn't
    /// rebuild them.
    pub(crate) fn of(root: &Path, folder: &Path) -> Result<Self, CopyError> {
        let listed = output_of(Command::new("git").args(["ls-files", "-z"]).current_dir(root))?;
        let mut tracked: BTreeSet<PathBuf> = listed.split_terminator('\0').map(PathBuf::from).collect();
        // Ignored by git, but without it, the copy would compile `DuckDB`.
        tracked.extend(Some(PathBuf::from(PREBUILT)).filter(|path| root.join(path).exists()));
        let failed = |cause| CopyError::System { what: "copy the workspace", cause };
        fs::create_dir_all(folder).map_err(failed)?;
        remove_others(folder, Path::new(""), &tracked).map_err(failed)?;
        for path in &tracked {
            copy_if_different(&root.join(path), &folder.join(path)).map_err(failed)?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs an action while one file of the copy is changed, then restores the file.
    pub(crate) fn with<T>(
        &self,
        file: &str,
        change: impl FnOnce(&str) -> String,
        work: impl FnOnce() -> T,
    ) -> Result<T, CopyError> {
        let failed = |cause| CopyError::System { what: "change a file of the copy", cause };
        let path = self.folder.join(file);
        let original = fs::read_to_string(&path).map_err(failed)?;
        fs::write(&path, change(&original)).map_err(failed)?;
        let result = work();
        fs::write(&path, original).map_err(failed)?;
        Ok(result)
    }
}

/// Removes files that are no longer tracked.
fn remove_others(folder: &Path, below: &Path, tracked: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder.join(below))? {
        let path = below.join(entry?.file_name());
        if folder.join(&path).is_dir() {
            remove_others(folder, &path, tracked)?;
        } else if !tracked.contains(&path) {
            fs::remove_file(folder.join(&path))?;
        }
    }
    Ok(())
}

fn copy_if_different(from: &Path, to: &Path) -> io::Result<()> {
    if fs::read(to).is_ok_and(|content| fs::read(from).is_ok_and(|wanted| wanted == content)) {
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::copy(from, to).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_has_the_tracked_files_and_is_restored_after_each_change() {
        let (root, folder) = (tempfile::tempdir().expect("root"), tempfile::tempdir().expect("folder"));
        let git =
            |arguments: &[&str]| output_of(Command::new("git").args(arguments).current_dir(root.path())).expect("git");
        git(&["init", "--quiet"]);
        fs::create_dir(root.path().join("src")).expect("src");
        fs::write(root.path().join("src/a.rs"), "a >= b").expect("a");
        git(&["add", "."]);
        fs::write(root.path().join("untracked"), "x").expect("untracked");
        fs::create_dir(root.path().join(".cargo")).expect(".cargo");
        fs::write(root.path().join(PREBUILT), "[target]").expect("prebuilt");
        fs::write(folder.path().join("leftover"), "from an earlier run").expect("leftover");
        let copy = Copy::of(root.path(), folder.path()).expect("copy");
        let read = || fs::read_to_string(folder.path().join("src/a.rs")).expect("a");
        assert_eq!(read(), "a >= b");
        assert!(!folder.path().join("untracked").exists() && !folder.path().join("leftover").exists());
        assert!(folder.path().join(PREBUILT).exists(), "the copy links the same DuckDB");
        assert_eq!(copy.with("src/a.rs", |text| text.replace(">=", ">"), read).expect("changed"), "a > b");
        assert_eq!(read(), "a >= b");
        let time = || fs::metadata(folder.path().join("src/a.rs")).and_then(|m| m.modified()).expect("time");
        let before = time();
        fs::remove_file(root.path().join(PREBUILT)).expect("switch to building from source");
        Copy::of(root.path(), folder.path()).expect("copy again");
        assert_eq!(time(), before, "an equal file isn't written");
        assert!(!folder.path().join(PREBUILT).exists(), "the copy builds from source, too");
    }
}
