//! One file per project: `-- file: path` starts a file of the project. Projects in `fixtures/compile` are compiled and built,
//! those in `fixtures/errors` must fail; SQL and messages are compared in full. What dbt makes of a project is in `projects`.

mod support;

use std::fmt::Write as _;
use std::path::Path;

use planalign_config::{Diagnostic, full_message};
use planalign_dbt::ModelRunner;
use support::{Fixture, paths, project_files, rows, run, vars};

/// The texts of a fixture: one for each word of its line `-- each NAME: one two`, where the word replaces `NAME`.
fn cases(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("fixture");
    let Some((each, rest)) = text.strip_prefix("-- each ").and_then(|text| text.split_once('\n')) else {
        return vec![text];
    };
    let (name, words) = each.split_once(':').expect("name and words");
    words.split_whitespace().map(|word| rest.replace(name, word)).collect()
}

fn name(path: &Path, folder: &str) -> String {
    format!("{folder}_{}", path.file_stem().expect("name").to_string_lossy())
}

#[test]
fn projects_compile_and_build() {
    for path in &paths("fixtures/compile") {
        let [text] = cases(path).try_into().expect("one case");
        let fixture = Fixture::new(&project_files(&text).1);
        let vars = vars(r#"{"year": 2025, "rate": 0.00001}"#);
        let mut runner = fixture.load_with(&vars).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut out = String::new();
        for name in runner.select("").expect("select all") {
            run(&mut runner, &name, &vars).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let sql = runner.compile(&name, &vars).expect("compile");
            _ = writeln!(out, "== {name}\n{sql}");
            if !sql.is_empty()
                && runner
                    .graph()
                    .get(&name)
                    .is_some_and(|n| n.materialization != planalign_dbt::Materialization::Ephemeral)
            {
                _ = writeln!(out, "-- rows\n{}", rows(&fixture.database, &format!("from {name} order by all")));
            }
        }
        insta::assert_snapshot!(name(path, "compile"), out);
    }
}

#[test]
fn errors_are_explained() {
    for path in &paths("fixtures/errors") {
        let messages = cases(path).iter().map(|text| error(text)).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(name(path, "errors"), messages);
    }
}

/// What goes wrong when everything is built, or what the line `-- select: ` says.
fn error(text: &str) -> String {
    let (head, files) = project_files(text);
    let fixture = Fixture::new(&files);
    let selection = head.lines().find_map(|line| line.strip_prefix("-- select: ")).unwrap_or_default();
    let built = fixture.load().and_then(|mut runner| run(&mut runner, selection, &vars("{}")));
    let error = built.expect_err("must fail");
    let message = [vec![full_message(&error)], error.details()].concat().join("\n");
    message.replace(&fixture.path().display().to_string(), "<project>")
}
