//! Variables that are too long for the command line.
//!
//! The system limits an argument to 128 KiB, and so a variable of the environment. Longer variables go into a copy of
//! `dbt_project.yml`, in a folder that otherwise links to the project's files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::project::{PROJECT_FILE, Project};
use crate::runner::Vars;

/// Longest text to pass as an argument, in bytes; the limit includes more than the text.
pub(crate) const LONGEST_ARGUMENT: usize = 120_000;

/// Creates the folder in the folder of a call. Its variables override those of the project as the command line's would.
pub(crate) fn project_with(vars: &Vars, project: &Project, folder: &Path) -> io::Result<PathBuf> {
    let copy = folder.join("project");
    fs::create_dir(&copy)?;
    for entry in fs::read_dir(&project.folder)? {
        let entry = entry?;
        if entry.file_name() != PROJECT_FILE {
            link(&fs::canonicalize(entry.path())?, &copy.join(entry.file_name()))?;
        }
    }
    let Value::Object(mut file) = project.settings.clone() else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{PROJECT_FILE} isn't a mapping")));
    };
    let name = file.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let all = file.entry("vars").or_insert_with(|| Map::new().into());
    if !all.is_object() {
        *all = Map::new().into();
    }
    if let Value::Object(all) = all {
        if let Some(Value::Object(of_project)) = all.get_mut(&name) {
            of_project.extend(vars.clone());
        }
        all.extend(vars.clone());
    }
    // JSON is YAML.
    fs::write(copy.join(PROJECT_FILE), Value::Object(file).to_string())?;
    Ok(copy)
}

#[cfg(unix)]
fn link(to: &Path, from: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, from)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_copy_has_the_variables_and_links_to_everything_else() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let project = folder.path().join("shop");
        fs::create_dir_all(project.join("models")).expect("folder");
        fs::write(project.join("models/a.sql"), "select 1").expect("model");
        let text = "name: shop\nvars:\n  a: 1\n  b: 2\n  shop: { a: 3, c: 4 }\nmodels: { +tags: '{{ x }}' }\n";
        fs::write(project.join(PROJECT_FILE), text).expect("project");
        let vars = Vars::from_iter([("a".to_owned(), json!([1, null])), ("new".to_owned(), json!("x"))]);
        let copy = project_with(&vars, &Project::read(&project), folder.path()).expect("copied");
        assert_eq!(fs::read_to_string(copy.join("models/a.sql")).expect("linked"), "select 1");
        let file: Value =
            serde_json::from_str(&fs::read_to_string(copy.join(PROJECT_FILE)).expect("file")).expect("JSON");
        let expected = json!({ "a": [1, null], "b": 2, "new": "x", "shop": { "a": [1, null], "c": 4, "new": "x" } });
        assert_eq!((&file["vars"], &file["models"]["+tags"]), (&expected, &json!("{{ x }}")));
    }

    #[test]
    fn a_project_without_variables_gets_them() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let project = folder.path().join("shop");
        fs::create_dir(&project).expect("folder");
        fs::write(project.join(PROJECT_FILE), "name: shop\nvars:\n").expect("project");
        let vars = Vars::from_iter([("a".to_owned(), json!(1))]);
        let copy = project_with(&vars, &Project::read(&project), folder.path()).expect("copied");
        let file: Value =
            serde_json::from_str(&fs::read_to_string(copy.join(PROJECT_FILE)).expect("file")).expect("JSON");
        assert_eq!(file["vars"], json!({ "a": 1 }));
        fs::write(project.join(PROJECT_FILE), "- a list").expect("project");
        fs::remove_dir_all(copy).expect("removed");
        assert!(project_with(&vars, &Project::read(&project), folder.path()).is_err());
    }
}
