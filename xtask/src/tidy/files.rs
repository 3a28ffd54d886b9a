//! The text files of the repository, as the checks see them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::code;
use crate::workspace::{CommandError, output_of};

/// Text files by their path from the root, with `/` between folders. Files that are not text are left out.
#[derive(Debug, Default)]
pub(crate) struct Files(BTreeMap<String, String>);

impl Files {
    /// Reads the files that git tracks, and the new ones that it does not ignore.
    pub(crate) fn of_workspace(root: &Path) -> Result<Self, CommandError> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
        let listed = output_of(&mut git)?;
        // A file may be gone since git listed it, for example in the middle of a rename.
        let read = |path: &str| fs::read_to_string(root.join(path)).ok().map(|text| (path.to_owned(), text));
        Ok(Self(listed.split_terminator('\0').filter_map(read).collect()))
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect())
    }

    /// All files in order of their paths.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// The Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = RustFile<'_>> {
        self.all()
            .filter(|(path, _)| Path::new(path).extension().is_some_and(|e| e == "rs"))
            .map(|(path, text)| RustFile { path, text })
    }
}

/// A Rust file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RustFile<'a> {
    /// Path from the root.
    pub(crate) path: &'a str,
    /// The whole text.
    pub(crate) text: &'a str,
}

impl RustFile<'_> {
    /// The crate: the folder at the top level.
    pub(crate) fn member(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// Lines of code with their numbers, and whether they are part of tests. Comments and literals are blanked.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let code = code::without_literals(self.text);
        let all: Vec<&str> = code.lines().collect();
        let is_test_file = self.path.ends_with("/tests.rs") || self.path.contains("/tests/");
        let first_test = if is_test_file { 0 } else { first_test_line(&all) };
        all.iter()
            .enumerate()
            .map(|(index, code)| Line { number: index + 1, code: (*code).to_owned(), is_test: index >= first_test })
            .collect()
    }
}

/// One line of code.
#[derive(Debug)]
pub(crate) struct Line {
    /// From 1.
    pub(crate) number: usize,
    /// The line without comments and the content of literals.
    pub(crate) code: String,
    /// Whether only tests are built from it.
    pub(crate) is_test: bool,
}

/// Unit tests close a file: everything from the test module on belongs to them.
fn first_test_line(lines: &[&str]) -> usize {
    let opens_tests = |pair: &[&str]| pair[0].trim() == "#[cfg(test)]" && pair[1].trim_start().starts_with("mod ");
    lines.windows(2).position(opens_tests).unwrap_or(lines.len())
}
