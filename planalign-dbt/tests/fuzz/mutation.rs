//! The projects of the tests, and how a seed damages them.

use std::path::{Component, Path};

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::support::{paths, project_files};

/// Projects, and the words in them.
pub(crate) struct Corpus {
    projects: Vec<Files>,
    words: Vec<Vec<u8>>,
}

/// Paths and contents.
type Files = Vec<(String, Vec<u8>)>;

/// A damaged project, and a selection of it.
pub(crate) struct Mutated {
    files: Files,
    pub(crate) selection: String,
}

/// What opens and closes a level, or what is repeated.
const NESTED: [(&str, &str); 30] = [
    ("(", ")"),
    ("[", "]"),
    ("{", "}"),
    ("{{", "}}"),
    ("{% if true %}", "{% endif %}"),
    ("{% for x in [1] %}", "{% endfor %}"),
    ("{% macro m() %}", "{% endmacro %}"),
    ("{% call caller() %}", "{% endcall %}"),
    ("{{ (", ") }}"),
    ("{{ [", "] }}"),
    ("{{ {'a': ", "} }}"),
    ("{{ f(", ") }}"),
    ("select * from (", ") x"),
    ("- ", ""),
    ("a: {", "}"),
    ("? ", ""),
    ("&a [*a, ", "]"),
    ("not ", ""),
    ("-", ""),
    ("1 + ", ""),
    ("1 < ", ""),
    ("'%s' % ", ""),
    ("a ~ ", ""),
    (".a", ""),
    (" | upper", ""),
    ("[0]", ""),
    ("1 if 1 else ", ""),
    ("x == ", ""),
    ("{#", "#}"),
    ("'", "'"),
];

const NUMBERS: [&str; 9] = [
    "-1",
    "0",
    "99999999999999999999999999999999999999999999",
    "1e999",
    "0x",
    "1e-400",
    "18446744073709551616",
    "1_",
    "00",
];

const NOT_UTF8: [[u8; 2]; 5] = [[0xff, 0xfe], [0xc3, 0x28], [0, 0], [0xed, 0xa0], [0xef, 0xbb]];

impl Corpus {
    pub(crate) fn read() -> Self {
        let folders = ["projects", "fixtures/compile", "fixtures/errors"];
        let texts =
            folders.iter().flat_map(|folder| paths(folder)).filter(|path| path.extension().is_some_and(|e| e == "txt"));
        let project = |path: std::path::PathBuf| {
            let text = std::fs::read_to_string(path).expect("project");
            let files = project_files(&text).1.into_iter();
            let mut files: Files =
                files.map(|(path, content)| (path.to_owned(), content.as_bytes().to_vec())).collect();
            if !files.iter().any(|(path, _)| path == "dbt_project.yml") {
                files.push(("dbt_project.yml".to_owned(), b"name: p\n".to_vec()));
            }
            files
        };
        let projects: Vec<Files> = texts.map(project).collect();
        let mut words: Vec<Vec<u8>> = projects
            .iter()
            .flatten()
            .flat_map(|(_, content)| tokens(content))
            .map(|(start, end, content)| content[start..end].to_vec())
            .collect();
        words.sort();
        words.dedup();
        Self { projects, words }
    }

    /// The project of a seed.
    pub(crate) fn mutated(&self, seed: u64) -> Mutated {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut files = any(&mut rng, &self.projects).clone();
        for _ in 0..rng.random_range(1..=4) {
            self.mutate(&mut files, &mut rng);
        }
        let selection = (0..rng.random_range(1..4)).map(|_| self.selection(&mut rng)).collect::<Vec<_>>().join(" ");
        Mutated { files, selection }
    }

    fn selection(&self, rng: &mut ChaCha8Rng) -> String {
        let word = String::from_utf8_lossy(any(rng, &self.words).as_slice()).into_owned();
        let before =
            any(rng, &["", "+", "@", "path:", "tag:", "fqn:", "source:", "test_name:", "99999999999999999999+"]);
        let after = any(rng, &["", "+", "+1", "*", ",", "+99999999999999999999", "::", "."]);
        format!("{before}{word}{after}")
    }

    fn mutate(&self, files: &mut Files, rng: &mut ChaCha8Rng) {
        let at = rng.random_range(0..files.len());
        let project = any(rng, &self.projects);
        let other = any(rng, project).clone();
        let word = any(rng, &self.words).clone();
        let content = &mut files[at].1;
        let place = rng.random_range(0..=content.len());
        match rng.random_range(0..13) {
            0 => {
                for _ in 0..rng.random_range(1..8) {
                    if !content.is_empty() {
                        let place = rng.random_range(0..content.len());
                        content[place] ^= 1 << rng.random_range(0..8);
                    }
                }
            }
            1 => with_lines(content, |lines| {
                let line = rng.random_range(0..lines.len());
                let copy = lines[line].clone();
                lines.insert(rng.random_range(0..=line), copy);
            }),
            2 => with_lines(content, |lines| _ = lines.remove(rng.random_range(0..lines.len()))),
            3 => with_lines(content, |lines| {
                let others: Vec<&[u8]> = other.1.split(|byte| *byte == b'\n').collect();
                let line = rng.random_range(0..lines.len());
                lines[line] = others[rng.random_range(0..others.len())].to_vec();
            }),
            4 | 5 => {
                let tokens: Vec<(usize, usize)> = tokens(content).map(|(start, end, _)| (start, end)).collect();
                if !tokens.is_empty() {
                    let (start, end) = *any(rng, &tokens);
                    _ = content.splice(start..end, word);
                }
            }
            6 => _ = content.splice(place..place, word),
            7 => {
                let (open, close) = any(rng, &NESTED);
                let depth = *any(rng, &[3, 100, 1_000, 20_000]);
                let close = if rng.random_bool(0.7) { close.repeat(depth) } else { String::new() };
                let text = format!("{}{}{close}", open.repeat(depth), String::from_utf8_lossy(&word));
                _ = content.splice(place..place, text.into_bytes());
            }
            8 => {
                let digits: Vec<usize> = (0..content.len()).filter(|&at| content[at].is_ascii_digit()).collect();
                if !digits.is_empty() {
                    let place = *any(rng, &digits);
                    let number = any(rng, &NUMBERS).bytes();
                    _ = content.splice(place..=place, number);
                }
            }
            9 => {
                let bytes = *any(rng, &NOT_UTF8);
                _ = content.splice(place..place, bytes);
            }
            10 => content.truncate(place),
            11 => *content = (0..rng.random_range(0..200)).map(|_| rng.random()).collect(),
            _ => {
                content.truncate(place);
                content.extend_from_slice(&other.1[rng.random_range(0..=other.1.len())..]);
            }
        }
    }
}

fn any<'a, T>(rng: &mut ChaCha8Rng, items: &'a [T]) -> &'a T {
    &items[rng.random_range(0..items.len())]
}

fn with_lines(content: &mut Vec<u8>, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let mut lines: Vec<Vec<u8>> = content.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    change(&mut lines);
    *content = lines.join(&b'\n');
}

/// Words and single signs, as places in the content.
fn tokens(content: &[u8]) -> impl Iterator<Item = (usize, usize, &[u8])> {
    let is_word = |at: usize| content[at].is_ascii_alphanumeric() || content[at] == b'_';
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < content.len() && content[at].is_ascii_whitespace() {
            at += 1;
        }
        if at >= content.len() {
            return None;
        }
        let start = at;
        at += 1;
        while is_word(start) && at < content.len() && is_word(at) {
            at += 1;
        }
        Some((start, at, content))
    })
}

impl Mutated {
    /// Writes the files below a folder.
    pub(crate) fn write(&self, folder: &Path) {
        for (path, content) in &self.files {
            assert!(Path::new(path).components().all(|part| matches!(part, Component::Normal(_))), "{path}");
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().expect("folder")).expect("folder");
            std::fs::write(path, content).expect("file");
        }
    }
}
