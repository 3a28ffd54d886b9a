//! Finds the files of a project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::project_file::{PROJECT_FILE, ProjectFile};
use crate::runner::RunnerError;

/// Extensions of the files that a project is loaded from.
const LOADED: [&str; 4] = ["sql", "yml", "yaml", "csv"];

/// Reads every file that a project is loaded from, by path within the project, with forward slashes. Writing them to another
/// directory yields the same project.
pub fn project_files(project_dir: &Path) -> Result<BTreeMap<String, String>, RunnerError> {
    let file = ProjectFile::load_any(project_dir)?;
    let root = ProjectPath {
        relative: PROJECT_FILE.to_owned(),
        absolute: project_dir.join(PROJECT_FILE),
        folders: Vec::new(),
    };
    let mut all = BTreeMap::from([(root.relative.clone(), root.read()?)]);
    for roots in [&file.model_paths, &file.seed_paths, &file.test_paths, &file.macro_paths] {
        for path in find(project_dir, roots)?.into_iter().filter(|path| path.has_extension(&LOADED)) {
            all.insert(path.relative.clone(), path.read()?);
        }
    }
    for path in properties(project_dir, &file)? {
        all.insert(path.relative.clone(), path.read()?);
    }
    Ok(all)
}

/// The properties files of a project.
pub(crate) fn properties(project: &Path, file: &ProjectFile) -> Result<Vec<ProjectPath>, RunnerError> {
    let mut found = find(project, &file.property_paths())?;
    found.retain(|f| f.has_extension(&["yml", "yaml"]));
    Ok(found)
}

/// The first file that a project is loaded from that is elsewhere, through a link or a path that leads out of it.
pub(crate) fn outside(project_dir: &Path) -> Result<Option<String>, RunnerError> {
    let file = ProjectFile::load_any(project_dir)?;
    let unreadable = |file: &str, e: &io::Error| RunnerError::Project {
        file: file.to_owned(),
        line: None,
        message: format!("cannot be read: {e}"),
    };
    let inside = project_dir.canonicalize().map_err(|e| unreadable(PROJECT_FILE, &e))?;
    let mut paths = find(project_dir, &file.property_paths())?;
    paths.retain(|path| path.has_extension(&LOADED));
    let paths = paths.into_iter().map(|path| (path.relative, path.absolute));
    for (relative, absolute) in [(PROJECT_FILE.to_owned(), project_dir.join(PROJECT_FILE))].into_iter().chain(paths) {
        if !absolute.canonicalize().map_err(|e| unreadable(&relative, &e))?.starts_with(&inside) {
            return Ok(Some(relative));
        }
    }
    Ok(None)
}

/// A file in the project.
#[derive(Clone, Debug)]
pub(crate) struct ProjectPath {
    /// Relative to the project, with forward slashes.
    pub(crate) relative: String,
    pub(crate) absolute: PathBuf,
    /// Directories between the path in `dbt_project.yml` and the file.
    pub(crate) folders: Vec<String>,
}

impl ProjectPath {
    /// The file name without its extension.
    pub(crate) fn stem(&self) -> String {
        self.absolute.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
    }

    pub(crate) fn has_extension(&self, extensions: &[&str]) -> bool {
        self.absolute.extension().is_some_and(|e| extensions.iter().any(|x| e.eq_ignore_ascii_case(x)))
    }

    pub(crate) fn read(&self) -> Result<String, RunnerError> {
        read(&self.absolute, &self.relative)
    }
}

/// Reads a file as UTF-8. Anything but a regular file is an error: a pipe would never end.
pub(crate) fn read(path: &Path, shown: &str) -> Result<String, RunnerError> {
    let problem = |line, message| RunnerError::Project { file: shown.to_owned(), line, message };
    let unreadable = |e: io::Error| problem(None, format!("cannot be read: {e}"));
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(problem(None, "is not a regular file; move it out of the project".to_owned()));
    }
    String::from_utf8(fs::read(path).map_err(unreadable)?).map_err(|error| {
        let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let line = String::from_utf8_lossy(&bytes[..at]).matches('\n').count() + 1;
        let message = format!("byte {} of the file (0x{:02X}) is not UTF-8; save the file as UTF-8", at + 1, bytes[at]);
        problem(Some(line), message)
    })
}

/// Reads a file that a project may lack, as UTF-8.
pub(crate) fn read_if_any(path: &Path, shown: &str) -> Result<Option<String>, RunnerError> {
    if path.exists() { read(path, shown).map(Some) } else { Ok(None) }
}

/// All files in the given directories of a project, sorted, except hidden and temporary ones; missing directories are empty.
pub(crate) fn find(project: &Path, roots: &[String]) -> Result<Vec<ProjectPath>, RunnerError> {
    let mut found = Vec::new();
    for root in roots {
        let directory = project.join(root);
        if directory.is_dir() {
            walk(&directory, root, &[], &mut found)?;
        }
    }
    found.sort_by(|a, b| a.relative.cmp(&b.relative));
    Ok(found)
}

fn walk(directory: &Path, relative: &str, folders: &[String], found: &mut Vec<ProjectPath>) -> Result<(), RunnerError> {
    let unreadable = |e: io::Error| RunnerError::Project {
        file: relative.to_owned(),
        line: None,
        message: format!("cannot be read: {e}"),
    };
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let (absolute, relative) = (entry.path(), format!("{relative}/{name}"));
        // Links to folders are not followed.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            let mut folders = folders.to_vec();
            folders.push(name);
            walk(&absolute, &relative, &folders, found)?;
        } else if !name.starts_with(['.', '#', '~']) {
            found.push(ProjectPath { relative, absolute, folders: folders.to_vec() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_not_utf8_are_named_with_line_and_byte() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("m.sql");
        fs::write(&path, b"select 1\n-- caf\xe9\n").expect("write");
        let error = read(&path, "models/m.sql").expect_err("not UTF-8").to_string();
        assert_eq!(error, "models/m.sql:2: byte 16 of the file (0xE9) is not UTF-8; save the file as UTF-8");
    }

    #[test]
    fn only_regular_files_are_read() {
        let folder = tempfile::tempdir().expect("folder");
        let error = read(folder.path(), "models/m.sql").expect_err("folder").to_string();
        assert_eq!(error, "models/m.sql: is not a regular file; move it out of the project");
    }
}
