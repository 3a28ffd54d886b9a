//! Finds the files of a project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
        std::fs::read_to_string(&self.absolute).map_err(|e| RunnerError::Project {
            file: self.relative.clone(),
            line: None,
            message: format!("cannot be read: {e}"),
        })
    }
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
    let unreadable = |e: std::io::Error| RunnerError::Project {
        file: relative.to_owned(),
        line: None,
        message: format!("cannot be read: {e}"),
    };
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
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
