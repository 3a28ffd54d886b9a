//! The project as far as it must be known before dbt is called: its settings, and what it reads from the environment.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use planalign_config::yaml::{Dialect, parse};
use serde_json::Value;

pub(crate) const PROJECT_FILE: &str = "dbt_project.yml";

/// Settings that name folders, and their defaults.
const FOLDERS: [(&str, &str); 6] = [
    ("model-paths", "models"),
    ("macro-paths", "macros"),
    ("seed-paths", "seeds"),
    ("snapshot-paths", "snapshots"),
    ("test-paths", "tests"),
    ("analysis-paths", "analyses"),
];

/// A project's folder and its `dbt_project.yml`, unrendered.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    pub(crate) folder: PathBuf,
    pub(crate) settings: Value,
}

impl Project {
    /// Reads the settings. If that fails, they are null: dbt then says what is wrong.
    pub(crate) fn read(folder: &Path) -> Self {
        let text = read(&folder.join(PROJECT_FILE)).unwrap_or_default();
        Self { folder: folder.to_owned(), settings: parse(&text, Dialect::PyYaml).0.to_json() }
    }

    /// The texts of the project and of the packages installed in it that can call `env_var`.
    pub(crate) fn texts(&self) -> impl Iterator<Item = String> {
        let mut roots = vec![self.settings["packages-install-path"].as_str().unwrap_or("dbt_packages")];
        for (setting, default) in FOLDERS {
            match &self.settings[setting] {
                Value::Array(folders) => roots.extend(folders.iter().filter_map(Value::as_str)),
                _ => roots.push(default),
            }
        }
        let in_root = fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let in_root = in_root.filter(|path| path.is_file());
        texts_below(roots.iter().map(|root| self.folder.join(root)).chain(in_root).collect())
    }
}

/// The SQL and YAML files among these paths and below them, each once. Follows links, because packages from this machine are links
/// to folders.
fn texts_below(mut open: Vec<PathBuf>) -> impl Iterator<Item = String> {
    let (mut seen, mut files) = (BTreeSet::new(), Vec::new());
    while let Some(path) = open.pop() {
        let is_new = fs::canonicalize(&path).is_ok_and(|resolved| seen.insert(resolved));
        if is_new && path.is_dir() {
            open.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else if is_new && path.extension().is_some_and(|end| ["sql", "yml", "yaml"].iter().any(|text| end == *text)) {
            files.push(path);
        }
    }
    files.into_iter().filter_map(|path| read(&path))
}

/// A text, whatever its encoding.
fn read(path: &Path) -> Option<String> {
    Some(String::from_utf8_lossy(&fs::read(path).ok()?).into_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::environment::names_in;
    use super::*;

    /// Writes files, and returns the names that the project then reads.
    fn names(folder: &Path, files: &[(&str, &[u8])]) -> Vec<String> {
        for (name, content) in files {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().expect("a folder")).expect("folder");
            fs::write(file, content).expect("file");
        }
        names_in(Project::read(folder).texts()).into_iter().collect()
    }

    #[test]
    fn every_text_that_dbt_renders_is_read_whatever_its_encoding_and_depth() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let files: [(&str, &[u8]); 9] = [
            (PROJECT_FILE, b"vars: { x: \"{{ env_var('PROJECT') }}\" }"),
            ("models/a.sql", b"{{ env_var('MODEL') }}"),
            ("models/1/2/3/4/5/6/7/8/9/10/deep.sql", b"{{ env_var('DEEP') }}"),
            ("models/latin.sql", b"-- Andr\xe9\n{{ env_var('LATIN') }}"),
            ("snapshots/s.yml", b"x: \"{{ env_var('SNAPSHOT') }}\""),
            ("seeds/s.yaml", b"x: \"{{ env_var('SEED') }}\""),
            ("seeds/s.csv", b"\"{{ env_var('ROWS') }}\""),
            ("target/compiled.sql", b"{{ env_var('TARGET') }}"),
            ("packages.yml", b"x: \"{{ env_var('PACKAGES') }}\""),
        ];
        let expected = ["DEEP", "LATIN", "MODEL", "PACKAGES", "PROJECT", "SEED", "SNAPSHOT"];
        assert_eq!(names(folder.path(), &files), expected);
        let moved: [(&str, &[u8]); 2] =
            [(PROJECT_FILE, b"model-paths: [sql]"), ("sql/b.sql", b"{{ env_var('MOVED') }}")];
        assert_eq!(names(folder.path(), &moved), ["MOVED", "PACKAGES", "SEED", "SNAPSHOT"]);
    }

    #[test]
    fn packages_are_read_where_the_project_installs_them() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let (project, package) = (folder.path().join("shop"), folder.path().join("package"));
        for installed in ["dbt_packages", "elsewhere"] {
            fs::create_dir_all(project.join(installed)).expect("folder");
            symlink(&package, project.join(installed).join("package")).expect("link");
        }
        fs::create_dir_all(package.join("macros")).expect("folder");
        // A circle.
        symlink(&package, package.join("again")).expect("link");
        fs::write(package.join("macros/a.sql"), "{{ env_var('A') }}").expect("macro");
        assert_eq!(names(&project, &[]), ["A"]);
        assert_eq!(Project::read(&project).texts().count(), 1, "each file once");
        fs::remove_dir_all(project.join("dbt_packages")).expect("removed");
        assert!(names(&project, &[]).is_empty());
        assert_eq!(names(&project, &[(PROJECT_FILE, b"packages-install-path: elsewhere")]), ["A"]);
    }
}
