//! Finds the files of a project.

use std::path::{Path, PathBuf};

use crate::runner::RunnerError;

/// A file of the project.
#[derive(Clone, Debug)]
pub(crate) struct ProjectPath {
    /// Relative to the project, with forward slashes.
    pub(crate) relative: String,
    pub(crate) absolute: PathBuf,
    /// Folders between the path of `dbt_project.yml` and the file.
    pub(crate) folders: Vec<String>,
}

impl ProjectPath {
    /// The file's name without its extension.
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

/// All files below the given folders of a project, sorted; folders that do not exist are empty.
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
        if name.starts_with('.') {
            continue;
        }
        let (absolute, relative) = (entry.path(), format!("{relative}/{name}"));
        if absolute.is_dir() {
            let mut folders = folders.to_vec();
            folders.push(name);
            walk(&absolute, &relative, &folders, found)?;
        } else {
            found.push(ProjectPath { relative, absolute, folders: folders.to_vec() });
        }
    }
    Ok(())
}
