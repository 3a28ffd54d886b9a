//! The repository's text files, as seen by the checks.

mod code;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::workspace::{CommandError, output_of};

/// Attribute of items built only for tests.
const TEST_ITEM: &str = "#[cfg(test)]";

/// Text files by path relative to the root, with `/` as separator. Other files are left out.
#[derive(Debug, Default)]
pub(crate) struct Files(BTreeMap<String, String>);

impl Files {
    /// Reads files tracked by git, and new files that aren't ignored.
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

    /// Returns all files, sorted by path.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Returns the text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Returns the Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = RustFile<'_>> {
        let test_modules = self.test_modules();
        let is_test = move |path: &str| {
            let is_below =
                |module: &String| path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'));
            path.split('/').nth(1) == Some("tests") || test_modules.iter().any(is_below)
        };
        self.rust_texts().map(move |(path, text)| RustFile { path, text, is_test: is_test(path) })
    }

    fn rust_texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all().filter(|(path, _)| Path::new(path).extension().is_some_and(|e| e == "rs"))
    }

    /// Returns the modules declared only for tests, as paths without `.rs`.
    fn test_modules(&self) -> BTreeSet<String> {
        let mut modules = BTreeSet::new();
        for (path, text) in self.rust_texts() {
            let stem = path.trim_end_matches(".rs");
            let is_root = ["lib", "main", "mod"].contains(&stem.rsplit('/').next().unwrap_or_default());
            let folder = if is_root { stem.rsplit_once('/').map_or("", |(folder, _)| folder) } else { stem };
            for pair in text.lines().collect::<Vec<_>>().windows(2).filter(|pair| pair[0].trim() == TEST_ITEM) {
                let name = pair[1].trim().strip_suffix(';').and_then(|item| item.split_once("mod "));
                modules.extend(name.map(|(_, name)| format!("{folder}/{name}")));
            }
        }
        modules
    }
}

/// A Rust file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RustFile<'a> {
    /// Path relative to the root.
    pub(crate) path: &'a str,
    /// The whole text.
    pub(crate) text: &'a str,
    /// Whether it is built only for tests.
    is_test: bool,
}

impl<'a> RustFile<'a> {
    /// Returns the crate: the top-level folder.
    pub(crate) fn member(&self) -> &'a str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// Returns the lines of code, with comments and literals blanked.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let code = code::without_literals(self.text);
        let all: Vec<&str> = code.lines().collect();
        let is_test = if self.is_test { vec![true; all.len()] } else { test_lines(&all) };
        let lines = all.iter().zip(is_test).enumerate();
        lines.map(|(index, (code, is_test))| Line { number: index + 1, code: (*code).to_owned(), is_test }).collect()
    }
}

/// One line of code.
#[derive(Debug)]
pub(crate) struct Line {
    /// Line number, from 1.
    pub(crate) number: usize,
    /// The line without comments and literals.
    pub(crate) code: String,
    /// Whether it is built only for tests.
    pub(crate) is_test: bool,
}

/// Returns which lines belong to test-only items. An item ends at the bracket that rustfmt aligns with its start, or is one line.
fn test_lines(lines: &[&str]) -> Vec<bool> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut inside: Option<usize> = None;
    let mut marks = Vec::with_capacity(lines.len());
    for line in lines {
        if line.trim() == TEST_ITEM {
            inside.get_or_insert(indent(line));
        }
        marks.push(inside.is_some());
        let ends_here = |depth: usize| indent(line) == depth && (line.trim().starts_with('}') || line.ends_with(';'));
        inside = inside.filter(|&depth| !ends_here(depth));
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_for_tests_are_distinguished_from_product_code() {
        let text = "fn a() {}\n#[cfg(test)]\nmod b;\nfn c() {}\nimpl D {\n    #[cfg(test)]\n    fn e() {\n        x();\n    }\n\n    \
                    fn f() {}\n}\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n";
        let files = Files::of(&[("a/src/d.rs", text)]);
        let lines = files.rust().flat_map(|file| file.lines());
        let product: Vec<usize> = lines.filter(|line| !line.is_test).map(|line| line.number).collect();
        assert_eq!(product, [1, 4, 5, 10, 11, 12]);
    }

    #[test]
    fn files_for_tests_are_distinguished_from_product_code() {
        let declared = "#[cfg(test)]\nmod testing;\nmod other;\n";
        let paths = [
            "a/src/testing.rs",
            "a/src/other.rs",
            "a/src/b/testing/more.rs",
            "a/src/b/testings.rs",
            "a/tests/x/main.rs",
        ];
        let mut files: Vec<(&str, &str)> = paths.iter().map(|path| (*path, "fn f() {}\n")).collect();
        files.extend([("a/src/lib.rs", declared), ("a/src/b.rs", declared)]);
        let files = Files::of(&files);
        let tests: Vec<&str> = files.rust().filter(|file| file.is_test).map(|file| file.path).collect();
        assert_eq!(tests, ["a/src/b/testing/more.rs", "a/src/testing.rs", "a/tests/x/main.rs"]);
    }
}
