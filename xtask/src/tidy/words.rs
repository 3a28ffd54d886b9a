//! The words of `docs/WORDS.md`: those that texts must not contain, and those that say nothing in a name.

use super::Violation;
use crate::files::{Files, RustFile};

/// Words that are wrong wherever they stand, and what to write instead.
const BANNED: [(&str, &str); 17] = [
    ("anew", "again, or start over"),
    ("leaver", "termination"),
    ("leavers", "terminations"),
    ("saved point", "checkpoint"),
    ("take up the run", "resume the run"),
    ("takes up the run", "resumes the run"),
    ("taken up", "resumed"),
    ("go on with", "resume, or continue with"),
    ("goes on with", "resumes, or continues with"),
    ("mend", "fix"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("vouch", "record"),
    ("vouches", "records"),
    ("speak up", "report"),
    ("whoever", "users who"),
    ("in vain", "without success"),
];

/// Words that say nothing as part of a name.
const BANNED_PARTS: [&str; 7] = ["told", "again", "between", "said", "anew", "mend", "vouch"];

/// Keywords that a name follows.
const ITEMS: [&str; 8] = ["fn", "struct", "enum", "trait", "mod", "type", "const", "static"];

/// Files that list the words or quote older texts.
const EXEMPT: [&str; 7] = [
    "CHANGELOG.md",
    "docs/NOTES.md",
    "docs/WORDS.md",
    "planalign-registries/src/retry_strategy.rs",
    "planalign-reporting/src/template.rs",
    "xtask/src/tidy/tests.rs",
    "xtask/src/tidy/words.rs",
];

/// Finds banned words in texts, names and comments included.
pub(crate) fn check_texts(files: &Files) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in files.all().filter(|(path, _)| !EXEMPT.contains(path)) {
        for (index, line) in text.lines().enumerate() {
            let line = line.to_lowercase();
            let found = BANNED.iter().filter(|(word, _)| contains_word(&line, word));
            violations.extend(found.map(|(word, say)| Violation::at(path, index + 1, format!("`{word}`: say {say}"))));
        }
    }
    violations
}

/// Finds items with banned words in their names.
pub(crate) fn check_names(files: &Files) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files.rust().filter(|file: &RustFile| !EXEMPT.contains(&file.path)) {
        for line in file.lines() {
            for name in item_names(&line.code) {
                let bad = parts(name).into_iter().find(|part| BANNED_PARTS.contains(&part.as_str()));
                let what = bad.map(|part| format!("`{name}`: `{part}` says nothing"));
                violations.extend(what.map(|what| Violation::at(file.path, line.number, what)));
            }
        }
    }
    violations
}

/// Returns the names of the items that a line of code declares.
fn item_names(code: &str) -> Vec<&str> {
    let words: Vec<&str> = code.split_whitespace().collect();
    let declared = words.windows(2).filter(|pair| ITEMS.contains(&pair[0]) && !ITEMS.contains(&pair[1]));
    declared.map(|pair| pair[1].split(|c| !is_part_of_word(c)).next().unwrap_or_default()).collect()
}

/// Splits a name into lowercase words, whatever its case: `IsTold`, `is_told`, and `IS_TOLD` are `is` and `told`.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut last = '_';
    for c in name.chars() {
        if c == '_' || c.is_uppercase() && !last.is_uppercase() {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| c != '_') {
            part.extend(c.to_lowercase());
        }
        last = c;
    }
    parts
}

/// Returns whether the line contains the word, not as part of a longer word or name.
fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_part_of_word) && !line[at + word.len()..].starts_with(is_part_of_word))
}

fn is_part_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
